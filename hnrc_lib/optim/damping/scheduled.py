"""Damping as any function of the step count."""

import math
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field

from hnrc_lib.optim.damping.rule import DampingRule
from hnrc_lib.optim.step_info import StepInfo


@dataclass(frozen=True)
class ScheduledDamping(DampingRule):
    """λ_k = f(k) for step k = 0, 1, 2, …

    What goes into a record or a checkpoint is the name, never the function: code is not read back from a
    file. Two schedules are equal where their names are.

    Args:
        name: what the schedule is called, not empty.
        schedule: f, from the step count to λ ≥ 0.

    Raises:
        ValueError: the name is empty, or, when λ is asked for, f gave a number that is none.

    >>> rule = ScheduledDamping("1/(1+k)", lambda k: 1 / (1 + k))
    >>> rule.initial(), rule.update(1.0, StepInfo(1.0), 3)
    (1.0, 0.25)
    """

    name: str
    schedule: Callable[[int], float | int] = field(compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name must not be empty, got ''")

    def initial(self) -> float:
        return self._at(0)

    def update(
        self,
        damping: float | int,
        info: StepInfo,
        step: int,
        memory: MutableMapping[str, float] | None = None,
    ) -> float:
        return self._at(step)

    def _at(self, step: int) -> float:
        damping = float(self.schedule(step))
        if not (damping >= 0 and math.isfinite(damping)):
            raise ValueError(
                f"schedule {self.name!r} must give a finite damping of at least 0, "
                f"got {damping} at step {step}"
            )
        return damping
