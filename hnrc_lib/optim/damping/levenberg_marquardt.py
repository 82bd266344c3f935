"""Damping by the gain ratio: up where the model promised too much, down where it kept its word."""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import ClassVar

from hnrc_lib.optim.damping.rule import DampingRule, check_bounds, within
from hnrc_lib.optim.step_info import StepInfo


@dataclass(frozen=True)
class LevenbergMarquardt(DampingRule):
    """λ goes by a factor, as the quadratic model predicts badly or well.

        ρ < ¼: λ ← ω λ,   ρ > ¾: λ ← λ/ω,   ρ the actual over the predicted reduction

    A ratio that is not a finite number raises λ. Marquardt took ω = 10 and asked only whether the loss
    fell; the thresholds and ω = 3/2 are Martens'.

    Args:
        start: λ of the first step.
        factor: ω > 1.
        lower: below this ratio λ rises.
        upper: above this ratio λ falls, ≥ ``lower``.
        minimum: λ never falls below, > 0.
        maximum: λ never rises above.

    Raises:
        ValueError: an argument is out of range.

    >>> rule = LevenbergMarquardt(1.0)
    >>> rule.update(1.0, StepInfo(2.0, predicted_reduction=1.0, actual_reduction=0.1), 1)
    1.5

    Donald W. Marquardt, An algorithm for least-squares estimation of nonlinear parameters (1963); James
    Martens, Deep learning via Hessian-free optimization (2010), section 4.1.
    """

    needs_gain: ClassVar[bool] = True

    start: float | int
    factor: float | int = 1.5
    lower: float | int = 0.25
    upper: float | int = 0.75
    minimum: float | int = 1e-10
    maximum: float | int = 1e10

    def __post_init__(self) -> None:
        check_bounds(self.start, self.minimum, self.maximum)
        if not (self.factor > 1 and math.isfinite(self.factor)):
            raise ValueError(f"factor must be finite and above 1, got {self.factor}")
        if not self.lower <= self.upper:
            raise ValueError(f"lower must be at most upper, got {self.lower} and {self.upper}")

    def initial(self) -> float:
        return float(self.start)

    def update(
        self,
        damping: float | int,
        info: StepInfo,
        step: int,
        memory: MutableMapping[str, float] | None = None,
    ) -> float:
        gain = info.gain_ratio
        if not math.isfinite(gain) or gain < self.lower:
            return within(damping * self.factor, self.minimum, self.maximum)
        if gain > self.upper:
            return within(damping / self.factor, self.minimum, self.maximum)
        return within(damping, self.minimum, self.maximum)
