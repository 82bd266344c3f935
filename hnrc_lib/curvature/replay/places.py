"""Where the entries of moved, padded, joined and summed tensors lie, as index arithmetic in source text."""

import itertools
import math
from collections.abc import Iterator, Sequence

import torch

from hnrc_lib.curvature.replay.program import Call

_aten = torch.ops.aten

Index = tuple[str, ...]  # an expression a dimension


def strides(shape: Sequence[int]) -> list[int]:
    """How far apart neighbours lie in a contiguous tensor."""
    steps = itertools.accumulate(reversed(shape), initial=1, func=lambda a, b: a * b)
    return list(steps)[-2::-1]


def unravel(offset: str, shape: Sequence[int]) -> Index:
    """The index of an entry of a contiguous tensor.

    >>> unravel("i", (2, 1, 3))
    ('(i // 3)', '0', '(i % 3)')
    """
    found, outermost = [], True
    for size, stride in zip(shape, strides(shape), strict=True):
        if size == 1:
            found.append("0")
            continue
        text = offset if stride == 1 else f"({offset} // {stride})"
        found.append(text if outermost else f"({text} % {size})")
        outermost = False
    return tuple(found)


def ravel(index: Index, shape: Sequence[int]) -> str:
    """The place of an entry of a contiguous tensor.

    >>> ravel(("i", "0", "j"), (2, 1, 3))
    '(i * 3 + j)'
    """
    terms = [
        i if stride == 1 else f"{i} * {stride}"
        for i, stride in zip(index, strides(shape), strict=True)
        if i != "0"
    ]
    return terms[0] if len(terms) == 1 and "*" not in terms[0] else f"({' + '.join(terms) or '0'})"


def broadcast(index: Index, shape: Sequence[int]) -> Index:
    """Where an entry of a broadcast tensor lies in it."""
    own = index[len(index) - len(shape) :]
    return tuple("0" if size == 1 else i for i, size in zip(own, shape, strict=True))


def viewed(call: Call, result: Sequence[int], index: Index) -> Index:
    """Where the entry of a view lies in the tensor that it views."""
    tensor, *rest = call.arguments
    shape, function = tensor.shape, call.function
    if function in (_aten.view.default, _aten._unsafe_view.default):
        return _reshaped(index, result, shape)
    if function is _aten.expand.default:
        return broadcast(index, shape)
    if function is _aten.slice.Tensor:
        return _sliced(index, shape, *rest)
    if function is _aten.select.int:
        dim = rest[0] % len(shape)
        return (*index[:dim], str(rest[1] % shape[dim]), *index[dim:])
    if function is _aten.unsqueeze.default:
        dim = rest[0] % len(result)
        return (*index[:dim], *index[dim + 1 :])
    if function is _aten.squeeze.dim:
        dim = rest[0] % max(len(shape), 1)
        return index if len(shape) == len(result) else (*index[:dim], "0", *index[dim:])
    order = _order(call, len(shape))
    return tuple(index[order.index(dim)] for dim in range(len(shape)))


def padded(call: Call, result: Sequence[int], index: Index) -> tuple[Index, list[str]] | None:
    """Where an entry of a padded tensor lies in what was padded, and the conditions under which it does.

    None where the index has a number that never does.
    """
    inner, given, *rest = call.arguments
    starts, sizes, dim = [0] * len(result), list(inner.shape), None
    if call.function is _aten.select_backward.default:
        dim = rest[0] % len(result)
        starts[dim] = rest[1] % result[dim]
        sizes.insert(dim, 1)
    elif call.function is _aten.slice_backward.default:
        place, start, end, _ = rest
        starts[place] = slice(start, end).indices(result[place])[0]
    else:
        for place, before in enumerate(given[::2]):
            starts[-1 - place] = before
    moved, conditions = [], []
    for i, start, size, whole in zip(index, starts, sizes, result, strict=True):
        moved.append(shifted(i, -start))
        if not i.isdigit():
            conditions += [f"({i} >= {start})"] if start else []
            conditions += [f"({i} < {start + size})"] if start + size < whole else []
        elif not start <= int(i) < start + size:
            return None
    if dim is not None:
        del moved[dim]
    return tuple(moved), conditions


def joined(call: Call, result: Sequence[int], index: Index) -> Iterator[tuple[int, Index, str]]:
    """For each piece of a joined tensor its number, the index in it and the bound below which it lies.

    Where the index is a number, the one piece that it lies in, and no bound.
    """
    pieces = call.arguments[0]
    dim = (call.arguments[1] if len(call.arguments) > 1 else 0) % len(result)
    before = 0
    for number, piece in enumerate(pieces):
        if call.function is _aten.stack.default:
            own, size = (*index[:dim], *index[dim + 1 :]), 1
        elif piece.shape.numel() == 0:
            continue
        else:
            own = (*index[:dim], shifted(index[dim], -before), *index[dim + 1 :])
            size = piece.shape[dim]
        before += size
        if not index[dim].isdigit():
            yield number, own, f"({index[dim]} < {before})"
        elif before - size <= int(index[dim]) < before:
            yield number, own, ""


def summed(call: Call, index: Index) -> Iterator[Index]:
    """Where the terms of an entry of a sum lie."""
    shape, given = call.arguments[0].shape, call.arguments[1]
    dims = sorted({dim % len(shape) for dim in given} if given and shape else range(len(shape)))
    if len(call.arguments) > 2 and call.arguments[2]:  # the summed dimensions stay, with one entry
        index = tuple(i for dim, i in enumerate(index) if dim not in dims)
    for places in itertools.product(*(range(shape[dim]) for dim in dims)):
        found = list(index)
        for dim, place in zip(dims, places, strict=True):
            found.insert(dim, str(place))
        yield tuple(found)


def shifted(expression: str, by: int) -> str:
    """An index plus a number."""
    if expression.isdigit() and int(expression) + by >= 0:
        return str(int(expression) + by)
    return f"({expression} {'+' if by > 0 else '-'} {abs(by)})" if by else expression


def _sliced(
    index: Index,
    shape: Sequence[int],
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Index:
    dim %= len(shape)
    first, own = slice(start, end).indices(shape[dim])[0], index[dim]
    moved = str(int(own) * step) if own.isdigit() else own if step == 1 else f"({own} * {step})"
    return (*index[:dim], shifted(moved, first), *index[dim + 1 :])


def _reshaped(index: Index, old: Sequence[int], new: Sequence[int]) -> Index:
    """Where an entry of a tensor lies in another shape, dimensions that stay apart from those that do not.

    >>> _reshaped(("i", "j", "k"), (2, 3, 4), (2, 12))
    ('i', '(j * 4 + k)')
    """
    given = [(i, size) for i, size in zip(index, old, strict=True) if size != 1]
    wanted = [(dim, size) for dim, size in enumerate(new) if size != 1]
    found = ["0"] * len(new)
    while wanted:
        left, right = [given.pop(0)], [wanted.pop(0)]
        while (have := math.prod(size for _, size in left)) != (want := math.prod(size for _, size in right)):
            if have < want:
                left.append(given.pop(0))
            else:
                right.append(wanted.pop(0))
        places = (left[0][0],)
        if len(left) + len(right) > 2:
            offset = ravel(tuple(i for i, _ in left), [size for _, size in left])
            places = unravel(offset, [size for _, size in right])
        for (dim, _), place in zip(right, places, strict=True):
            found[dim] = place
    return tuple(found)


def _order(call: Call, ndim: int) -> list[int]:
    """The dimension that each dimension of a permuted tensor was."""
    if call.function is _aten.permute.default:
        return [dim % ndim for dim in call.arguments[1]]
    order = list(range(ndim))
    dims = call.arguments[1:] if call.function is _aten.transpose.int else (0, 1)
    if ndim > 1:
        first, second = (dim % ndim for dim in dims)
        order[first], order[second] = second, first
    return order
