"""Short sounds that a widget carries in its state, for readers without a microphone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets

from hnrc_lib._shapes import Float
from hnrc_lib.paths import shipped
from hnrc_lib.widgets.packed import pack_array, unpack_array

RATE = 8000
LONGEST_SECONDS = 5
_FULL_SCALE = 32768
# Of the shipped digits' test voices.
_SHIPPED = {
    "en-gene/7_0": "“seven”, a man",
    "en-annie/7_0": "“seven”, a woman",
    "en-andrea/6_0": "“six”, a woman",
    "en-michael/3_3": "“three” in a noisy room",
    "cmn-annie/7_0": "“七” (Mandarin seven)",
}


@dataclass(frozen=True, eq=False)
class Clip:
    """A sound with a name.

    Attributes:
        name: by which the widget's trait ``clip`` chooses it.
        title: what the reader sees.
        samples: x, shape (T,), full scale ±1, at 8 kHz; stored in 16 bits.

    Raises:
        ValueError: no samples, more than five seconds of them, or some beyond full scale.

    >>> Clip("click", "a click", np.array([0.0, 0.5])).packed()["samples"]["shape"]
    [2]
    """

    name: str
    title: str
    samples: Float[np.ndarray, "time"]

    def __post_init__(self) -> None:
        size, longest = self.samples.shape, LONGEST_SECONDS * RATE
        if len(size) != 1 or not 0 < size[0] <= longest:
            raise ValueError(f"samples must have shape (T,) with T in 1 … {longest}, got {size}")
        if not np.abs(self.samples).max() <= 1:
            raise ValueError(f"samples must lie within ±1, got {np.abs(self.samples).max():g}")

    def packed(self) -> dict[str, Any]:
        """The clip as JSON holds it."""
        rounded = np.clip(np.round(self.samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        return {"name": self.name, "title": self.title, "samples": pack_array(rounded, "int16")}


def unpack_clip(packed: Mapping[str, Any]) -> Clip:
    """The clip that was packed, its samples as they were stored."""
    samples = unpack_array(packed["samples"]) / _FULL_SCALE
    return Clip(packed["name"], packed["title"], samples)


def shipped_clips(names: Sequence[str] = tuple(_SHIPPED)) -> tuple[Clip, ...]:
    """Some of five shipped synthetic digits, of the corpus's test voices.

    Args:
        names: of the clips, in the order wanted.

    >>> [clip.title for clip in shipped_clips(["en-andrea/6_0"])]
    ['“six”, a woman']
    """
    from hnrc_lib.audio import load_audio

    clips = []
    for name in names:
        title = _SHIPPED[name]
        waveform = load_audio(shipped("digits", "audio", f"{name}.flac"))
        clips.append(Clip(name, title, waveform.samples.double().numpy()))
    return tuple(clips)


class HasClips(traitlets.HasTraits):
    """Traits of a widget that shows one of its clips: ``clips``, fixed when it is made, and ``clip``, a name.

    Args:
        clips: the sounds to choose from; five shipped digits when left out.
        traits: of the widget.
    """

    clips = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    clip = traitlets.Unicode().tag(sync=True)

    def __init__(self, clips: Sequence[Clip] | None = None, **kwargs: Any) -> None:
        given = shipped_clips() if clips is None else tuple(clips)
        if not given or len({clip.name for clip in given}) < len(given):
            names = [clip.name for clip in given]
            raise ValueError(f"clips must be at least one, each of its own name, got {names}")
        self._by_name = {clip.name: clip for clip in given}
        self.set_trait("clips", [clip.packed() for clip in given])
        super().__init__(**({"clip": given[0].name} | kwargs))

    @traitlets.validate("clip")
    def _known(self, proposal: Any) -> str:
        if proposal["value"] not in self._by_name:
            known = ", ".join(self._by_name)
            raise traitlets.TraitError(f"clip must be one of {known}, got {proposal['value']!r}")
        return proposal["value"]

    def chosen(self) -> Clip:
        """The clip that is shown, with the samples that the page has."""
        return unpack_clip(self._by_name[self.clip].packed())
