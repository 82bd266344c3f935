"""The weight decay explorer: drag the minimum of a loss and λ, and see where each decay takes it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.weight_decay import reference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent
PENALTY_NAMES = {"l1": "L1", "l2": "L2", "decoupled": "decoupled decay"}
_REGIONS = {"diamond": "|θ₁| + |θ₂| ≤ {}", "ball": "‖θ‖ ≤ {}", "ellipse": "√(θᵀHθ) ≤ {}"}


class WeightDecayExplorer(StaticWidget):
    """A quadratic loss in two parameters under L1, L2 and decoupled decay, to be dragged.

    L = ½(θ − θ*)ᵀH(θ − θ*), with curvature 1 across the flat direction and 1/κ along it. The page shows the
    minimum of the decayed loss as λ grows, the region over which the bare loss has the same minimum, the
    steps of each method from θ*, and what becomes of the eigenvalues of the Hessian.
    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name.

    Args:
        penalty: ``l1``, ``l2`` (λθ in the gradient) or ``decoupled`` (−ηλθ beside the step).
        steps: ``gradient`` or ``newton``, whose steps are multiplied by the inverse Hessian.
        optimum: θ* in [−1.5, 1.5]².
        strength: λ in [0, 2.5].
        learning_rate: η in [0.05, 1].
        ratio: κ in [1, 9], the curvature across the flat direction over that along it.
        angle: of the flat direction, in degrees, in [−180, 180].

    >>> explorer = WeightDecayExplorer(penalty="l1", optimum=[1.0, 0.25], ratio=1.0, strength=0.5)
    >>> explorer.minimiser().round(9).tolist()
    [0.5, 0.0]
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Under L1, drag θ* about: the loss meets the diamond at a corner whenever a coordinate is exactly 0. "
        "Press Next zero until both are. Look at the steps: the proximal ones land on 0 and stay, the "
        "subgradient ones jump across it for ever, further the longer η is. Choose L2: the path bends, "
        "hurries along the flat direction and never reaches an axis, while λ is added to both eigenvalues. "
        "Choose Decoupled: beside gradient steps nothing changes, it is L2 by another name. Then choose "
        "Newton’s steps: the path becomes a straight line to 0, because H⁻¹ no longer touches the decay, "
        "and the ball becomes an ellipse of the loss’s own shape. Raise λ and η together "
        "until the steps diverge."
    )

    penalty = traits.Choice(reference.FIRST["penalty"], reference.PENALTIES)
    steps = traits.Choice(reference.FIRST["steps"], reference.STEPS)
    optimum = traits.Point(reference.FIRST["optimum"], reference.OPTIMA)
    strength = traits.Number(reference.FIRST["strength"], 0.0, reference.LARGEST_STRENGTH)
    learning_rate = traits.Number(reference.FIRST["learning_rate"], 0.05, 1.0)
    ratio = traits.Number(reference.FIRST["ratio"], 1.0, reference.LARGEST_RATIO)
    angle = traits.Number(reference.FIRST["angle"], -180.0, 180.0)

    def minimiser(self) -> reference.Vector:
        """Where the decay puts the minimum, shape (2,)."""
        return reference.minimiser(self.state())

    def runs(self) -> dict[str, reference.Run]:
        """The steps shown, by method."""
        state = self.state()
        return {method: reference.run(method, state) for method in reference.methods(state)}

    def alt(self) -> str:
        """The state in words: the loss, where the decay puts its minimum, and what the steps do."""
        state = self.state()
        theta, (kind, radius) = self.minimiser(), reference.constraint(state)
        bare, shifted = (_list(values) for values in reference.eigenvalues(state))
        region = _REGIONS[kind].format(format_number(radius))
        ratio, angle = format_number(self.ratio), format_number(self.angle)
        zeros = [f"θ{'₁₂'[i]}" for i in (0, 1) if theta[i] == 0]
        exact = f"exactly 0: {' and '.join(zeros)}" if zeros else "no coordinate is exactly 0"
        return (
            f"Weight decay on a quadratic loss with its minimum at θ* = ({_list(self.optimum, ', ')}), "
            f"curvature ratio κ = {ratio}, flat direction at {angle}°. "
            f"{PENALTY_NAMES[self.penalty]} with λ = {format_number(self.strength)} leads to "
            f"({_list(theta, ', ')}), the minimum over {region}; {exact}. "
            f"{self._tell_steps()} The eigenvalues {bare} of the Hessian become {shifted}."
        )

    def _tell_steps(self) -> str:
        parts = []
        for method, made in self.runs().items():
            last = _list(made.points[-1], ", ")
            since = [
                f"θ{'₁₂'[i]} is 0 since step {k}" for i, k in enumerate(made.zero_since) if k is not None
            ]
            crossed = sum(made.crossings)
            parts.append(
                f"{method}: ({last})" + "".join(f", {text}" for text in since) + f", {crossed} crossings of 0"
            )
        kind = "Newton’s" if self.steps == "newton" else "gradient"
        rate = format_number(self.learning_rate)
        return f"After {reference.NUM_STEPS} {kind} steps of η = {rate}: {'; '.join(parts)}."

    def figure(self, *, dark: bool = False) -> "Figure":
        """The plane, the minimum against λ and the steps, as on the page."""
        from hnrc_lib.widgets.weight_decay.picture import draw

        return draw(self.state(), dark=dark)


def _list(values: Any, between: str = " and ") -> str:
    return between.join(format_number(float(value)) for value in values)
