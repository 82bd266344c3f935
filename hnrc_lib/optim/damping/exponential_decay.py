"""Damping that falls, or rises, by the same factor at every step until it has reached its end."""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass

from hnrc_lib.optim.damping.rule import DampingRule
from hnrc_lib.optim.step_info import StepInfo


@dataclass(frozen=True)
class ExponentialDecay(DampingRule):
    """λ as a geometric sequence of the step count.

        λ_k = λ₀ (λ_K/λ₀)^(k/K) for k < K, λ_K from then on

    Args:
        start: λ₀ > 0.
        end: λ_K > 0; above λ₀ it is growth.
        num_steps: K ≥ 1.

    Raises:
        ValueError: an argument is out of range.

    >>> rule = ExponentialDecay(1.0, 0.01, 500)
    >>> rule.initial(), round(rule.update(1.0, StepInfo(1.0), 250), 9), rule.update(1.0, StepInfo(1.0), 999)
    (1.0, 0.1, 0.01)
    """

    start: float | int
    end: float | int
    num_steps: int

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be positive and finite, got {value}")
        if self.num_steps < 1:
            raise ValueError(f"num_steps must be at least 1, got {self.num_steps}")

    def initial(self) -> float:
        return float(self.start)

    def update(
        self,
        damping: float | int,
        info: StepInfo,
        step: int,
        memory: MutableMapping[str, float] | None = None,
    ) -> float:
        if step >= self.num_steps:
            return float(self.end)
        return float(self.start * (self.end / self.start) ** (step / self.num_steps))
