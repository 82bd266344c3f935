"""Convolutional network of the second source document (32-64-64-64-10), on spectrograms."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib._shapes import Float
from hnrc_lib.models.activation import activation_function, check_size, initialize, linear_layers

_KERNEL = 3
_POOL = 2


class CNN(nn.Module):
    """Convolutions over time and frequency, then two dense layers.

    (N, T, F) → [conv 3×3 → φ → max-pool 2×2]… → conv 3×3 → φ → flatten → dense → φ → dense → (N, classes)

    No padding; a pool follows every convolution but the last. Logits come out, the softmax belongs to the
    loss. With ``activation="tanh"`` only the pools keep the loss from being smooth.

    Args:
        num_features: F, features per frame; static features and their deltas stand side by side.
        num_frames: T, frames per utterance.
        num_classes: number of outputs, ≥ 1.
        channels: channels of each convolution.
        hidden: units of the hidden dense layer, ≥ 1.
        activation: φ, ``"relu"``, ``"tanh"``, ``"gelu"`` or ``"softplus"``.
        num_groups: equal groups that F splits into, each an input channel of the image: 1 for static
            features, 2 with deltas, 3 with delta-deltas.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer, F is no multiple of ``num_groups``, or the image is too
            small for the convolutions and pools.

    >>> model = CNN(28, 28, generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(5, 28, 28)).shape, sum(p.numel() for p in model.parameters())
    (torch.Size([5, 10]), 93322)

    Source: LeCun and others (1998) for the family; the sizes are those of the program the book examines.
    """

    def __init__(
        self,
        num_features: int,
        num_frames: int,
        num_classes: int = 10,
        channels: tuple[int, ...] = (32, 64, 64),
        hidden: int = 64,
        activation: str = "relu",
        num_groups: int = 1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation_function(activation)
        for name, size in (
            ("num_features", num_features),
            ("num_frames", num_frames),
            ("num_classes", num_classes),
            ("hidden", hidden),
            ("num_groups", num_groups),
        ):
            check_size(name, size)
        if not channels:
            raise ValueError(f"channels must name at least one convolution, got {channels!r}")
        for size in channels:
            check_size("channels", size)
        if num_features % num_groups:
            raise ValueError(
                f"num_features must be a multiple of num_groups ({num_groups}), got {num_features}"
            )
        height = _output_size("num_frames", num_frames, len(channels))
        width = _output_size("num_features / num_groups", num_features // num_groups, len(channels))
        self.num_features, self.num_frames, self.num_groups = num_features, num_frames, num_groups
        self.convolutions = nn.ModuleList()
        for inputs, outputs in zip((num_groups, *channels), channels, strict=False):
            layer = nn.utils.skip_init(nn.Conv2d, inputs, outputs, _KERNEL)
            initialize(layer, activation, generator)
            self.convolutions.append(layer)
        self.dense = linear_layers(
            (channels[-1] * height * width, hidden, num_classes), activation, generator
        )

    def forward(self, features: Float[Tensor, "batch frames features"]) -> Float[Tensor, "batch classes"]:
        """Logits of each class.

        Args:
            features: shape (N, T, F).

        Raises:
            ValueError: T or F is not the model's.
        """
        if features.shape[1:] != (self.num_frames, self.num_features):
            expected = f"(N, {self.num_frames}, {self.num_features})"
            raise ValueError(f"features must have shape {expected}, got {tuple(features.shape)}")
        images = features.unflatten(2, (self.num_groups, -1)).movedim(2, 1)
        for index, layer in enumerate(self.convolutions):
            if index:
                images = functional.max_pool2d(images, _POOL)
            images = self.activation(layer(images))
        first, last = self.dense
        return last(self.activation(first(images.flatten(1))))


def _output_size(name: str, size: int, num_convolutions: int) -> int:
    least = _KERNEL
    for _ in range(num_convolutions - 1):
        least = least * _POOL + _KERNEL - 1
    if size < least:
        raise ValueError(f"{name} must be at least {least} for {num_convolutions} convolutions, got {size}")
    for _ in range(num_convolutions - 1):
        size = (size - _KERNEL + 1) // _POOL
    return size - _KERNEL + 1
