"""The operations that a generated kernel can compute: by value, or as other places of the same tensor."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.curvature.replay.program import Call, Slot, leaves

_aten = torch.ops.aten

FLOATS = {torch.float32: "tl.float32", torch.float64: "tl.float64"}
_LONGEST_SUM = 8
_MOST_PIECES = 8
_SPLITS = {_aten.split.Tensor, _aten.split_with_sizes.default}

# The expression of each result, from the names of its arguments; {n} is a number from a constant tensor.
POINTWISE: dict[Any, str] = {
    _aten.add.Tensor: "{0} + {1}",
    _aten.sub.Tensor: "{0} - {1}",
    _aten.mul.Tensor: "{0} * {1}",
    _aten.mul.Scalar: "{0} * {1}",
    _aten.div.Tensor: "{0} / {1}",
    _aten.neg.default: "-{0}",
    _aten.addcmul.default: "{0} + {1} * {2}",
    _aten.tanh_backward.default: "{0} * (1.0 - {1} * {1})",
    _aten.sigmoid_backward.default: "{0} * (1.0 - {1}) * {1}",
    _aten.threshold_backward.default: "tl.where({1} <= {2}, 0.0, {0})",
}
# The same with the factor that an option names.
SCALED: dict[Any, tuple[str, str]] = {
    _aten.add.Tensor: ("alpha", "{0} + {2} * {1}"),
    _aten.sub.Tensor: ("alpha", "{0} - {2} * {1}"),
    _aten.addcmul.default: ("value", "{0} + {3} * {1} * {2}"),
}
VIEWS = {
    _aten.view.default,
    _aten._unsafe_view.default,
    _aten.expand.default,
    _aten.transpose.int,
    _aten.t.default,
    _aten.permute.default,
    _aten.unsqueeze.default,
    _aten.squeeze.dim,
    _aten.slice.Tensor,
    _aten.select.int,
    _aten.unbind.int,
    *_SPLITS,
}
PADDINGS = {
    _aten.constant_pad_nd.default,
    _aten.slice_backward.default,
    _aten.select_backward.default,
}
JOINS = {_aten.cat.default, _aten.stack.default}
MOVES = VIEWS | PADDINGS | JOINS


def is_known(call: Call) -> bool:
    """Whether a generated kernel can compute a call: floats of one dtype on one device, real numbers."""
    result = call.results[0]
    if call.several or result is None or result.dtype not in FLOATS or result.shape.numel() == 0:
        return False
    tensors = [x for x in leaves((call.arguments, call.options)) if isinstance(x, (Slot, Tensor))]
    if any((x.dtype, x.device) != (result.dtype, result.device) for x in tensors):
        return False
    if call.function in POINTWISE:
        numbers = [x for x in (*call.arguments, *call.options.values()) if not isinstance(x, (Slot, Tensor))]
        option = SCALED.get(call.function, ("",))[0]
        return set(call.options) <= {option} and all(type(x) in (int, float) for x in numbers)
    if call.options:
        return False
    if call.function in JOINS:
        return len(call.arguments[0]) <= _MOST_PIECES
    if call.function is _aten.sum.dim_IntList:
        return tensors[0].shape.numel() <= _LONGEST_SUM * result.shape.numel()
    if call.function is _aten.constant_pad_nd.default:
        return min(call.arguments[1]) >= 0 and not any(call.arguments[2:])
    if call.function is _aten.slice_backward.default:
        return call.arguments[5] == 1
    return call.function in VIEWS or call.function in PADDINGS


def single_results(calls: list[Call]) -> Iterator[Call]:
    """The calls with every split written as slices, every unbind as selections."""
    for call in calls:
        if call.function in _SPLITS or call.function is _aten.unbind.int:
            yield from _pieces(call)
        else:
            yield call


def _pieces(call: Call) -> Iterator[Call]:
    tensor, *rest = call.arguments
    place = 0 if call.function is _aten.unbind.int else 1
    dim = rest[place] if len(rest) > place else call.options.get("dim", 0)
    dim %= len(tensor.shape)
    sizes = _sizes(call, tensor.shape[dim])
    for index, slot in enumerate(call.results):
        if slot is None:
            continue
        if call.function is _aten.unbind.int:
            yield Call(_aten.select.int, (tensor, dim, index), {}, (slot,), False)
        else:
            start = sum(sizes[:index])
            arguments = (tensor, dim, start, start + sizes[index], 1)
            yield Call(_aten.slice.Tensor, arguments, {}, (slot,), False)


def _sizes(call: Call, whole: int) -> list[int]:
    if call.function is not _aten.split.Tensor:
        return list(call.arguments[1]) if call.function in _SPLITS else []
    size = call.arguments[1]
    return [min(size, whole - start) for start in range(0, whole, size)] if size else [0]
