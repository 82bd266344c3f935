"""From the derivatives by all pre-activations to those by weights, inputs and the initial state.

p_t = W x_t + b + U h_{t−1}; with y_t = ∂L/∂p_t these are Σ y h⁻ᵀ, Σ y xᵀ, Σ y, Uᵀ y_0 and Wᵀ y. One function
for all of them, since its derivative by y is one sum, made in one place: u = V_W x + V_U h⁻ + v_b + W v_x.
"""

# torch declares forward, backward and vmap with open argument lists; ours are named.
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import MaybeTensor
from hnrc_lib.models.recurrent.functions import Sweep, add, fit, with_outer_tangents
from hnrc_lib.models.recurrent.products import correlate, times, weight_product
from hnrc_lib.models.recurrent.second_order import Last
from hnrc_lib.models.recurrent.steps import writable


@dataclass(frozen=True)
class Wanted:
    """Which derivatives are wanted besides those by the weights and the initial state."""

    bias: bool
    inputs: bool


class Pull(Sweep):
    """y → the gradients by U, W, b, h_0 and x; None for those that are not there or not wanted."""

    heads = (0, 0, 1)

    @staticmethod
    def forward(
        wanted: Wanted,
        recurrent: Tensor,
        weight: Tensor,
        first: MaybeTensor,
        parts: Tensor,
        inputs: Tensor,
        hidden: Tensor,
    ) -> tuple[MaybeTensor, ...]:
        by_recurrent, by_first = weight_product(parts, hidden), None
        if first is not None:
            by_recurrent = by_recurrent + correlate(parts[:1], first[None])
            by_first = times(parts[0], recurrent, 0)
        by_bias = parts.sum((0, 1)) if wanted.bias else None
        by_inputs = times(parts, weight, 1) if wanted.inputs else None
        return by_recurrent, correlate(parts, inputs), by_bias, by_first, by_inputs

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.wanted, *tensors = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        saved = ctx.saved_tensors
        found = PullBackward.apply(ctx.needs_input_grad[5], *cotangents, *saved)
        pairs = zip(found, saved, strict=True)
        return None, *(None if part is None else fit(part, value.shape) for part, value in pairs)

    @staticmethod
    def jvp(ctx: Any, *tangents: MaybeTensor) -> Any:
        return with_outer_tangents(partial(_moved, ctx.wanted), *tangents[1:], *ctx.saved_tensors)

    @staticmethod
    def output_heads(args: Sequence[Any]) -> dict[int, int]:
        return {0: 0, 1: 0, 2: 0, 3: 1}

    @staticmethod
    def vmap(info: Any, in_dims: Any, wanted: Any, *args: Any) -> Any:
        return Pull.in_one_sweep(info, in_dims, wanted, args)


def _moved(
    wanted: Wanted,
    by_recurrent: MaybeTensor,
    by_weight: MaybeTensor,
    by_first: MaybeTensor,
    moved: MaybeTensor,
    by_inputs: MaybeTensor,
    by_hidden: MaybeTensor,
    *saved: Any,
) -> tuple[MaybeTensor, ...]:
    """The tangents of what ``Pull`` gives."""
    recurrent, weight, first, parts, inputs, hidden = saved
    total: list[MaybeTensor] = [None] * 5
    if moved is not None:
        total = list(Pull.apply(wanted, recurrent, weight, first, moved, inputs, hidden))
    if by_hidden is not None:
        total[0] = add(total[0], weight_product(parts, by_hidden))
    if by_first is not None:
        total[0] = add(total[0], correlate(parts[:1], by_first[None]))
    if by_inputs is not None:
        total[1] = add(total[1], correlate(parts, by_inputs))
    if first is not None and by_recurrent is not None:
        total[3] = add(total[3], times(parts[0], by_recurrent, 0))
    if wanted.inputs and by_weight is not None:
        total[4] = add(total[4], times(parts, by_weight, 1))
    return tuple(total)


class PullBackward(Last):
    """Cotangents of U, W, h_0, y, x and h, from those of what ``Pull`` gives."""

    heads = (0, 0, 0, 1, 2, 0, 0, 1)

    @staticmethod
    def forward(
        need_inputs: bool,
        by_recurrent: MaybeTensor,
        by_weight: MaybeTensor,
        by_bias: MaybeTensor,
        by_first: MaybeTensor,
        by_inputs: MaybeTensor,
        recurrent: Tensor,
        weight: Tensor,
        first: MaybeTensor,
        parts: Tensor,
        inputs: Tensor,
        hidden: Tensor,
    ) -> tuple[MaybeTensor, ...]:
        drive = _drive(by_weight, by_recurrent, by_bias, inputs, hidden)
        head = weights = recurrents = starts = None
        if by_inputs is not None:
            drive = add(drive, times(by_inputs, weight.mT, 1))
            weights = correlate(parts, by_inputs)
        if first is not None and by_recurrent is not None:
            head, starts = times(first, by_recurrent.mT, 0), times(parts[0], by_recurrent, 0)
        if by_first is not None:
            head = add(head, times(by_first, recurrent.mT, 0))
            recurrents = correlate(parts[:1], by_first[None])
        if head is not None:
            drive = _add_to_first(drive, head, by_weight is not None, len(parts))
        later = None
        if by_recurrent is not None:
            later = _padded(times(parts[1:], by_recurrent, 1), len(parts))
        moved = times(parts, by_weight, 1) if need_inputs and by_weight is not None else None
        return recurrents, weights, starts, drive, moved, later

    @staticmethod
    def output_heads(args: Sequence[Any]) -> dict[int, int]:
        return {0: 0, 1: 0, 2: 1}

    @staticmethod
    def vmap(info: Any, in_dims: Any, need_inputs: Any, *args: Any) -> Any:
        return PullBackward.in_one_sweep(info, in_dims, need_inputs, args)


def _drive(
    by_weight: MaybeTensor, by_recurrent: MaybeTensor, by_bias: MaybeTensor, inputs: Tensor, hidden: Tensor
) -> MaybeTensor:
    """V_W x + V_U h⁻ + v_b, h_{−1} = 0."""
    given = [part for part in (by_weight, by_recurrent, by_bias) if part is not None]
    single = inputs.shape[2:-1].numel() == hidden.shape[2:-1].numel() == 1
    if by_weight is not None and by_recurrent is not None and single and writable(*given, inputs, hidden):
        vectors = by_weight.shape[:-2]
        if by_recurrent.shape[:-2] == vectors and (by_bias is None or by_bias.shape[:-1] == vectors):
            # Vectors of a vmap are more columns of the same two products.
            batch, rows = inputs.shape[1], inputs.reshape(-1, inputs.shape[-1])
            columns = by_weight.reshape(-1, by_weight.shape[-1]).mT
            drive = rows @ columns if by_bias is None else torch.addmm(by_bias.reshape(-1), rows, columns)
            earlier = hidden[:-1].reshape(-1, hidden.shape[-1])
            drive[batch:].addmm_(earlier, by_recurrent.reshape(-1, by_recurrent.shape[-1]).mT)
            return drive.view(len(inputs), batch, *vectors, -1)
    total = None if by_weight is None else times(inputs, by_weight.mT, 1)
    if by_recurrent is not None:
        total = add(total, _padded(times(hidden[:-1], by_recurrent.mT, 1), len(hidden), before=1))
    if by_bias is None:
        return total
    return add(total, by_bias.expand(*inputs.shape[:2], *by_bias.shape))


def _add_to_first(drive: MaybeTensor, head: Tensor, ours: bool, length: int) -> Tensor:
    """u with a part of its first frame added: in place where u was made here and has room."""
    if drive is not None and ours and drive.shape[1:] == head.shape and writable(drive, head):
        drive[0].add_(head)
        return drive
    head = _padded(head[None], length)
    return head if drive is None else drive + head


def _padded(values: Tensor, length: int, before: int = 0) -> Tensor:
    """A sequence of the length, with zeros around the values."""
    after = length - before - len(values)
    zeros = [values.new_zeros((count, *values.shape[1:])) for count in (before, after)]
    return torch.cat((zeros[0], values, zeros[1]))
