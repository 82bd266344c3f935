"""Clipping by the norm of the whole: the direction stays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from hnrc_lib.optim.clipping.rule import ClippingRule, check_positive, known_norm, rescaled


def clip_by_global_norm(
    parts: Sequence[Tensor], threshold: float, *, norm: float | None = None
) -> list[Tensor]:
    """Shorten g to the threshold where it is longer.

        g ← g·min(1, c/‖g‖), ‖g‖ over all tensors

    torch's ``clip_grad_norm_`` divides by ‖g‖ + 10⁻⁶ and so ends just below c.

    Args:
        parts: g, in any number of tensors.
        threshold: c > 0.
        norm: ‖g‖, where it is known.

    Returns:
        Clipped tensors; all as they came where the norm is at most c or not finite.

    >>> import torch
    >>> clip_by_global_norm([torch.tensor([3.0]), torch.tensor([4.0])], 1.0)
    [tensor([0.6000]), tensor([0.8000])]

    Razvan Pascanu, Tomas Mikolov and Yoshua Bengio, On the difficulty of training recurrent neural
    networks (2013).
    """
    check_positive("threshold", threshold)
    norm = known_norm(parts, norm)
    if not math.isfinite(norm) or norm <= threshold:
        return list(parts)
    return rescaled(parts, threshold / norm)


@dataclass(frozen=True)
class ClipByGlobalNorm(ClippingRule):
    """Rule of ``clip_by_global_norm``; its fraction is 1 or 0.

    Attributes:
        threshold: c > 0.

    >>> import torch
    >>> ClipByGlobalNorm(1.0)([torch.tensor([3.0, 4.0])], [torch.zeros(2)]).norm_before
    5.0
    """

    keeps_direction: ClassVar[bool] = True

    threshold: float

    def __post_init__(self) -> None:
        check_positive("threshold", self.threshold)

    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """See ``clip_by_global_norm``."""
        return clip_by_global_norm(parts, self.threshold, norm=norm)
