"""Clipping by value: each entry is held within ±v."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from hnrc_lib.optim.clipping.rule import ClippingRule, check_positive, known_norm


def clip_by_value(parts: Sequence[Tensor], threshold: float, *, norm: float | None = None) -> list[Tensor]:
    """Hold every entry within ±v; the direction changes, by less than 90°.

        g_i ← max(−v, min(v, g_i))

    Args:
        parts: g, in any number of tensors.
        threshold: v > 0.
        norm: ‖g‖, where it is known.

    Returns:
        Clipped tensors; all as they came where an entry is not finite.

    >>> import torch
    >>> clip_by_value([torch.tensor([3.0, -0.5, -2.0])], 1.0)
    [tensor([ 1.0000, -0.5000, -1.0000])]

    Tomáš Mikolov, Statistical language models based on neural networks (2012).
    """
    check_positive("threshold", threshold)
    norm = known_norm(parts, norm)
    if not math.isfinite(norm) or norm <= threshold:  # no entry is longer than the whole
        return list(parts)
    limited = [part.clamp(-threshold, threshold) for part in parts]
    return [old if old.equal(new) else new for old, new in zip(parts, limited, strict=True)]


def input_dimension_bound(input_dimension: int) -> float:
    """The bound ±1/√d on each entry, d being the dimension of the input.

    n entries at the bound have length √(n/d): the unit ball holds them only where d = n.

    Args:
        input_dimension: d ≥ 1.

    Raises:
        ValueError: d is below 1.

    >>> input_dimension_bound(784) * 784 ** 0.5
    1.0
    """
    if input_dimension < 1:
        raise ValueError(f"input_dimension must be at least 1, got {input_dimension}")
    return 1 / math.sqrt(input_dimension)


@dataclass(frozen=True)
class ClipByValue(ClippingRule):
    """Rule of ``clip_by_value``; its fraction counts entries.

    Attributes:
        threshold: v > 0.

    >>> import torch
    >>> gradient = [torch.tensor([3.0, 0.5])]
    >>> report = ClipByValue(1.0)(gradient, [torch.zeros(2)])
    >>> gradient, report.fraction
    ([tensor([1.0000, 0.5000])], 0.5)
    """

    threshold: float

    def __post_init__(self) -> None:
        check_positive("threshold", self.threshold)

    @classmethod
    def of_input_dimension(cls, input_dimension: int) -> "ClipByValue":
        """The rule ±1/√d.

        >>> ClipByValue.of_input_dimension(16)
        ClipByValue(threshold=0.25)
        """
        return cls(input_dimension_bound(input_dimension))

    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """See ``clip_by_value``."""
        return clip_by_value(parts, self.threshold, norm=norm)

    def fraction(
        self, before: Sequence[Tensor], after: Sequence[Tensor], norm_before: float, norm_after: float
    ) -> float:
        """Part of the entries that lay outside ±v."""
        changed = sum(int((new != old).sum()) for new, old in zip(after, before, strict=True))
        return changed / sum(part.numel() for part in before)
