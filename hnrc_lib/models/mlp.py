"""Multilayer perceptron on pooled spectrograms: small enough for its Hessian to be written out."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib._shapes import Float
from hnrc_lib.models.activation import activation_function, check_size, linear_layers


class MLP(nn.Module):
    """Dense layers with an activation between them.

    (N, F) → dense → φ → … → dense → (N, classes)

    With a smooth φ the loss is a smooth function of the parameters, and its Hessian symmetric.

    Args:
        num_features: F, inputs, ≥ 1.
        num_classes: number of outputs, ≥ 1.
        hidden: units of each hidden layer; ``()`` for a linear classifier.
        activation: φ, ``"tanh"``, ``"gelu"``, ``"softplus"`` or ``"relu"``.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer, or no such activation.

    >>> model = MLP(40, hidden=(14,), generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(5, 40)).shape, sum(p.numel() for p in model.parameters())
    (torch.Size([5, 10]), 724)
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int = 10,
        hidden: tuple[int, ...] = (16,),
        activation: str = "tanh",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation_function(activation)
        check_size("num_features", num_features)
        check_size("num_classes", num_classes)
        for size in hidden:
            check_size("hidden", size)
        self.dense = linear_layers((num_features, *hidden, num_classes), activation, generator)

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """Logits of each class, from features of shape (N, F)."""
        for layer in list(self.dense)[:-1]:
            features = self.activation(layer(features))
        return self.dense[-1](features)


def pool_spectrogram(
    features: Float[Tensor, "batch frames bands"], num_frames: int, num_bands: int
) -> Float[Tensor, "batch pooled"]:
    """Average a spectrogram over a coarse grid of time and frequency, and flatten it.

    z[i·num_bands + j] = mean of features over the i-th stretch of time and the j-th stretch of frequency

    Args:
        features: shape (N, T, F).
        num_frames: stretches of time, 1 … T.
        num_bands: stretches of frequency, 1 … F.

    Returns:
        Shape (N, num_frames·num_bands): what ``MLP`` takes.

    Raises:
        ValueError: a grid finer than the spectrogram.

    >>> pool_spectrogram(torch.arange(8.0).reshape(1, 4, 2), 2, 1)
    tensor([[1.5000, 5.5000]])
    """
    for name, size, available in (
        ("num_frames", num_frames, features.shape[1]),
        ("num_bands", num_bands, features.shape[2]),
    ):
        check_size(name, size)
        if size > available:
            raise ValueError(f"{name} must be at most {available}, the size of features, got {size}")
    return functional.adaptive_avg_pool2d(features, (num_frames, num_bands)).flatten(1)
