"""Models and batches that the tables share; random weights and data from seed 0, float32."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

_CLASSES = 10


@dataclass(frozen=True)
class Problem:
    """A stock model, its criterion, and one batch.

    Attributes:
        title: model and batch in words.
        model: in training mode.
        criterion: (outputs, targets) to a scalar; it has ``reduction = "mean"``, which peers ask for.
        inputs, targets: the batch.
    """

    title: str
    model: nn.Module
    criterion: nn.Module
    inputs: Tensor
    targets: Tensor

    @property
    def parameters(self) -> list[Tensor]:
        """The model's own parameters."""
        return list(self.model.parameters())

    @property
    def params(self) -> dict[str, Tensor]:
        """Detached, by name."""
        return {name: value.detach() for name, value in self.model.named_parameters()}

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(value.numel() for value in self.parameters)

    def loss(self, params: dict[str, Tensor]) -> Tensor:
        """The loss as a function of the parameters."""
        return self.criterion(functional_call(self.model, params, (self.inputs,)), self.targets)

    def gradient(self, *, record: bool = False) -> tuple[Tensor, ...]:
        """The stock gradient: what a training step computes."""
        loss = self.criterion(self.model(self.inputs), self.targets)
        return torch.autograd.grad(loss, self.parameters, create_graph=record)

    def split(self, vector: Tensor) -> list[Tensor]:
        """A flat vector in the shapes of the parameters."""
        sizes = [value.numel() for value in self.parameters]
        return [part.view_as(p) for part, p in zip(vector.split(sizes), self.parameters, strict=True)]

    def named(self, vector: Tensor) -> dict[str, Tensor]:
        """A flat vector by name of parameter."""
        return dict(zip(self.params, self.split(vector), strict=True))


def flat(parts: "list[Tensor] | tuple[Tensor, ...]") -> Tensor:
    """Tensors as one detached vector."""
    return torch.cat([part.detach().reshape(-1) for part in parts])


def relative_error(value: Tensor, exact: Tensor) -> float:
    """‖value − exact‖ / ‖exact‖ in float64.

    >>> relative_error(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0])).__round__(3)
    1.118
    """
    return float((value.detach().double() - exact).norm() / exact.norm())


class Pooled(nn.Module):
    """A recurrent layer, its outputs averaged over time, and a linear map to the classes."""

    def __init__(self, layer: nn.Module, hidden: int = 64, classes: int = _CLASSES) -> None:
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(hidden, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.layer(inputs)[0].mean(1))


class Encoder(nn.Module):
    """A transformer layer, its outputs averaged over time, and a linear map to the classes."""

    def __init__(self, width: int = 40, heads: int = 4, inner: int = 64, classes: int = _CLASSES) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(width, heads, inner, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.layer(inputs).mean(1))


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers with tanh between."""
    layers: list[nn.Module] = []
    for number, (width, following) in enumerate(itertools.pairwise(widths)):
        layers += [nn.Tanh()] if number else []
        layers.append(nn.Linear(width, following))
    return nn.Sequential(*layers)


def cnn() -> nn.Sequential:
    """Three convolutions and two dense layers: 32-64-64-64-10."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, _CLASSES),
    )  # fmt: skip


_MAKERS: dict[str, tuple[str, Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": ("MLP 40-128-32-10, tanh, batch 256", lambda: mlp(40, 128, 32, _CLASSES), (256, 40)),
    "small mlp": ("MLP 40-32-16-10, tanh, batch 256", lambda: mlp(40, 32, 16, _CLASSES), (256, 40)),
    "cnn": ("CNN 32-64-64-64-10, ReLU, batch 64 of 28 × 28", cnn, (64, 1, 28, 28)),
    "rnn": (
        "nn.RNN, 60 × 40, H = 64, batch 32",
        lambda: Pooled(nn.RNN(40, 64, batch_first=True)),
        (32, 60, 40),
    ),
    "lstm": (
        "nn.LSTM, 60 × 40, H = 64, batch 32",
        lambda: Pooled(nn.LSTM(40, 64, batch_first=True)),
        (32, 60, 40),
    ),
    "transformer": ("nn.TransformerEncoderLayer, 60 × 40, 4 heads, batch 32", Encoder, (32, 60, 40)),
}


def problem(name: str) -> Problem:
    """A fresh problem.

    Args:
        name: ``mlp``, ``small mlp``, ``cnn``, ``rnn``, ``lstm`` or ``transformer``.

    >>> problem("mlp").size
    9706
    """
    title, make, shape = _MAKERS[name]
    torch.manual_seed(0)
    model = make()
    inputs, targets = torch.randn(shape), torch.randint(0, _CLASSES, (shape[0],))
    return Problem(title, model, nn.CrossEntropyLoss(), inputs, targets)
