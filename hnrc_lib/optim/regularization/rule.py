"""What a regularisation rule is: a term of the gradient, or a change after the step."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Regularization(ABC):
    """A rule and its strength.

    Attributes:
        strength: λ ≥ 0.
    """

    strength: float

    def __post_init__(self) -> None:
        check_strength(self.strength)


class GradientTerm(Regularization):
    """A rule that adds to the gradient of each parameter."""

    @abstractmethod
    def gradient(self, parameter: Tensor) -> Tensor:
        """What is added to the gradient at θ.

        Args:
            parameter: θ, of any shape.
        """


class StepTerm(Regularization):
    """A rule that changes each parameter after the optimiser's step."""

    @abstractmethod
    def after_step(self, parameter: Tensor, before: Tensor, learning_rate: float) -> Tensor:
        """The parameter that takes the place of what the step left.

        Args:
            parameter: θ after the step.
            before: θ before it.
            learning_rate: η ≥ 0, of the parameter's group at this step.
        """


def check_strength(strength: float) -> None:
    """Refuse what is no strength.

    Raises:
        ValueError: it is negative or not finite.
    """
    if not 0 <= strength < math.inf:
        raise ValueError(f"strength must be finite and at least 0, got {strength}")
