"""Arguments of the CTC functions: torch's conventions brought to one shape, and refused by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Int, Shaped

Lengths = Tensor | Sequence[int] | Sequence[Tensor] | int


class Arguments(NamedTuple):
    """Scores as (time, batch, classes), targets and lengths as tensors beside them."""

    scores: Shaped[Tensor, "time batch classes"]
    targets: Shaped[Tensor, "..."]
    input_lengths: Int[Tensor, " batch"]
    target_lengths: Int[Tensor, " batch"]


@dataclass(frozen=True)
class Options:
    """What is no tensor; a dataclass, because torch.func takes a tuple apart.

    blank: class of the blank.
    normalise: whether the scores are logits, to be put through a log-softmax.
    kernel: ``auto``, ``torch`` or ``triton``, see ``ctc_kernels``.
    """

    blank: int
    normalise: bool
    kernel: str = "auto"


def _integers(name: str, value: Lengths, device: torch.device) -> Tensor:
    tensor = torch.as_tensor(value, device=device)
    if tensor.numel() == 0 and not isinstance(value, Tensor):
        tensor = tensor.long()
    if tensor.dtype.is_floating_point or tensor.dtype.is_complex or tensor.dtype == torch.bool:
        raise TypeError(f"{name} must be integers, got {tensor.dtype}")
    return tensor.long()


def check_scores(name: str, scores: Tensor) -> None:
    """Refuse what is no (time, batch, classes) or (time, classes) of float32 or float64."""
    if scores.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} must be float32 or float64, got {scores.dtype}")
    if scores.dim() not in (2, 3):
        raise ValueError(
            f"{name} must be (time, batch, classes) or (time, classes), got shape {tuple(scores.shape)}"
        )
    if 0 in scores.shape:
        raise ValueError(f"{name} must not be empty, got shape {tuple(scores.shape)}")


def arrange(
    name: str,
    scores: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int,
) -> Arguments:
    """What can be said from shapes and dtypes alone, so that it also holds under ``torch.func.vmap``.

    Targets and lengths are brought to the scores' device, as torch does: cuDNN wants them on the processor.

    Args:
        name: what the caller calls the scores.
        scores: (time, batch, classes) or (time, classes).
        targets: (batch, labels), concatenated (sum of lengths,), or (labels,) for a single utterance.
        input_lengths: (batch,), or a number for a single utterance.
        target_lengths: the same.
        blank: class of the blank.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    check_scores(name, scores)
    targets = _integers("targets", targets, scores.device)
    if not 0 <= blank < scores.shape[-1]:
        raise ValueError(f"blank must be a class, 0 … {scores.shape[-1] - 1}, got {blank}")
    lengths = [
        _integers(label, value, scores.device).reshape(-1)
        for label, value in (("input_lengths", input_lengths), ("target_lengths", target_lengths))
    ]
    if scores.dim() == 2:
        scores = scores.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.dim() == 1 else targets
    batch = scores.shape[1]
    for label, length in zip(("input_lengths", "target_lengths"), lengths, strict=True):
        if length.shape != (batch,):
            raise ValueError(f"{label} must have {batch} entries, one an utterance, got {length.shape[0]}")
    if targets.dim() not in (1, 2) or (targets.dim() == 2 and targets.shape[0] != batch):
        raise ValueError(
            f"targets must be ({batch}, labels) or concatenated (sum of target_lengths,), "
            f"got {tuple(targets.shape)}"
        )
    return Arguments(scores, targets, *lengths)


def check_reduction(reduction: str) -> None:
    """Refuse what is not ``none``, ``sum`` or ``mean``."""
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"reduction must be 'none', 'sum' or 'mean', got {reduction!r}")


def _check_lengths(name: str, lengths: list[int], limit: int) -> None:
    for index, length in enumerate(lengths):
        if not 0 <= length <= limit:
            raise ValueError(f"{name} must lie in 0 … {limit}, got {length} at {index}")


def padded_targets(
    targets: Shaped[Tensor, "..."],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
    num_frames: int,
    num_classes: int,
    blank: int,
) -> Int[Tensor, "batch labels"]:
    """Targets as (batch, longest), values checked; what stands behind each one's end means nothing.

    Raises:
        ValueError: lengths that do not fit, or a target that is no class or the blank.
    """
    sizes = target_lengths.tolist()
    _check_lengths("input_lengths", input_lengths.tolist(), num_frames)
    _check_lengths("target_lengths", sizes, targets.shape[-1])
    longest = max(sizes)
    if targets.dim() == 1:
        if sum(sizes) != targets.shape[0]:
            raise ValueError(
                f"concatenated targets must have the sum of target_lengths entries, {sum(sizes)}, "
                f"got {targets.shape[0]}"
            )
        inside = torch.arange(longest, device=targets.device) < target_lengths.unsqueeze(1)
        targets = targets.new_full(inside.shape, blank).masked_scatter_(inside, targets)
    _check_labels(targets.tolist(), sizes, num_classes, blank)
    return targets[:, :longest]


def _check_labels(rows: list[list[int]], sizes: list[int], num_classes: int, blank: int) -> None:
    # lists, because half a dozen operations on a small tensor cost more than this
    for utterance, (row, size) in enumerate(zip(rows, sizes, strict=True)):
        labels = row[:size]
        if labels and (min(labels) < 0 or max(labels) >= num_classes or blank in labels):
            wrong = next(label for label in labels if not 0 <= label < num_classes or label == blank)
            raise ValueError(
                f"targets must be classes 0 … {num_classes - 1} other than the blank {blank}, "
                f"got {wrong} in utterance {utterance}"
            )
