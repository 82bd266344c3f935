"""Decoupled weight decay: the weights shrink beside the step, not through the gradient."""

from dataclasses import dataclass

from torch import Tensor

from hnrc_lib.optim.regularization.rule import StepTerm


def decoupled_decay(parameter: Tensor, before: Tensor, learning_rate: float, weight_decay: float) -> Tensor:
    """Take ηλθ from the parameters.

        θ_{t+1} ← θ_t + s_t − ηλθ_t

    Args:
        parameter: θ_t + s_t, after the optimiser's step.
        before: θ_t.
        learning_rate: η ≥ 0.
        weight_decay: λ ≥ 0.

    Returns:
        θ_{t+1}.

    >>> import torch
    >>> decoupled_decay(torch.tensor([3.0]), torch.tensor([4.0]), learning_rate=0.5, weight_decay=0.25)
    tensor([2.5000])

    Ilya Loshchilov and Frank Hutter, Decoupled weight decay regularization (2019).
    """
    return parameter - learning_rate * weight_decay * before


@dataclass(frozen=True)
class DecoupledDecay(StepTerm):
    """Rule of ``decoupled_decay``, with the learning rate that the group has at the step.

    Attributes:
        strength: λ ≥ 0.
    """

    def after_step(self, parameter: Tensor, before: Tensor, learning_rate: float) -> Tensor:
        """See ``decoupled_decay``."""
        return decoupled_decay(parameter, before, learning_rate, self.strength)
