"""The damping explorer: choose a surface and a method, drag the start, and see what λ does to the step."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.damping_explorer import reference
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent

SURFACE_NAMES = {
    "quadratic": "a quadratic",
    "saddle": "a saddle between two minima",
    "rosenbrock": "Rosenbrock's valley",
}
METHOD_NAMES = {
    "gradient_descent": "gradient descent",
    "newton": "Newton's method",
    "damped_newton": "damped Newton",
    "rank_one": "HNRC with a rank-one curvature",
    "levenberg_marquardt": "Levenberg–Marquardt",
}
OUTCOMES = {
    "ran": "{step} steps taken, not converged.",
    "converged": "Converged at step {step}.",
    "saddle": "Stopped at the saddle point, not a minimum, at step {step}.",
    "diverged": "Diverged at step {step}.",
    "singular": "H + λI is singular at step {step}: there is no step.",
    "undamped": "The rank-one inverse needs λ > 0.",
    "rank_one_indefinite": "λI + H₁ is not positive definite at step {step}: the inverse is refused.",
}


class DampingExplorer(StaticWidget):
    """θ ← θ − α(H + λI)⁻¹∇f, to be dragged: the path, the eigenvalues moved by λ, the step, the loss.

    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name.

    Args:
        surface: ``quadratic``, ``saddle`` or ``rosenbrock``.
        method: ``gradient_descent``, ``newton`` (λ = 0), ``damped_newton``, ``rank_one`` (HNRC: the inverse
            of λI + H₁ with H₁ = uuᵀ/gᵀu, u = Hg, the curvature along the gradient) or
            ``levenberg_marquardt`` (λ × 4 below a gain ratio of ¼, ÷ 4 above ¾;
            a step that does not descend is refused).
        condition_number: κ in [1, 100], ratio of the quadratic's eigenvalues.
        damping: λ in [0, 1000]; the first λ of Levenberg–Marquardt.
        learning_rate: α in [0.0001, 2]; Levenberg–Marquardt takes the whole step.
        steps: at most this many, in [1, 200].
        start: θ₀ in [−2.2, 2.2] × [−1.2, 3.2].
        current: the step whose spectrum is shown, at most the last.

    >>> explorer = DampingExplorer(damping=0.3)
    >>> explorer.damping = -1
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: damping must be a finite number in [0, 1000], got -1
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Raise λ on the quadratic: both eigenvalues move by the same amount, the steep direction hardly "
        "notices, the flat one all but stops, and the path bends from Newton's straight line towards the "
        "gradient. Choose the saddle with Newton's method: it walks to the saddle point; with damped Newton "
        "and λ > 2 the hatched region vanishes and the same start reaches a minimum. On the quadratic with "
        "HNRC, rank one, lower λ below 0.2: the step grows like 1/λ and the path diverges, because this "
        "inverse has no Newton limit. On Rosenbrock's valley let Levenberg–Marquardt choose λ, and walk "
        "through the steps to see where it raises it."
    )

    surface = traits.Choice("quadratic", reference.SURFACES)
    method = traits.Choice("damped_newton", reference.METHODS)
    condition_number = traits.Number(20.0, 1.0, 100.0)
    damping = traits.Number(4.0, 0.0, 1000.0)
    learning_rate = traits.Number(1.0, 0.0001, 2.0)
    steps = traits.Count(20, 1, 200)
    start = traits.Point((-1.7, 2.1), reference.WINDOW)
    current = traits.Count(0, 0, 200)

    def run(self) -> reference.Run:
        """The descent that the page draws."""
        return reference.descend(self.state())

    def alt(self) -> str:
        """The state in words: the setting, how the descent ends, and the spectrum at the step shown."""
        run = self.run()
        k = min(self.current, len(run.points) - 1)
        here = reference.evaluate(self.surface, run.points[k], self.condition_number)
        flat, steep = _eigenvalues(here.hessian)
        damping = float(run.dampings[k])
        definite = "positive definite" if flat + damping > 0 else "not positive definite"
        distance = reference.distance_to_minimum(self.surface, run.points[-1])
        return (
            f"Damping explorer: {self._setting()}. The loss goes from {format_number(run.losses[0])} to "
            f"{format_number(run.losses[-1])}, at distance {format_number(distance)} from the minimum. "
            f"{OUTCOMES[run.outcome].format(step=run.step)} At step {k} the eigenvalues of H are "
            f"{format_number(steep)} and {format_number(flat)}; λ = {format_number(damping)} moves them to "
            f"{format_number(steep + damping)} and {format_number(flat + damping)}: H + λI is {definite}."
        )

    def _setting(self) -> str:
        surface = SURFACE_NAMES[self.surface]
        if self.surface == "quadratic":
            surface += f" with condition number {format_number(self.condition_number)}"
        numbers = []
        if self.method not in ("gradient_descent", "newton"):
            numbers.append(f"λ = {format_number(self.damping)}")
        if self.method != "levenberg_marquardt":
            numbers.append(f"α = {format_number(self.learning_rate)}")
        start = ", ".join(format_number(x) for x in self.start)
        return f"{METHOD_NAMES[self.method]} with {' and '.join(numbers)} on {surface} from θ₀ = ({start})"

    def figure(self, *, dark: bool = False) -> "Figure":
        """The four views of the present state, as on the page."""
        from hnrc_lib.widgets.damping_explorer.picture import draw

        return draw(self.state(), dark=dark)


def _eigenvalues(hessian: Any) -> tuple[float, float]:
    import numpy as np

    low, high = np.linalg.eigvalsh(hessian)
    return float(low), float(high)
