"""What every rule for the damping λ offers an optimiser."""

import math
from abc import ABC, abstractmethod
from collections.abc import MutableMapping
from typing import ClassVar

from hnrc_lib.optim.step_info import StepInfo


class DampingRule(ABC):
    """How λ goes from step to step.

    A rule is an unchanging value: λ itself lives in the optimiser's group, and so does what a rule has to
    remember besides (``memory``), as plain floats that a ``state_dict`` can hold.

    Attributes:
        needs_gain: whether ``update`` reads ``info.gain_ratio``, for which the loss after the step must be
            evaluated on the batch of the step.
    """

    needs_gain: ClassVar[bool] = False

    @abstractmethod
    def initial(self) -> float:
        """λ of the first step."""

    @abstractmethod
    def update(
        self,
        damping: float | int,
        info: StepInfo,
        step: int,
        memory: MutableMapping[str, float] | None = None,
    ) -> float:
        """λ of the next step.

        Args:
            damping: λ of the step just taken or refused.
            info: what that step did.
            step: number of steps so far, that one included, so that the answer is for step number ``step``
                counted from 0.
            memory: plain floats that a rule may keep from call to call; changed in place. Without it a rule
                remembers nothing.
        """


def within(value: float | int, minimum: float | int, maximum: float | int) -> float:
    """The value, or the bound that it exceeds.

    >>> within(3, 0.5, 2)
    2.0
    """
    return float(min(max(value, minimum), maximum))


def check_bounds(start: float | int, minimum: float | int, maximum: float | int) -> None:
    """Refuse bounds between which λ could not move, or a start outside of them.

    Raises:
        ValueError: not 0 < minimum ≤ start ≤ maximum < ∞. A λ of 0 could never be raised by a factor.
    """
    if not (0 < minimum <= maximum and math.isfinite(maximum)):
        raise ValueError(
            f"minimum and maximum must satisfy 0 < minimum ≤ maximum < ∞, got {minimum} and {maximum}"
        )
    if not minimum <= start <= maximum:
        raise ValueError(f"start must lie in minimum to maximum, {minimum} to {maximum}, got {start}")
