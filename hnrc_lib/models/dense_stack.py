"""Dense layers one after another, with or without a way around each of them."""

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from hnrc_lib._shapes import Float
from hnrc_lib.models.activation import check_size, initialize


class DenseStack(nn.Module):
    """Many equal layers, plain or residual; nothing else differs between the two.

        plain     x ← W·relu(LN(x)) + b
        residual  x ← x + W·relu(LN(x)) + b

    A dense layer before the stack brings the features to its width, one after it gives the logits. LN is
    layer normalisation without parameters, before every layer: without it the residual sum would grow
    with depth.

    Args:
        num_features: F, inputs after flattening, ≥ 1.
        depth: layers in the stack, ≥ 1.
        skip: whether each layer is added to its input.
        num_classes: number of outputs, ≥ 1.
        width: units of every layer, ≥ 2.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size out of range; names it.

    >>> model = DenseStack(20, 3, skip=True, width=8, generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(5, 2, 10)).shape, sum(p.numel() for p in model.parameters())
    (torch.Size([5, 10]), 474)

    Source: He, Zhang, Ren and Sun (2016), Identity mappings in deep residual networks, for the order of
    normalisation, activation and weights.
    """

    def __init__(
        self,
        num_features: int,
        depth: int,
        *,
        skip: bool,
        num_classes: int = 10,
        width: int = 32,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_size("num_features", num_features)
        check_size("depth", depth)
        check_size("num_classes", num_classes)
        check_size("width", width, least=2)
        self.skip = skip
        self.first = _dense(num_features, width, generator)
        self.layers = nn.ModuleList(_dense(width, width, generator) for _ in range(depth))
        self.last = _dense(width, num_classes, generator)

    def forward(self, features: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch classes"]:
        """Logits of each class; whatever axes follow the batch's are flattened."""
        x = self.first(features.flatten(1))
        for layer in self.layers:
            added = layer(_activated(x))
            x = x + added if self.skip else added
        return self.last(_activated(x))


def _dense(inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Module:
    # skip_init leaves torch's global random state alone.
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    initialize(layer, "relu", generator)
    return layer


def _activated(x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[1:]).relu()
