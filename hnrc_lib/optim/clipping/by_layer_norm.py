"""Clipping by the norm of each tensor by itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from hnrc_lib.optim.clipping.norms import tensor_norms
from hnrc_lib.optim.clipping.rule import ClippingRule, check_positive, known_norm


def clip_by_layer_norm(
    parts: Sequence[Tensor], threshold: float, *, norm: float | None = None
) -> list[Tensor]:
    """Shorten each tensor to the threshold where it is longer; the direction of the whole changes.

        g_l ← g_l·min(1, c/‖g_l‖)

    Args:
        parts: g_l; one tensor is one layer's weights or its bias.
        threshold: c > 0.
        norm: ‖g‖ of the whole, where it is known.

    Returns:
        Clipped tensors; all as they came where an entry of any is not finite.

    >>> import torch
    >>> clip_by_layer_norm([torch.tensor([3.0, 4.0]), torch.tensor([0.5])], 1.0)
    [tensor([0.6000, 0.8000]), tensor([0.5000])]
    """
    check_positive("threshold", threshold)
    if not math.isfinite(known_norm(parts, norm)):
        return list(parts)
    norms = zip(parts, tensor_norms(parts), strict=True)
    return [part * (threshold / length) if length > threshold else part for part, length in norms]


@dataclass(frozen=True)
class ClipByLayerNorm(ClippingRule):
    """Rule of ``clip_by_layer_norm``; its fraction counts tensors.

    Attributes:
        threshold: c > 0.

    >>> import torch
    >>> gradient = [torch.tensor([3.0, 4.0]), torch.tensor([0.5])]
    >>> ClipByLayerNorm(1.0)(gradient, [torch.zeros(2), torch.zeros(1)]).fraction
    0.5
    """

    threshold: float

    def __post_init__(self) -> None:
        check_positive("threshold", self.threshold)

    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """See ``clip_by_layer_norm``."""
        return clip_by_layer_norm(parts, self.threshold, norm=norm)
