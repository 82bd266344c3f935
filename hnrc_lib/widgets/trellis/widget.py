"""The trellis explorer: step through Viterbi, forward, backward and posteriors, and see CTC's gradient."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.trellis import reference
from hnrc_lib.widgets.trellis.lattice import Lattice, ctc_lattice, hmm_lattice, symbol_name
from hnrc_lib.widgets.trellis.readings import greedy_reading, home

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent

RECORD = "trellis"
LONGEST = 12
LABEL = r"(?=.{1,12}$)[A-Z]+( [A-Z]+)*"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
QUANTITY_NAMES = {
    "viterbi": "the best path into each cell (Viterbi)",
    "forward": "all paths into each cell (forward)",
    "backward": "all ways on from each cell (backward)",
    "posterior": "the posterior of each cell",
}
_SYMBOLS = {"viterbi": "log δ", "forward": "log α", "backward": "log β", "posterior": "log γ"}


class TrellisExplorer(StaticWidget):
    """The lattice of a spoken word under CTC, or of a spoken digit under a hidden Markov model, cell by cell.

    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name. A
    frame or row beyond the present lattice is its last.

    Args:
        record: of the experiment ``trellis``; the shipped one when left out.
        mode: ``ctc`` or ``hmm``.
        quantity: ``viterbi``, ``forward``, ``backward`` or ``posterior``.
        label: what CTC aligns: 1 to 12 capital letters and single spaces.
        digit: whose model the hidden Markov model is, 0 to 9.
        frame: t, counted from 1; where the gradient is largest when left out.
        row: state of the chosen cell, counted from 1; the best path's when left out.

    >>> explorer = TrellisExplorer(label="NO", quantity="posterior")
    >>> len(explorer.lattice().names)
    5
    >>> explorer.label = "No"
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: label must be 1 to 12 capital letters and single spaces, got 'No'
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "The network hears NINETEEN as two words. Look at frame 16: it writes a space there, the label has "
        "none, and the gradient is the whole of what the softmax gave to the space. Press Play and watch "
        "the forward sums spread; between the two Es no arc skips the blank, for without it they would be "
        "one. Choose Posterior: nearly all paths pass through few cells, and the gradient is the softmax "
        "minus these shares. Press Optimal, and the label becomes what the network reads: the loss falls "
        "and the gradient halves. Type a wrong word and it grows wherever the network hears another "
        "letter. Then choose HMM: a digit's states pass from left to right, Viterbi keeps one way into "
        "each cell, and clicking cells shows which of the three ways in won and by how much. Take another "
        "digit's model: log P falls, least for zero."
    )

    mode = traits.Choice("ctc", reference.MODES)
    quantity = traits.Choice("forward", reference.PASSES)
    label = traits.Text("NINETEEN", LABEL, "1 to 12 capital letters and single spaces")
    digit = traits.Count(2, 0, 9)
    frame = traits.Count(1, 1, 400)
    row = traits.Count(1, 1, 2 * LONGEST + 1)
    logits = traits.Packed("float32", 2)
    scores = traits.Packed("float32", 3)
    models = traits.Packed("float32", 3)
    ctc_bands = traits.Packed("uint8", 2)
    hmm_bands = traits.Packed("uint8", 2)
    symbols = traits.Text(" ", r"[\s\S]+", "the network's symbols without the blank")
    said = traits.Text("NINETEEN", LABEL, "1 to 12 capital letters and single spaces")
    said_digit = traits.Count(2, 0, 9)
    frame_seconds = traits.Point((0.04, 0.015), ((0.0, 1.0), (0.0, 1.0)))
    caption = traits.Text("", r"[\s\S]*", "a text")

    def __init__(self, record: Record | None = None, **state: Any) -> None:
        shown = load_record(RECORD) if record is None else record
        arrays, scalars = shown.arrays, shown.scalars
        columns = arrays["hmm_initial"][..., None], arrays["hmm_transitions"], arrays["hmm_final"][..., None]
        super().__init__(
            **{
                "logits": arrays["ctc_logits"],
                "scores": arrays["hmm_scores"],
                "models": np.concatenate(columns, axis=2),
                "ctc_bands": _grey(arrays["ctc_bands"]),
                "hmm_bands": _grey(arrays["hmm_bands"]),
                "symbols": scalars["symbols"],
                "said": scalars["ctc_text"],
                "said_digit": scalars["hmm_label"],
                "label": scalars["ctc_text"],
                "digit": scalars["hmm_label"],
                "frame_seconds": (scalars["ctc_frame_seconds"], scalars["hmm_frame_seconds"]),
                "caption": shown.caption(),
                **state,
            }
        )
        frame, row = home(self.gradient(), self.passes().path)
        self.frame, self.row = state.get("frame", frame + 1), state.get("row", row + 1)

    def lattice(self) -> Lattice:
        """The present label's or digit's lattice."""
        if self.mode == "ctc":
            return ctc_lattice(self.numbers("logits"), self.symbols, self.label)
        return hmm_lattice(self.numbers("scores")[self.digit], self.numbers("models")[self.digit])

    def passes(self) -> reference.Passes:
        """Forward, backward, Viterbi and posteriors of the present lattice."""
        return reference.run(self.lattice())

    def gradient(self) -> Float[np.ndarray, "frames outputs"]:
        """∂(−log P): in the logits under CTC, in log b_s(x_t) under the hidden Markov model."""
        lattice = self.lattice()
        passes = reference.run(lattice)
        if self.mode == "hmm":
            return 0 - passes.posterior
        return reference.ctc_gradient(self.numbers("logits"), lattice, passes)

    def digit_log_likelihoods(self) -> Float[np.ndarray, " digits"]:
        """log P of the recorded digit under the model of every digit."""
        pairs = zip(self.numbers("scores"), self.numbers("models"), strict=True)
        return np.array([reference.run(hmm_lattice(*pair)).log_likelihood for pair in pairs])

    def reading(self) -> str:
        """What the network itself reads, or the digit of the likeliest model."""
        if self.mode == "ctc":
            return greedy_reading(self.numbers("logits"), self.symbols)
        return DIGITS[int(self.digit_log_likelihoods().argmax())]

    def cell(self) -> tuple[int, int]:
        """Frame and row of the chosen cell within the lattice, counted from 0."""
        frames, states = self.lattice().scores.shape
        return min(self.frame, frames) - 1, min(self.row, states) - 1

    def alt(self) -> str:
        """The state in words: the lattice, the chosen cell, the loss and the gradient at its frame."""
        lattice, passes, (frame, row) = self.lattice(), self.passes(), self.cell()
        found = reference.arithmetic(lattice, passes, self.quantity, frame, row)
        gradient = self.gradient()
        largest = int(np.abs(gradient[frame]).argmax())
        if self.mode == "ctc":
            subject = f"CTC's trellis of the label {self.label}, which the network reads as {self.reading()}"
            place = "the blank" if largest == 0 else symbol_name(self.symbols[largest - 1])
        else:
            subject = f"Trellis of a spoken {DIGITS[self.said_digit]} under the model of {DIGITS[self.digit]}"
            place = f"state {largest + 1}"
        return (
            f"{subject}: {len(lattice.scores)} frames by {len(lattice.names)} states, showing "
            f"{QUANTITY_NAMES[self.quantity]}. At frame {frame + 1}, state {row + 1} ({lattice.names[row]}), "
            f"{_SYMBOLS[self.quantity]} is {format_number(found.value, 4)}. The log-likelihood is "
            f"{format_number(passes.log_likelihood, 4)}; the gradient of the loss at this frame is largest "
            f"at {place}: {format_number(float(gradient[frame, largest]))}."
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """The trellis and the gradient, as on the page."""
        from hnrc_lib.widgets.trellis.picture import draw

        return draw(self, dark=dark)


def _grey(bands: np.ndarray) -> np.ndarray:
    """Energies as grey levels from their least, 0, to their greatest, 255."""
    low, high = float(bands.min()), float(bands.max())
    return np.round((bands.astype(np.float64) - low) * (255 / max(high - low, 1e-9)))
