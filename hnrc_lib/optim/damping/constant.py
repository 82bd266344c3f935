"""The same damping at every step."""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass

from hnrc_lib.optim.damping.rule import DampingRule
from hnrc_lib.optim.step_info import StepInfo


@dataclass(frozen=True)
class ConstantDamping(DampingRule):
    """λ, whatever happens.

    Where something else changes λ in the optimiser's group, such as a scheduler, the change stays.

    Args:
        damping: λ ≥ 0.

    Raises:
        ValueError: λ is negative or not finite.

    >>> rule = ConstantDamping(0.1)
    >>> rule.initial(), rule.update(0.1, StepInfo(1.0), 1)
    (0.1, 0.1)
    """

    damping: float | int

    def __post_init__(self) -> None:
        if not (self.damping >= 0 and math.isfinite(self.damping)):
            raise ValueError(f"damping must be finite and at least 0, got {self.damping}")

    def initial(self) -> float:
        return float(self.damping)

    def update(
        self,
        damping: float | int,
        info: StepInfo,
        step: int,
        memory: MutableMapping[str, float] | None = None,
    ) -> float:
        return float(damping)
