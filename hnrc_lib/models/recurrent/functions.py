"""What the functions of a recurrent sequence share: one sweep for many vectors, absent parts."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import TransformType, get_interpreter_stack
from torch.autograd import forward_ad

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor


class Unbatched(torch.autograd.Function):
    """A function of tensors that no ``vmap`` batches; under one it is passed through."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        raise NotImplementedError("the record of a sequence is never batched")


class Sweep(torch.autograd.Function):
    """A function of the cell, then tensors that carry K in front, then tensors that have time in front."""

    leading: int

    @classmethod
    def in_one_sweep(
        cls, info: Any, in_dims: Sequence[int | None], cell: Cell, args: Sequence[Any]
    ) -> tuple[tuple[Tensor, ...], tuple[int | None, ...]]:
        """All vectors at once: the dimension that ``vmap`` adds goes beside the batch.

        Outputs that no batched input touched keep a dimension of one there, which is taken away again.
        """
        moved: list[Any] = []
        for index, (arg, dim) in enumerate(zip(args, in_dims[1:], strict=True)):
            place = 0 if index < cls.leading else 1
            if isinstance(arg, Tensor):
                arg = arg.unsqueeze(place) if dim is None else arg.movedim(dim, place)
            moved.append(arg)
        outputs = cls.apply(cell, *moved)
        places = [0 if index in cls.leading_outputs(args) else 1 for index in range(len(outputs))]
        values, dims = [], []
        for output, place in zip(outputs, places, strict=True):
            batched = output.shape[place] == info.batch_size
            values.append(output if batched else output.squeeze(place))
            dims.append(place if batched else None)
        return tuple(values), tuple(dims)

    @staticmethod
    def leading_outputs(args: Sequence[Any]) -> Sequence[int]:
        """Which outputs carry K in front."""
        return ()


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
