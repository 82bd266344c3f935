"""What a clipping rule did, in numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from hnrc_lib.optim.clipping.norms import global_norm, widened


@dataclass(frozen=True)
class ClipReport:
    """One use of a clipping rule.

    Attributes:
        norm_before: ‖g‖ over all tensors; inf or NaN where an entry is, and then nothing was changed.
        norm_after: ‖g‖ afterwards.
        angle: between the two, in degrees; 0 where nothing changed or the whole was only rescaled,
            NaN where one of them is zero or not finite.
        fraction: of what the rule looks at (entries, units, tensors, or the whole), how much was clipped.
        clipped: whether anything was.
    """

    norm_before: float
    norm_after: float
    angle: float
    fraction: float
    clipped: bool


def angle_between(before: Sequence[Tensor], after: Sequence[Tensor], norms: tuple[float, float]) -> float:
    """Angle between two lists of tensors, read as two vectors.

        2·asin(‖u − v‖/2) of the unit vectors u and v

    The arc cosine would lose half of the digits where the angle is small, as this does only near 180°.

    Args:
        before: the first vector, in parts.
        after: the second, of the same shapes.
        norms: their norms.

    Returns:
        Degrees, 0 … 180; NaN where a norm is zero or not finite.

    >>> import torch
    >>> round(angle_between([torch.tensor([2.0, 0.0])], [torch.tensor([3.0, 3.0])], (2.0, 18 ** 0.5)), 4)
    45.0

    William Kahan, How futile are mindless assessments of roundoff in floating-point computation? (2006), of
    which this is the half that angles of clipping need.
    """
    if not all(math.isfinite(norm) and norm > 0 for norm in norms):
        return math.nan
    pairs = zip(before, after, strict=True)
    apart = global_norm([widened(u) / norms[0] - widened(v) / norms[1] for u, v in pairs])
    return math.degrees(2 * math.asin(min(1.0, apart / 2)))
