"""What the functions of a recurrent sequence share: one sweep for many vectors, absent parts."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import TransformType, get_interpreter_stack
from torch.autograd import forward_ad

from hnrc_lib.models.recurrent.cell import MaybeTensor


class Unbatched(torch.autograd.Function):
    """A function of tensors that no ``vmap`` batches; under one it is passed through."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        raise NotImplementedError("the record of a sequence is never batched")


class Sweep(torch.autograd.Function):
    """A function of the cell (or of settings), of tensors without a time, of tensors (T, B, *K, features).

    Attributes:
        heads: for each tensor without a time, where K stands in it: 0 in front (weights), 1 behind the batch.
    """

    heads: tuple[int, ...]

    @classmethod
    def in_one_sweep(
        cls, info: Any, in_dims: Sequence[int | None], cell: Any, args: Sequence[Any]
    ) -> tuple[tuple[MaybeTensor, ...], tuple[int | None, ...]]:
        """All vectors at once: the dimension that ``vmap`` adds goes behind the batch.

        Outputs that no batched input touched keep a dimension of one there, which is taken away again.
        """
        moved: list[Any] = []
        for index, (arg, dim) in enumerate(zip(args, in_dims[1:], strict=True)):
            place = cls.heads[index] if index < len(cls.heads) else 2
            if isinstance(arg, Tensor):
                arg = arg.unsqueeze(place) if dim is None else arg.movedim(dim, place)
            moved.append(arg)
        outputs = cls.apply(cell, *moved)
        heads = cls.output_heads(args)
        values, dims = [], []
        for index, output in enumerate(outputs):
            place = heads.get(index, 2)
            if output is None:
                values.append(None)
                dims.append(None)
                continue
            batched = output.shape[place] == info.batch_size
            values.append(output if batched else output.squeeze(place))
            dims.append(place if batched else None)
        return tuple(values), tuple(dims)

    @staticmethod
    def output_heads(args: Sequence[Any]) -> dict[int, int]:
        """``heads`` of the outputs without a time, by their index."""
        return {}


def with_outer_tangents(rule: Callable[..., Any], *tensors: MaybeTensor) -> Any:
    """``rule(*tensors)`` inside a ``jvp``, differentiable by the levels outside the innermost one.

    torch switches forward mode off while a ``jvp`` runs: an outer ``torch.func.jvp`` would silently see a
    constant. It is switched on again here, and the innermost level's tangents, which the rule itself accounts
    for, are taken off.

    Args:
        rule: the body of a ``jvp``.
        tensors: its saved tensors and its tangents.
    """
    with forward_ad._set_fwd_grad_enabled(True):
        return rule(*(None if t is None else forward_ad.unpack_dual(t, level=0).primal for t in tensors))


def present(*values: MaybeTensor) -> tuple[Tensor, ...]:
    """The values that are there."""
    return tuple(value for value in values if value is not None)


def add(left: MaybeTensor, right: MaybeTensor) -> MaybeTensor:
    """The sum, an absent part being zero."""
    if left is None or right is None:
        return right if left is None else left
    return left + right


def or_zeros(value: MaybeTensor, like: MaybeTensor) -> MaybeTensor:
    """The value, or zeros where it is missing; None where there is nothing to be like."""
    return torch.zeros_like(like) if value is None and like is not None else value


def fit(gradient: Tensor, shape: torch.Size) -> Tensor:
    """A gradient summed over the dimensions in which its input was broadcast."""
    return gradient if gradient.shape == shape else gradient.sum_to_size(shape)


def may_be_differentiated() -> bool:
    """Whether what is computed now may be differentiated again, recorded or forward."""
    if torch.is_grad_enabled() or forward_ad._current_level >= 0:  # pyright: ignore[reportPrivateUsage]
        return True
    stack = get_interpreter_stack()
    return any(level.key() != TransformType.Vmap for level in stack or ())
