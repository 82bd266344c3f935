"""Small networks with a loss, as closures of optimisers, and their matrices by a slow and obvious path."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib.sequence import ctc_gauss_newton_product, ctc_loss_from_logits

F64 = torch.float64


class Case(NamedTuple):
    """A model, its outputs and losses of examples as functions of nothing, and what is wanted of them."""

    model: nn.Module
    outputs: Callable[[], Tensor]
    loss: Callable[[Tensor], Tensor]
    losses: Callable[[Tensor], Tensor]
    output_matrix: Callable[[Tensor], Tensor]  # H_out of flat outputs, dense
    product: Callable[[Tensor, Tensor], Tensor] | None

    @property
    def parameters(self) -> list[Tensor]:
        return list(self.model.parameters())

    def closure(self, matrix: str) -> Callable[[], object]:
        def returned() -> object:
            z = self.outputs()
            if matrix == "hessian":
                return self.loss(z)
            if matrix == "fisher":
                losses = self.losses(z)
                return losses.mean(), losses
            if self.product is None:
                return self.loss(z), z
            return self.loss(z), z, lambda u: self.product(z.detach(), u)

        return returned


class _Recurrent(nn.Module):
    def __init__(self, features: int, classes: int, *, last: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, 2)
        self.head = nn.Linear(2, classes)
        self.last = last

    def forward(self, x: Tensor) -> Tensor:  # (T, N, F)
        hidden = self.lstm(x)[0]
        return self.head(hidden[-1] if self.last else hidden)


def case(name: str, dtype: torch.dtype = F64, *, examples: slice = slice(None)) -> Case:
    """``"mlp"``, ``"cnn"``, ``"lstm"`` with cross-entropy, ``"ctc"`` an LSTM with CTC."""
    generator = torch.Generator().manual_seed(7)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=F64).to(dtype)

    if name == "ctc":
        model, x = _Recurrent(2, 3, last=False), draw(5, 4, 2)[:, examples]
        lengths, sizes = torch.tensor([5, 4, 5, 5])[examples], torch.tensor([2, 1, 1, 2])[examples]
        targets = torch.tensor([[1, 2], [2, 0], [1, 0], [2, 1]])[examples]
        arguments = (targets, lengths, sizes)
        found = Case(
            model,
            lambda: model(x),
            lambda z: ctc_loss_from_logits(z, *arguments),
            lambda z: ctc_loss_from_logits(z, *arguments, reduction="none") / sizes,
            lambda z: _by_columns(z, lambda u: ctc_gauss_newton_product(z, u, *arguments)),
            lambda z, u: ctc_gauss_newton_product(z, u, *arguments),
        )
    else:
        labels = torch.tensor([0, 2, 1, 1, 2, 0])[examples]
        if name == "mlp":
            model, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)), draw(6, 3)[examples]
        elif name == "cnn":
            model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 3))
            x = draw(6, 1, 4, 4)[examples]
        else:
            model, x = _Recurrent(2, 3, last=True), draw(4, 6, 2)[:, examples]
        found = Case(
            model,
            lambda: model(x),
            lambda z: functional.cross_entropy(z, labels),
            lambda z: functional.cross_entropy(z, labels, reduction="none"),
            lambda z: torch.autograd.functional.hessian(
                lambda flat: functional.cross_entropy(flat.view_as(z), labels), z.reshape(-1)
            ),
            None,
        )
    model.to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(draw(*parameter.shape) / 2)
    return found


def _by_columns(z: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
    units = torch.eye(z.numel(), dtype=z.dtype)
    return torch.stack([product(unit.view_as(z)).reshape(-1) for unit in units], dim=1)


def flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([t.detach().reshape(-1) for t in tensors])


def gradient(found: Case) -> Tensor:
    return flat(list(torch.autograd.grad(found.loss(found.outputs()), found.parameters)))


def dense(found: Case, matrix: str) -> Tensor:
    """The matrix from rows of a Jacobian taken one output at a time."""
    if matrix == "hessian":
        first = torch.autograd.grad(found.loss(found.outputs()), found.parameters, create_graph=True)
        return _rows(torch.cat([part.reshape(-1) for part in first]), found.parameters)
    if matrix == "fisher":
        rows = _rows(found.losses(found.outputs()), found.parameters)
        return rows.mT @ rows / len(rows)
    z = found.outputs()
    jacobian = _rows(z.reshape(-1), found.parameters)
    return jacobian.mT @ found.output_matrix(z.detach()) @ jacobian


def _rows(values: Tensor, parameters: list[Tensor]) -> Tensor:
    return torch.stack(
        [
            flat(list(torch.autograd.grad(v, parameters, retain_graph=True, materialize_grads=True)))
            for v in values
        ]
    )


def quadratic(matrix: Tensor, start: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
    """½xᵀHx, as a parameter and a closure."""
    x = start.clone().requires_grad_()
    return x, lambda: x @ (matrix @ x) / 2
