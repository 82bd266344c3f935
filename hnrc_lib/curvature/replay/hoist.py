"""Sums taken out of the way between one matrix product and the next."""

from collections import Counter
from typing import Any

import torch

from hnrc_lib.curvature.replay.program import Call, Program, Slot, needed, substitute

_aten = torch.ops.aten


def add_before_products(program: Program) -> Program:
    """The program with (C + A B) + D as (C + D) + A B, where it is added to another product.

    In a recurrent net C and D often wait for no other product, and are the same at all steps.

    Args:
        program: pure calls.

    Returns:
        Another program whose outputs are the same up to rounding.

    >>> from hnrc_lib.curvature.replay.record import record
    >>> A = torch.ones(2, 2)
    >>> program = record(lambda c, x: [torch.addmm(torch.addmm(c, A, x) + c, x, A)], [A, A])
    >>> [str(call.function)[5:] for call in program.calls]
    ['addmm.default', 'add.Tensor', 'addmm.default']
    >>> [str(call.function)[5:] for call in add_before_products(program).calls]
    ['add.Tensor', 'addmm.default', 'addmm.default']
    """
    uses = Counter(slot for call in program.calls for slot in call.slots())
    uses.update(output for output in program.outputs if isinstance(output, Slot))
    added = {_added(call) for call in program.calls}
    hoister = _Hoister(uses)
    for call in program.calls:
        hoister.take(call, wanted=call.results[0] in added)
    outputs = tuple(hoister.now.get(x, x) if isinstance(x, Slot) else x for x in program.outputs)
    return Program(program.inputs, needed(hoister.calls, outputs), outputs)


class _Hoister:
    """One pass forward: what each slot of the old program is in the new one."""

    def __init__(self, uses: Counter[Slot]) -> None:
        self.calls: list[Call] = []
        self.now: dict[Slot, Slot] = {}
        self._uses = uses
        self._maker: dict[Slot, Call] = {}
        self._sums: dict[tuple[int, int], Slot] = {}

    def take(self, call: Call, *, wanted: bool) -> None:
        """Add one call; a sum that is wanted as a term of a product only in a better place."""
        arguments, options = substitute(
            (call.arguments, call.options), lambda x: self.now.get(x, x) if isinstance(x, Slot) else x
        )
        call = Call(call.function, arguments, options, call.results, call.several)
        result = call.results[0]
        if wanted and result is not None and self._uses[result] == 1 and _is_sum(call):
            self.now[result] = self._sum(call.arguments[0], call.arguments[1], result)
            return
        self.calls.append(call)
        self._maker.update({slot: call for slot in call.results if slot is not None})

    def _sum(self, left: Any, right: Any, like: Slot) -> Slot:
        for term, other in ((left, right), (right, left)):
            product = self._maker.get(term) if isinstance(term, Slot) else None
            if product and _added(product) is not None and self._uses[term] == 1 and term.shape == like.shape:
                total = self._sum(product.arguments[0], other, like)
                return self._new(product.function, (total, *product.arguments[1:]), like.shape, like)
        key = (id(left), id(right))
        if key not in self._sums:
            shape = torch.broadcast_shapes(left.shape, right.shape)
            self._sums[key] = self._new(_aten.add.Tensor, (left, right), shape, like)
        return self._sums[key]

    def _new(self, function: Any, arguments: tuple[Any, ...], shape: torch.Size, like: Slot) -> Slot:
        slot = Slot(shape, like.dtype, like.device)
        self._uses[slot] = 1
        self.calls.append(Call(function, arguments, {}, (slot,), False))
        self._maker[slot] = self.calls[-1]
        return slot


def _added(call: Call) -> Slot | None:
    """C of C + A B."""
    if call.function is not _aten.addmm.default or call.options or not isinstance(call.arguments[0], Slot):
        return None
    return call.arguments[0]


def _is_sum(call: Call) -> bool:
    """Whether it is a sum of two tensors of the result's dtype."""
    result = call.results[0]
    return (
        call.function is _aten.add.Tensor
        and not call.options
        and all(getattr(x, "dtype", None) == result.dtype for x in call.arguments)  # pyright: ignore[reportOptionalMemberAccess]
    )
