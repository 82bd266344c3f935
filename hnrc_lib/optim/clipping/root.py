"""The smooth clip to the unit ball, by the inverse square root of the damped outer product."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from hnrc_lib.optim.clipping.rule import ClippingRule, check_positive, known_norm, rescaled


def clip_root(parts: Sequence[Tensor], damping: float, *, norm: float | None = None) -> list[Tensor]:
    """Divide g by √(λ + ‖g‖²).

        (λI + ggᵀ)^(−1/2) g = g/√(λ + ‖g‖²)

    Its length grows with ‖g‖ towards 1, which it never passes. Short gradients become longer where λ < 1,
    by up to 1/√λ.

    Args:
        parts: g, in any number of tensors.
        damping: λ > 0.
        norm: ‖g‖ of the whole, where it is known.

    Returns:
        Rescaled tensors; all as they came where the norm is not finite.

    >>> import torch
    >>> clip_root([torch.tensor([3.0, 0.0])], damping=16.0)
    [tensor([0.6000, 0.0000])]
    """
    check_positive("damping", damping)
    norm = known_norm(parts, norm)
    # hypot squares nothing: a norm of 1e200 is no overflow.
    return rescaled(parts, 1 / math.hypot(math.sqrt(damping), norm)) if math.isfinite(norm) else list(parts)


@dataclass(frozen=True)
class ClipRoot(ClippingRule):
    """Rule of ``clip_root``; it changes all, and counts as clipped (fraction 1) what became shorter.

    Attributes:
        damping: λ > 0.

    >>> import torch
    >>> ClipRoot(16.0)([torch.tensor([3.0, 0.0])], [torch.zeros(2)]).clipped
    True
    """

    keeps_direction: ClassVar[bool] = True

    damping: float

    def __post_init__(self) -> None:
        check_positive("damping", self.damping)

    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """See ``clip_root``."""
        return clip_root(parts, self.damping, norm=norm)

    def fraction(
        self, before: Sequence[Tensor], after: Sequence[Tensor], norm_before: float, norm_after: float
    ) -> float:
        """1 where the whole became shorter."""
        return float(norm_after < norm_before)
