"""A loss whose network, batch and criterion can be seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class SupervisedLoss:
    """θ ↦ criterion(model_θ(inputs)), a loss as every operator takes it, with its parts in view.

    ``hessian_trace`` looks at the network; ``GGNLinearOperator(loss.outputs, loss.criterion, params)`` is the
    Gauss–Newton matrix of the same loss.

    Args:
        model: maps a batch to outputs, examples along dimension 0.
        inputs: the batch.
        criterion: L(outputs), a scalar, as in ``lambda outputs: cross_entropy(outputs, targets)``.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> loss = SupervisedLoss(model, torch.tensor([[2.0]]), lambda y: y.pow(2).sum())
    >>> loss({"weight": torch.tensor([[3.0]])})
    tensor(36.)
    """

    model: nn.Module
    inputs: Tensor
    criterion: Callable[[Tensor], Tensor]

    def outputs(self, params: Mapping[str, Tensor]) -> Tensor:
        """The network's outputs on the batch."""
        return torch.func.functional_call(self.model, dict(params), (self.inputs,))

    def __call__(self, params: Mapping[str, Tensor]) -> Tensor:
        """The loss on the batch."""
        return self.criterion(self.outputs(params))

    def parts(self) -> tuple[nn.Module, Tensor, Callable[[Tensor], Tensor]]:
        """Model, inputs, criterion."""
        return self.model, self.inputs, self.criterion
