"""How the radius of a trust region follows from how well the model predicted."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class RadiusRule:
    """Shrink the region after a bad prediction, grow it after a good one that it held back.

        ρ < ¼: Δ ← ¼ Δ;   ρ > ¾ and ‖s‖ = Δ: Δ ← min(2Δ, Δ_max);   the step is taken if ρ > η

    Args:
        maximum: Δ_max > 0.
        acceptance: η in [0, ¼).

    Raises:
        ValueError: an argument is out of range.

    >>> rule = RadiusRule()
    >>> rule.update(1.0, 0.1, on_boundary=True), rule.update(1.0, 0.9, on_boundary=True)
    (0.25, 2.0)

    Jorge Nocedal and Stephen J. Wright, Numerical optimization (2006), algorithm 4.1.
    """

    maximum: float | int = 1000.0
    acceptance: float | int = 0.15

    def __post_init__(self) -> None:
        if not (self.maximum > 0 and math.isfinite(self.maximum)):
            raise ValueError(f"maximum must be positive and finite, got {self.maximum}")
        if not 0 <= self.acceptance < 0.25:
            raise ValueError(f"acceptance must lie in [0, 0.25), got {self.acceptance}")

    def update(self, radius: float | int, gain: float | int, *, on_boundary: bool) -> float:
        """Δ of the next step.

        Args:
            radius: Δ of this step.
            gain: ρ, actual over predicted reduction; NaN counts as bad.
            on_boundary: whether the step was as long as the radius.
        """
        if not gain >= 0.25:
            return radius / 4
        if gain > 0.75 and on_boundary:
            return min(2.0 * radius, float(self.maximum))
        return float(radius)

    def accepts(self, gain: float | int) -> bool:
        """Whether the step is taken.

        Args:
            gain: ρ; NaN is refused.
        """
        return gain > self.acceptance
