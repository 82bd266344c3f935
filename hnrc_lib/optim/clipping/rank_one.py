"""The smooth clip that the gradient's own outer product makes when it is damped and inverted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from hnrc_lib.optim.clipping.rule import ClippingRule, check_positive, known_norm, rescaled


def clip_rank_one(parts: Sequence[Tensor], damping: float, *, norm: float | None = None) -> list[Tensor]:
    """Divide g by λ + ‖g‖².

        (λI + ggᵀ)⁻¹ g = g/(λ + ‖g‖²)

    Its length peaks at 1/(2√λ), where ‖g‖ = √λ, and then falls: the longer the gradient, the shorter the
    step. Short gradients become longer, by up to 1/λ.

    Args:
        parts: g, in any number of tensors.
        damping: λ > 0.
        norm: ‖g‖ of the whole, where it is known.

    Returns:
        Rescaled tensors; all as they came where the norm is not finite.

    >>> import torch
    >>> clip_rank_one([torch.tensor([3.0, 4.0])], damping=25.0)
    [tensor([0.0600, 0.0800])]

    Jack Sherman and Winifred J. Morrison, Adjustment of an inverse matrix (1950), for the inverse.
    """
    check_positive("damping", damping)
    norm = known_norm(parts, norm)
    return rescaled(parts, 1 / (damping + norm**2)) if math.isfinite(norm) else list(parts)


@dataclass(frozen=True)
class ClipRankOne(ClippingRule):
    """Rule of ``clip_rank_one``; it changes all, and counts as clipped (fraction 1) what became shorter.

    Attributes:
        damping: λ > 0.

    >>> import torch
    >>> ClipRankOne(25.0)([torch.tensor([3.0, 4.0])], [torch.zeros(2)]).norm_after
    0.1...
    """

    keeps_direction: ClassVar[bool] = True

    damping: float

    def __post_init__(self) -> None:
        check_positive("damping", self.damping)

    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """See ``clip_rank_one``."""
        return clip_rank_one(parts, self.damping, norm=norm)

    def fraction(
        self, before: Sequence[Tensor], after: Sequence[Tensor], norm_before: float, norm_after: float
    ) -> float:
        """1 where the whole became shorter."""
        return float(norm_after < norm_before)
