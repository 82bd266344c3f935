"""Say a digit: the book's small recogniser on the reader's own voice, with three sets of weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import traitlets

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import WIDGETS, StaticWidget
from hnrc_lib.widgets.clips import Clip, HasClips, shipped_clips
from hnrc_lib.widgets.packed import pack_array
from hnrc_lib.widgets.say_digit import reference
from hnrc_lib.widgets.say_digit.words import tell_state

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hnrc_lib.experiments.record import Record

_FOLDER = Path(__file__).resolve().parent
_CLIPS = ("en-gene/7_0", "en-andrea/6_0", "en-michael/3_3")  # all five would make the page too heavy
_FIXED = {"clips", "networks", "card"}
# What the page's front end computes of hnrc_lib.audio.FrontEnd.
_FRONT_END = {"sample_rate": 8000, "delta_order": 1, "variance": False}


class SayADigit(HasClips, StaticWidget):
    """A network of at most 25 000 parameters hears the reader say a digit, in the page alone.

    Three sets of its weights, trained with a clipped gradient, by damped HNRC, and with neither, hear the
    same part of the same sound, which is one of ``clips``, a recording or a file of the reader's own; their
    own sound stays in the page, and Python never hears of it. The traits that move are synchronised with the
    page both ways; a value out of bounds raises ``TraitError`` with its name.

    Args:
        clips: the sounds to choose from, 8 kHz; three of the shipped synthetic digits when left out.
        record: of the experiment ``digit_weights``, whose weights are run; the shipped one when None.
        clip: the name of the one shown.
        weights: ``clipped``, ``damped`` or ``unclipped``: the set that answers.
        part: start and end of what is heard, as shares of the sound.
        snr: level of the white noise that is added, in decibels below the voice, in [0, 60].

    Raises:
        ValueError: a record whose front end the page does not compute.

    >>> recogniser = SayADigit(weights="damped")
    >>> sorted(recogniser.probabilities())
    ['clipped', 'damped', 'unclipped']
    >>> recogniser.snr = -1
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: snr must be a finite number in [0, 60], got -1
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (WIDGETS / "shared" / "sound" / "sound.css", _FOLDER / "widget.css")
    what_to_try: ClassVar[str] = (
        "Press Record and say a digit in English: the three networks answer at once, and your voice never "
        "leaves this page. Pull the right edge of “seven” to the left until its second half is gone: two "
        "takes over, and all three are sure of it. Choose “six” and add noise: at 20 dB the clipped weights "
        "change their mind, and at 10 dB all three are surer than without noise; half of their training "
        "had noise in it. Then look at the table, of a speaker that none of them ever heard. All three "
        "were trained for as long and at one rate; the clipped one got least far: a clip of 1 shortened "
        "every one of its steps. And eight bits cost nothing that 500 recordings could show."
    )

    networks = traitlets.Dict(read_only=True).tag(sync=True)
    card = traitlets.Dict(read_only=True).tag(sync=True)
    weights = traits.Choice("clipped", reference.SETS)
    part = traits.Point([0, 1], [(0, 1), (0, 1)])
    snr = traits.Number(60, *reference.SNR_BOUNDS)

    def __init__(
        self, clips: Sequence[Clip] | None = None, record: "Record | None" = None, **kwargs: Any
    ) -> None:
        from hnrc_lib.experiments.record import load_record

        shown = record or load_record("digit_weights")
        self._weights = {name: _weights_of(shown, name) for name in reference.SETS}
        packed = {
            name: {key: pack_array(value, str(value.dtype)) for key, value in weights.items()}
            for name, weights in self._weights.items()
        }
        self.set_trait("networks", packed)
        self.set_trait("card", _card_of(shown))
        super().__init__(shipped_clips(_CLIPS) if clips is None else clips, **kwargs)

    def state(self) -> dict[str, Any]:
        """The traits that move, by name."""
        return {name: value for name, value in super().state().items() if name not in _FIXED}

    def image(self) -> np.ndarray:
        """What the network sees of the clip chosen, shape (frames, 2·bands)."""
        heard = reference.heard_part(self.chosen().samples, self.state())
        return reference.features(heard, self.card["front_end"])

    def probabilities(self) -> dict[str, np.ndarray]:
        """Of the ten digits, by each set of weights."""
        image = self.image()
        return {
            name: reference.softmax(reference.logits(image, weights))
            for name, weights in self._weights.items()
        }

    def alt(self) -> str:
        """The state in words: what is heard of which sound, and what each set of weights makes of it."""
        found = self.probabilities()
        verdicts = {name: (int(p.argmax()), float(p.max())) for name, p in found.items()}
        clip = self.chosen()
        return f"Say a digit. {tell_state(clip.title, len(clip.samples), self.state(), verdicts)}"

    def figure(self, *, dark: bool = False) -> "Figure":
        """The sound, what the network sees of it, and the bars of the ten digits, as on the page."""
        from hnrc_lib.widgets.say_digit.picture import draw

        samples = self.chosen().samples
        return draw(samples, self.state(), self.image(), self.probabilities(), self.card, dark=dark)


def _weights_of(record: "Record", name: str) -> dict[str, np.ndarray]:
    prefix = f"{name}/weights/"
    return {key.removeprefix(prefix): v for key, v in record.arrays.items() if key.startswith(prefix)}


def _card_of(record: "Record") -> dict[str, Any]:
    """What the page says of the weights, and the front end before them."""
    front_end = dict(record.provenance.config["recipe"]["front_end"])
    _check_front_end(front_end)
    measured = ("accuracy", "accuracy_int8")
    return {
        "record": record.name,
        "corpus": record.provenance.corpus,
        "model": record.provenance.model,
        "scale": record.provenance.scale,
        "held_out": record.scalars["held_out"],
        "front_end": front_end,
        "sets": {name: {key: record.scalars[f"{name}/{key}"] for key in measured} for name in reference.SETS},
    }


def _check_front_end(settings: Mapping[str, Any]) -> None:
    wrong = {name: settings[name] for name, value in _FRONT_END.items() if settings[name] != value}
    absent = [name for name in ("num_frames", "dynamic_range_db", "trim_db") if settings[name] is None]
    if wrong or absent:
        expected = f"{_FRONT_END} with num_frames, dynamic_range_db and trim_db"
        raise ValueError(f"record must have a front end of {expected}, got {wrong} and no {absent}")
