"""The gradient through time: set ρ, length and cell, and see how far back a gradient is carried."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.gradient_time import reference
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.packed import pack_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent
CELL_NAMES = {"linear": "a linear cell", "tanh": "a tanh cell", "lstm": "an LSTM"}


class GradientThroughTime(StaticWidget):
    """‖∂h_τ/∂s_t‖ of an untrained recurrent cell that is fed with noise, for every pair of steps.

    s is h, and (h, c) in an LSTM; the norm is Frobenius' over √n, the gain of a gradient root mean square
    over its directions. Every trait is synchronised with the page; a value out of bounds raises
    ``TraitError`` with its name. ``recurrent`` and ``inputs`` follow from ``seed``, and may be set after it.

    Args:
        cell: ``linear``, ``tanh`` or ``lstm``.
        radius: ρ in [0.3, 2], the spectral radius of every recurrent matrix.
        length: T in [2, 80] steps.
        forget_bias: b in [−2, 6], of the LSTM's forget gate.
        threshold: c in [0.01, 1000], where the norm of the gradient is clipped.
        seed: of the weights and the noise, 0 … 9999.

    >>> GradientThroughTime(cell="linear", radius=1.3, length=60).inspect().lost
    (29, 'explodes')
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Begin with the linear cell and move ρ through 1: on either side the gain is a straight line of "
        "slope log ρ, and only near ρ = 1 does a gradient get over the whole length; Balance finds that ρ. "
        "With tanh, ρ above 1 no longer explodes: the slopes 1 − h² lie under 1, and the noise keeps them "
        "there. Take the LSTM and raise the forget bias from −1 to 4: the triangle turns from blue to blank, "
        "because the cell state goes back through the forget gate alone. Then lower c. Where the gradient "
        "explodes, the clip moves the whole curve down until its norm is c; where it vanishes, the clip can "
        "only move it further down, and the share of the last ten steps stays what it was. Drag the corner "
        "of the triangle to make the sequence longer."
    )

    cell = traits.Choice(reference.FIRST["cell"], reference.CELLS)
    radius = traits.Number(reference.FIRST["radius"], *reference.RADII)
    length = traits.Count(reference.FIRST["length"], 2, reference.LARGEST_LENGTH)
    forget_bias = traits.Number(reference.FIRST["forget_bias"], *reference.FORGET_BIASES)
    threshold = traits.Number(reference.FIRST["threshold"], *reference.THRESHOLDS)
    seed = traits.Count(reference.FIRST["seed"], 0, 9999)
    recurrent = traits.Packed("float32", 3)
    inputs = traits.Packed("float32", 3)

    @traitlets.default("recurrent")
    def _first_weights(self) -> dict[str, Any]:
        return pack_array(reference.cell_arrays(self.seed)["recurrent"])

    @traitlets.default("inputs")
    def _first_inputs(self) -> dict[str, Any]:
        return pack_array(reference.cell_arrays(self.seed)["inputs"])

    @traitlets.observe("seed")
    def _draw_again(self, change: Any) -> None:
        arrays = reference.cell_arrays(change["new"])
        with self.hold_sync():
            self.recurrent, self.inputs = arrays["recurrent"], arrays["inputs"]

    def inspect(self) -> reference.Inspection:
        """What the page shows: every gain, the geometric lines, and what the clip does."""
        return reference.inspect(self.state())

    def alt(self) -> str:
        """The state in words: the cell, how far it carries a gradient, and what the clip does to it."""
        shown = self.inspect()
        gate = f", forget bias {format_number(self.forget_bias)}" if self.cell == "lstm" else ""
        fate = "its gain stays between 10⁻³ and 10³"
        if shown.lost is not None:
            back, how = shown.lost
            fate = f"it {how}, {back} steps back"
        bound = ""
        if shown.bound is not None:
            bound = f" and the bound ‖ρW‖ʲ with ‖ρW‖ = {format_number(shown.bound)}"
        start, norm = format_number(float(shown.gains[-1, 0])), format_number(shown.norm)
        return (
            f"Heat map of the gradient through time in {CELL_NAMES[self.cell]}, untrained and fed with "
            f"noise (seed {self.seed}), spectral radius ρ = {format_number(self.radius)}{gate}. From step "
            f"T = {self.length} a gradient arrives at step 0 times {start}; {fate}. Beside it the geometric "
            f"line rʲ with r = {format_number(shown.rate)}{bound}. The gradient of all states has the norm "
            f"{norm}; a clip at c = {format_number(self.threshold)} multiplies it by "
            f"{format_number(shown.scale)}, and its last ten steps hold "
            f"{format_number(100 * shown.recent)} % of its square, clipped or not."
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """The heat map and its last row, as on the page."""
        from hnrc_lib.widgets.gradient_time.picture import draw

        return draw(self.state(), dark=dark)
