"""The Taylor model explorer: drag the point and the radius, and see how far the models can be trusted."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.taylor_model import reference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent

FUNCTION_NAMES = {
    "well": "a smooth well with a flat shoulder",
    "saddle": "a quartic that is flat at x = −1, where it has no minimum",
    "cliff": "a gentle floor that runs into a wall",
    "kink": "a function with a ReLU's kink at x = 0",
}
VERDICTS = {
    "shrink": "the radius rule shrinks the radius to {next}",
    "keep": "the radius rule keeps the radius",
    "grow": "the radius rule grows the radius to {next}",
    "settled": "the model promises nothing: there is no step",
}


class TaylorModelExplorer(StaticWidget):
    """f(x + Δ) ≈ f + gΔ + ½hΔ², to be dragged: both models, the step inside the radius, the gain ratio.

    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name.

    Args:
        function: ``well``, ``saddle``, ``cliff`` or ``kink``.
        point: x in [−3, 3], where the models are expanded.
        radius: r in [0.01, 3]; the step is the second-order model's minimiser over |s| ≤ r.

    >>> explorer = TaylorModelExplorer(function="cliff", point=-1, radius=0.5)
    >>> explorer.inspect().verdict
    'grow'
    >>> explorer.radius = 0
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: radius must be a finite number in [0.01, 3], got 0
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "On the well, the model promises far more than the function gives: press Optimal, and the radius "
        "shrinks to where trust ends, a gain ratio of ¼. Drag the point left, to the shoulder: the parabola "
        "turns upside down, the step always ends at the border, and λ > −h is what keeps it finite. On the "
        "saddle press Take the step a few times: every gain ratio is good and every step smaller, yet the "
        "point creeps to x = −1, which is no minimum. On the cliff grow the radius until the step meets the "
        "wall that no derivative at x has seen. On the kink drag the point to x = 0: both errors rise with "
        "slope 1, and however small you make the radius, the gain ratio stays bad, and there is no Optimal."
    )

    function = traits.Choice("well", reference.FUNCTIONS)
    point = traits.Number(0.2, *reference.WINDOW)
    radius = traits.Number(1.5, reference.LEAST_RADIUS, reference.GREATEST_RADIUS)

    def inspect(self) -> reference.Inspection:
        """What the page shows: the step, its λ, the gain ratio and what the radius rule does."""
        return reference.inspect(self.state())

    def alt(self) -> str:
        """The state in words: the setting, the step and its gain ratio, and the slopes of the errors."""
        shown = self.inspect()
        slopes = reference.error_slopes(self.function, self.point)
        first, second = (format_number(float(slope)) for slope in slopes)
        verdict = VERDICTS[shown.verdict].format(next=format_number(shown.next))
        ratio = "" if shown.ratio is None else f"gain ratio {format_number(shown.ratio)}, and "
        return (
            f"Taylor models of {FUNCTION_NAMES[self.function]} at x = {format_number(self.point)} with trust "
            f"radius {format_number(self.radius)}. The second-order model steps by "
            f"{format_number(shown.step)}, the step of damping λ = {format_number(shown.damping)}; predicted "
            f"fall {format_number(shown.predicted)}, actual {format_number(shown.actual)}; {ratio}{verdict}. "
            "Near the point the errors of both models rise on log–log axes "
            f"with slopes {first} and {second}."
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """The function with its models, and their errors, as on the page."""
        from hnrc_lib.widgets.taylor_model.picture import draw

        return draw(self.state(), dark=dark)
