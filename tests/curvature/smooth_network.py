"""A small smooth network, and its Hessian by a path that shares nothing with the library."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Problem(NamedTuple):
    loss: Callable[[dict[str, Tensor]], Tensor]
    params: dict[str, Tensor]


def smooth_problem() -> Problem:
    """Softmax cross-entropy of a tanh network, float64, 39 parameters."""
    generator = torch.Generator().manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    params = {
        name: torch.randn(value.shape, generator=generator, dtype=torch.float64)
        for name, value in model.named_parameters()
    }
    inputs = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 2, (7,), generator=generator)

    def loss(values: dict[str, Tensor]) -> Tensor:
        return nn.functional.cross_entropy(torch.func.functional_call(model, values, inputs), targets)

    return Problem(loss, params)


def entry_by_entry(loss: Callable[[dict[str, Tensor]], Tensor], params: dict[str, Tensor]) -> Tensor:
    """H[i, j] as the derivative of one gradient entry by one parameter, in two plain loops."""
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    gradients = torch.autograd.grad(loss(leaves), list(leaves.values()), create_graph=True)
    rows = []
    for gradient in gradients:
        for entry in gradient.reshape(-1):
            parts = torch.autograd.grad(
                entry, list(leaves.values()), retain_graph=True, materialize_grads=True, allow_unused=True
            )
            rows.append(torch.cat([part.reshape(-1) for part in parts]))
    return torch.stack(rows)
