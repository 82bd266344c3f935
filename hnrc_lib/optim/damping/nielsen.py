"""Damping as a smooth function of the gain ratio."""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import ClassVar

from hnrc_lib.optim.damping.rule import DampingRule, check_bounds, within
from hnrc_lib.optim.step_info import StepInfo

GROWTH = "nielsen_growth"


@dataclass(frozen=True)
class Nielsen(DampingRule):
    """λ falls by up to γ as the gain ratio goes to 1, and rises ever faster while steps fail.

        ρ > 0: λ ← λ max(1/γ, 1 − (β − 1)(2ρ − 1)³),  ν ← β
        else:  λ ← λ ν,  ν ← 2ν

    Unlike a rule of thresholds it does not jump at ¼ and ¾: at ρ = ½ it leaves λ alone, at ρ = 0 both
    branches meet at β. ν lives in ``memory``; without one it is β at every call, so that failures in a row
    raise λ by β each instead of β, 2β, 4β, … A ratio that is not a finite number counts as a failure.

    Args:
        start: λ of the first step.
        growth: β > 1.
        shrink: γ > 1.
        minimum: λ never falls below, > 0.
        maximum: λ never rises above.

    Raises:
        ValueError: an argument is out of range.

    >>> infos = [StepInfo(2.0, predicted_reduction=1.0, actual_reduction=rho) for rho in (-1.0, 0.5, 1.0)]
    >>> [Nielsen(1.0).update(1.0, info, 1) for info in infos]
    [2.0, 1.0, 0.3333333333333333]

    Hans Bruun Nielsen, Damping parameter in Marquardt's method (1999), equation 2.5.
    """

    needs_gain: ClassVar[bool] = True

    start: float | int
    growth: float | int = 2.0
    shrink: float | int = 3.0
    minimum: float | int = 1e-10
    maximum: float | int = 1e10

    def __post_init__(self) -> None:
        check_bounds(self.start, self.minimum, self.maximum)
        for name, value in (("growth", self.growth), ("shrink", self.shrink)):
            if not (value > 1 and math.isfinite(value)):
                raise ValueError(f"{name} must be finite and above 1, got {value}")

    def initial(self) -> float:
        return float(self.start)

    def update(
        self,
        damping: float | int,
        info: StepInfo,
        step: int,
        memory: MutableMapping[str, float] | None = None,
    ) -> float:
        memory = {} if memory is None else memory
        gain = info.gain_ratio
        if math.isfinite(gain) and gain > 0:
            memory[GROWTH] = float(self.growth)
            # Above 1 the cubic only goes further below the floor; cut first, so that no power overflows.
            factor = max(1 / self.shrink, 1 - (self.growth - 1) * (2 * min(gain, 1.0) - 1) ** 3)
        else:
            factor = memory.get(GROWTH, float(self.growth))
            # ν needs to go no further than from one bound to the other.
            memory[GROWTH] = min(2 * factor, self.maximum / self.minimum)
        return within(damping * factor, self.minimum, self.maximum)
