"""A straight line of tensor operations on rows of inputs at once."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.curvature.replay.program import Call, Program, Slot, bound, leaves, substitute
from hnrc_lib.curvature.replay.record import record
from hnrc_lib.curvature.replay.simplify import simplify

_aten = torch.ops.aten
_PRODUCTS = {_aten.mm.default, _aten.addmm.default}
# Elementwise in tensors of the same number of dimensions: a leading dimension broadcasts.
_ELEMENTWISE = {
    _aten.add.Tensor,
    _aten.sub.Tensor,
    _aten.mul.Tensor,
    _aten.tanh_backward.default,
    _aten.sigmoid_backward.default,
    _aten.threshold_backward.default,
}
# torch has no rule for rows here and says so; one row after the other is what it would do.
_ROW_BY_ROW = {_aten.mkldnn_rnn_layer_backward.default}


def batched(program: Program, width: int) -> Program:
    """The program for k inputs at once, each with a leading dimension of that size.

    Args:
        program: calls on single tensors.
        width: k ≥ 1.

    Returns:
        A program whose inputs and outputs have shapes (k, …).

    Raises:
        RuntimeError: an operation has no batching rule.
    """
    rows = [torch.zeros(width, *s.shape, dtype=s.dtype, device=s.device) for s in program.inputs]
    return simplify(record(lambda *inputs: _run(program, inputs, width), rows))


def _run(program: Program, rows: Sequence[Tensor], width: int) -> list[Tensor]:
    """Each call of the program once, on tensors that carry the rows in front."""
    values: dict[Slot, Tensor] = dict(zip(program.inputs, rows, strict=True))
    for call in program.calls:
        results = _call(call, values)
        used = [slot for slot in call.results if slot is not None]
        values.update(zip(used, results if call.several else (results,), strict=True))
    return [values[x] if isinstance(x, Slot) else x.expand(width, *x.shape).clone() for x in program.outputs]


def _call(call: Call, values: dict[Slot, Tensor]) -> Any:
    """What a call gives: a tensor, or of several those that are used, for others may be None."""

    def filled(table: dict[Slot, Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return substitute(
            (call.arguments, call.options), lambda leaf: table[leaf] if isinstance(leaf, Slot) else leaf
        )

    arguments, options = filled(values)
    if call.function in _PRODUCTS:
        return _product(arguments, [isinstance(x, Slot) for x in call.arguments])
    dimensions = {len(x.shape) for x in leaves(call.arguments) if isinstance(x, (Slot, Tensor))}
    if call.function in _ELEMENTWISE and len(dimensions) == 1:
        return call.function(*arguments, **options)
    slots = list(dict.fromkeys(call.slots()))

    def once(*single: Tensor) -> Any:
        arguments, options = filled(dict(zip(slots, single, strict=True)))
        results = (call.function if options else bound(call.function))(*arguments, **options)
        if not call.several:
            return results
        return tuple(part for part, slot in zip(results, call.results, strict=True) if slot is not None)

    if call.function in _ROW_BY_ROW:
        rows = [once(*row) for row in zip(*(values[slot] for slot in slots), strict=True)]
        return (
            [torch.stack(parts) for parts in zip(*rows, strict=True)] if call.several else torch.stack(rows)
        )
    return torch.func.vmap(once)(*(values[slot] for slot in slots))


def _product(arguments: Sequence[Tensor], has_rows: Sequence[bool]) -> Tensor:
    """A B, or C + A B, where each is one matrix or as many as there are rows.

    vmap would copy transposed factors; a batched product reads them where they lie.
    """
    *added, a, b = arguments
    if not any(has_rows[-2:]):
        result = torch.mm(a, b)
    elif has_rows[-2] and not has_rows[-1] and a.is_contiguous():
        result = torch.mm(a.view(-1, a.shape[-1]), b).view(*a.shape[:-1], -1)
    else:
        width = len(a) if has_rows[-2] else len(b)
        result = torch.bmm(*(x if x.ndim == 3 else x.expand(width, *x.shape) for x in (a, b)))
    return added[0] + result if added else result
