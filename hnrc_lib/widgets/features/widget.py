"""The features explorer: from a sound to its cepstral coefficients, each stage to be seen and heard."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import WIDGETS, StaticWidget
from hnrc_lib.widgets.clips import HasClips
from hnrc_lib.widgets.features import reference
from hnrc_lib.widgets.features.words import tell_state

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent


class FeaturesExplorer(HasClips, StaticWidget):
    """Waveform → frame → power spectrum → mel → log mel → MFCC of a sound, every stage audible.

    The reader drags the frame along the sound, which is one of ``clips``, a recording or a file of their
    own; their own sound stays in the page, and Python never hears of it. Every trait but ``clips`` is
    synchronised with the page both ways; a value out of bounds raises ``TraitError`` with its name.

    Args:
        clips: the sounds to choose from, 8 kHz; five of the shipped synthetic digits when left out.
        clip: the name of the one shown.
        frame: index of the 25 ms frame, one every 10 ms, in [0, 500]; past the end it is the last.
        emphasis: ``"off"``, or ``"on"`` for pre-emphasis by 0.97 before the frames are cut.
        n_mels: mel bands M in [13, 40].
        n_mfcc: cepstral coefficients kept, in [1, 13].

    >>> explorer = FeaturesExplorer(n_mfcc=1)
    >>> explorer.clip, explorer.inspect().coefficients.shape
    ('en-gene/7_0', (1,))
    >>> explorer.n_mels = 12
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: n_mels must be an integer in [13, 40], got 12
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (WIDGETS / "shared" / "sound" / "sound.css", _FOLDER / "widget.css")
    what_to_try: ClassVar[str] = (
        "Drag the frame through the sound: a vowel stands on a few broad hills, a pause falls to the floor. "
        "Listen to the spectrum: its phases are new, and the pitch of the voice is still there. Listen to "
        "the mel bands: each is one sine now, the voice is gone, and the word is still there. That is what "
        "a recogniser hears. Lower the coefficients kept to 4, then to 1, and listen again: the orange line "
        "through the log bands loses its hills, then all shape, and the word turns to a hum that only rises "
        "and falls. Turn pre-emphasis on: the log bands tip up towards the right, and the sound turns thin. "
        "Then record the same word yourself, and compare; your voice never leaves this page."
    )

    frame = traits.Count(15, 0, reference.GREATEST_FRAME)
    emphasis = traits.Choice("off", ("off", "on"))
    n_mels = traits.Count(24, *reference.BANDS)
    n_mfcc = traits.Count(13, 1, reference.MOST_KEPT)

    def state(self) -> dict[str, Any]:
        """The traits that move, by name."""
        return {name: value for name, value in super().state().items() if name != "clips"}

    def inspect(self) -> reference.Stages:
        """Every stage of the frame chosen, of the clip chosen."""
        return reference.inspect(self.chosen().samples, self.state())

    def alt(self) -> str:
        """The state in words: the frame, where its spectrum is strongest, and what its coefficients keep."""
        return f"From waveform to MFCC. {tell_state(self.inspect(), self.state(), self.chosen().title)}"

    def figure(self, *, dark: bool = False) -> "Figure":
        """The sound over time, and the stages of the frame, as on the page."""
        from hnrc_lib.widgets.features.picture import draw

        clip = self.chosen()
        return draw(clip.samples, self.state(), clip.title, dark=dark)
