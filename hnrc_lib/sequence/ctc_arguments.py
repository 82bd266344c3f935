"""Arguments of the CTC functions: torch's conventions brought to one shape, and refused by name."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Int, Shaped

Lengths = Tensor | Sequence[int] | int


class Arguments(NamedTuple):
    """Scores as (time, batch, classes), lengths as tensors beside them."""

    scores: Shaped[Tensor, "time batch classes"]
    targets: Shaped[Tensor, "..."]
    input_lengths: Int[Tensor, " batch"]
    target_lengths: Int[Tensor, " batch"]


def _integers(name: str, value: Tensor | Sequence[int] | int, device: torch.device) -> Tensor:
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
    reduction: str,
) -> Arguments:
    """What can be said from shapes and dtypes alone, so that it also holds under ``torch.func.vmap``.

    Args:
        name: what the caller calls the scores.
        scores: (time, batch, classes) or (time, classes).
        targets: (batch, labels), concatenated (sum of lengths,), or (labels,) for a single utterance.
        input_lengths: (batch,), or a number for a single utterance.
        target_lengths: the same.
        blank: class of the blank.
        reduction: ``none``, ``sum`` or ``mean``.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    check_scores(name, scores)
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"reduction must be 'none', 'sum' or 'mean', got {reduction!r}")
    if isinstance(targets, Tensor) and targets.device != scores.device:
        raise ValueError(f"targets must be on {scores.device} like {name}, got {targets.device}")
    targets = _integers("targets", targets, scores.device)
    if not 0 <= blank < scores.shape[-1]:
        raise ValueError(f"blank must be a class, 0 … {scores.shape[-1] - 1}, got {blank}")
    lengths = [
        _integers(label, value, scores.device)
        for label, value in (("input_lengths", input_lengths), ("target_lengths", target_lengths))
    ]
    if scores.dim() == 2:
        scores = scores.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.dim() == 1 else targets
        lengths = [length.reshape(-1) for length in lengths]
    batch = scores.shape[1]
    for label, length in zip(("input_lengths", "target_lengths"), lengths, strict=True):
        if length.shape != (batch,):
            raise ValueError(f"{label} must have shape ({batch},), got {tuple(length.shape)}")
    if targets.dim() not in (1, 2) or (targets.dim() == 2 and targets.shape[0] != batch):
        raise ValueError(
            f"targets must be ({batch}, labels) or concatenated (sum of target_lengths,), "
            f"got {tuple(targets.shape)}"
        )
    return Arguments(scores, targets, *lengths)


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
    """Targets as (batch, longest), blank behind each one's end; values checked.

    Raises:
        ValueError: lengths that do not fit, or a target that is no class or the blank.
    """
    sizes = target_lengths.tolist()
    _check_lengths("input_lengths", input_lengths.tolist(), num_frames)
    _check_lengths("target_lengths", sizes, targets.shape[-1])
    if targets.dim() == 1 and sum(sizes) != targets.shape[0]:
        raise ValueError(
            f"concatenated targets must have the sum of target_lengths entries, {sum(sizes)}, "
            f"got {targets.shape[0]}"
        )
    inside = torch.arange(max(sizes), device=targets.device) < target_lengths.unsqueeze(1)
    if targets.dim() == 1:
        padded = targets.new_full(inside.shape, blank).masked_scatter_(inside, targets)
    else:
        padded = torch.where(inside, targets[:, : max(sizes)], blank)
    _check_labels(padded, inside, num_classes, blank)
    return padded


def _check_labels(padded: Tensor, inside: Tensor, num_classes: int, blank: int) -> None:
    wrong = ((padded < 0) | (padded >= num_classes) | (padded == blank)) & inside
    if bool(wrong.any()):
        utterance, label = wrong.nonzero()[0].tolist()
        raise ValueError(
            f"targets must be classes 0 … {num_classes - 1} other than the blank {blank}, "
            f"got {int(padded[utterance, label])} in utterance {utterance}"
        )
