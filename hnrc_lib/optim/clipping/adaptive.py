"""Adaptive clipping: the gradient of a unit is held to a fraction of its weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib.optim.clipping.norms import unit_norms
from hnrc_lib.optim.clipping.rule import ClippingRule, check_positive, known_norm


def clip_adaptive(
    parts: Sequence[Tensor],
    parameters: Sequence[Tensor],
    ratio: float,
    *,
    floor: float = 1e-3,
    norm: float | None = None,
) -> list[Tensor]:
    """Hold the gradient of each unit to a fraction of the unit's own weights.

        g_i ← g_i·min(1, κ·max(‖w_i‖, ε)/‖g_i‖)

    A unit is a row of a weight matrix, a filter of a convolution, a bias as a whole; of a recurrent layer
    it is one gate of one cell. The authors leave out the last linear layer.

    Args:
        parts: g.
        parameters: w, of the same shapes.
        ratio: κ > 0.
        floor: ε > 0, so that a unit whose weights are zero can learn.
        norm: ‖g‖ of the whole, where it is known.

    Returns:
        Clipped tensors; all as they came where an entry of any is not finite.

    >>> weights, gradient = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    >>> clip_adaptive([gradient], [weights], ratio=0.5)
    [tensor([[0.0000, 1.0000],
             [0.0000, 0.5000]])]

    Andrew Brock, Soham De, Samuel L. Smith and Karen Simonyan, High-performance large-scale image
    recognition without normalization (2021).
    """
    check_positive("ratio", ratio)
    check_positive("floor", floor)
    if not math.isfinite(known_norm(parts, norm)):
        return list(parts)
    pairs = zip(parts, parameters, strict=True)
    return [_clip_units(part, parameter, ratio, floor) for part, parameter in pairs]


def _clip_units(part: Tensor, parameter: Tensor, ratio: float, floor: float) -> Tensor:
    lengths, limits = unit_norms(part), ratio * unit_norms(parameter).clamp_min(floor)
    over = lengths > limits
    if not bool(over.any()):
        return part
    return torch.where(over, (part * (limits / lengths)).to(part.dtype), part)


@dataclass(frozen=True)
class ClipAdaptive(ClippingRule):
    """Rule of ``clip_adaptive``; its fraction counts units.

    Attributes:
        ratio: κ > 0; the authors use 0.01 for large batches.
        floor: ε > 0.

    >>> weights, gradient = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    >>> ClipAdaptive(0.5)([gradient], [weights]).fraction
    0.5
    """

    ratio: float
    floor: float = 1e-3

    def __post_init__(self) -> None:
        check_positive("ratio", self.ratio)
        check_positive("floor", self.floor)

    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """See ``clip_adaptive``."""
        return clip_adaptive(parts, parameters, self.ratio, floor=self.floor, norm=norm)

    def fraction(
        self, before: Sequence[Tensor], after: Sequence[Tensor], norm_before: float, norm_after: float
    ) -> float:
        """Part of the units that were clipped."""
        changed = units = 0
        for old, new in zip(before, after, strict=True):
            rows = (new != old).flatten(1) if old.ndim > 1 else (new != old).reshape(1, -1)
            changed, units = changed + int(rows.any(1).sum()), units + len(rows)
        return changed / units
