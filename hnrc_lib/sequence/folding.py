"""Batching for functions whose utterances are independent: ``vmap``'s axis joins the batch axis."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor


def fold(tensor: Tensor, in_dim: int | None, size: int, axis: int) -> Tensor:
    """The mapped axis merged into the batch axis, which lies ``axis`` (< 0) from the end."""
    if in_dim is None:
        mapped = tensor.unsqueeze(0).expand(size, *tensor.shape)
    else:
        mapped = tensor.movedim(in_dim, 0)
    place = mapped.dim() + axis
    mapped = mapped.movedim(0, place - 1)
    return mapped.flatten(place - 1, place)


def unfold(tensor: Tensor, size: int, axis: int) -> Tensor:
    """Inverse of ``fold``: the mapped axis in front."""
    place = tensor.dim() + axis
    return tensor.unflatten(place, (size, tensor.shape[place] // size)).movedim(place, 0)


def apply_folded(
    function: Callable[..., Any],
    size: int,
    in_dims: Sequence[int | None],
    args: Sequence[Any],
    axes: Sequence[int | None],
    out_axes: Sequence[int],
) -> tuple[Any, Any]:
    """A vmap rule: call on the joined batch, split what comes out.

    Args:
        function: called with the folded arguments.
        size: of the mapped axis.
        in_dims: where it lies in each argument.
        args: tensors, and plain values where ``axes`` says None.
        axes: place of the batch axis in each argument, counted from the end.
        out_axes: the same for each output.

    Returns:
        Outputs with the mapped axis in front, and their out_dims.
    """
    folded = [
        arg if axis is None else fold(arg, in_dim, size, axis)
        for arg, in_dim, axis in zip(args, in_dims, axes, strict=True)
    ]
    out = function(*folded)
    if isinstance(out, Tensor):
        return unfold(out, size, out_axes[0]), 0
    split = tuple(unfold(tensor, size, axis) for tensor, axis in zip(out, out_axes, strict=True))
    return split, (0,) * len(split)
