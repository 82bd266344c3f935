"""Runs of element-wise calls of a recorded program as one generated kernel each."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.curvature.replay.batch import batched
from hnrc_lib.curvature.replay.fused_kernel import fused_kernel
from hnrc_lib.curvature.replay.hoist import add_before_products
from hnrc_lib.curvature.replay.pointwise import MOVES, POINTWISE, VIEWS, is_known, single_results
from hnrc_lib.curvature.replay.program import Call, Program, Slot, leaves, needed, substitute

# A kernel's arguments must fit 4 KiB on older cards: three tensors a call, a pointer and two strides each.
_CALLS_A_KERNEL = 40
# How often a value may be computed anew within a kernel, at other places of its tensor or by more threads.
_COPIES = 16
_INFLATION = 8


def fuse_pointwise(program: Program) -> Program:
    """The program with runs of element-wise calls replaced by generated Triton kernels.

    A value that only one kernel reads is computed inside it; one that others read too is written as well.
    Slices, transposes, concatenations, paddings and sums of up to eight terms inside a run become index
    arithmetic. Calls move to the latest place that their readers allow, where those of one shape share a
    kernel; their inputs may live longer. Not run on a card yet: its kernels ran in Triton's interpreter.

    Args:
        program: pure calls, as ``record`` and ``simplify`` leave them.

    Returns:
        Another program with the same inputs, whose outputs are the same up to rounding; what is not known
        here, of other dtypes than float32 and float64, or alone, stays as it is. Running it needs Triton.

    >>> from hnrc_lib.curvature.replay.record import record
    >>> program = record(lambda x: [(x * x + x) * 2], [torch.zeros(3)])
    >>> len(program.calls), len(fuse_pointwise(program).calls)
    (3, 1)
    """
    program = add_before_products(program)
    calls = needed(_with_own_moves(list(single_results(program.calls))), program.outputs)
    planner = _Planner(Program(program.inputs, calls, program.outputs))
    return Program(program.inputs, list(planner.calls()), program.outputs)


def fused_rows(program: Program, width: int) -> Callable[[Sequence[Tensor]], list[Tensor]]:
    """A function of rows of the program's inputs, by fused programs.

    Args:
        program: calls on single tensors.
        width: k ≥ 1, the number of rows.

    Returns:
        Takes tensors of shapes (k, …) and returns such: one program for all rows, or one run a row where some
        operation has no rule for rows.
    """
    if width > 1:
        with contextlib.suppress(RuntimeError):  # torch's class for an operation without a rule for rows
            whole = fuse_pointwise(batched(program, width)).function()
            return lambda rows: list(whole(*rows))
    single = fuse_pointwise(program).function()

    def one_by_one(rows: Sequence[Tensor]) -> list[Tensor]:
        images = [single(*row) for row in zip(*rows, strict=True)]
        return [torch.stack(parts) for parts in zip(*images, strict=True)]

    return one_by_one


def launches(program: Program) -> int:
    """How many calls launch kernels on a card: all but views."""
    return sum(call.function not in VIEWS for call in program.calls)


def _with_own_moves(calls: list[Call]) -> list[Call]:
    """Every fusable call reads moved values by moves of its own, so that these can be fused into its kernel.

    Views of what no kernel makes are shared.
    """
    moves: dict[Slot, Call] = {}
    makes: set[Slot | None] = set()
    result: list[Call] = []

    def own(value: Any, copies: dict[Slot, Slot]) -> Any:
        if not isinstance(value, Slot) or value not in moves:
            return value
        if value not in copies:
            move = moves[value]
            arguments = substitute(move.arguments, lambda leaf: own(leaf, copies))
            if move.function in VIEWS and arguments[0] is move.arguments[0] and arguments[0] not in makes:
                return value
            copies[value] = Slot(value.shape, value.dtype, value.device)
            result.append(Call(move.function, arguments, move.options, (copies[value],), False))
        return copies[value]

    for call in calls:
        known = is_known(call)
        if known and call.function not in VIEWS:
            copies: dict[Slot, Slot] = {}
            arguments = substitute(call.arguments, lambda leaf, copies=copies: own(leaf, copies))
            call = Call(call.function, arguments, call.options, call.results, call.several)
            makes.add(call.results[0])
        result.append(call)
        if known and call.function in MOVES and (slot := call.results[0]) is not None:
            moves[slot] = call
    return result


@dataclass(eq=False)
class _Unit:
    """Calls that become one kernel, latest first.

    Attributes:
        like: a result, whose shape is that of the kernel's grid.
        distance: even, how many units follow it at most, twice.
        calls: its calls.
        written: results that others read.
    """

    like: Slot
    distance: int
    calls: list[Call] = field(default_factory=list)
    written: list[Slot] = field(default_factory=list)

    def is_full(self) -> bool:
        return sum(call.function not in VIEWS for call in self.calls) >= _CALLS_A_KERNEL


class _Planner:
    """One pass backward: the unit of each call, or its distance from the end if it stays as it is.

    A unit stands further from the end than all that read it. So do other calls, at odd distances, or at the
    distance of others that they precede in the old program. Sorting by both gives an order.
    """

    def __init__(self, program: Program) -> None:
        self._units: dict[Any, _Unit] = {}
        self._unit: dict[Call, _Unit] = {}
        self._distance: dict[Call, int] = {}
        self._contexts: dict[Call, set[Any]] = {}
        self._readers: dict[Slot, list[Call]] = {}
        self._outputs = {output for output in program.outputs if isinstance(output, Slot)}
        self._calls = program.calls
        for call in program.calls:
            for slot in dict.fromkeys(call.slots()):
                self._readers.setdefault(slot, []).append(call)
        for call in reversed(program.calls):
            self._place(call)

    def calls(self) -> Iterator[Call]:
        """The calls of the new program in order."""
        order = {call: place for place, call in enumerate(self._calls)}
        items: list[Call | _Unit] = [call for call in self._calls if call not in self._unit]
        items += self._units.values()

        def key(item: Call | _Unit) -> tuple[int, int]:
            if isinstance(item, _Unit):
                return -item.distance, order[item.calls[-1]]
            return -self._distance[item], order[item]

        for item in sorted(items, key=key):
            if not isinstance(item, _Unit):
                yield item
            elif sum(call.function not in VIEWS for call in item.calls) < 2:
                yield from item.calls[::-1]
            else:
                yield from _kernel(item)

    def _place(self, call: Call) -> None:
        readers = [reader for slot in call.results if slot for reader in self._readers.get(slot, ())]
        result = call.results[0]
        outside = any(slot in self._outputs for slot in call.results) or any(
            reader not in self._unit for reader in readers
        )
        units = {self._unit[reader] for reader in readers if reader in self._unit}
        if result is not None and is_known(call):
            if not outside and len(units) == 1 and self._joins(call, units.pop(), readers, written=False):
                return
            if call.function not in VIEWS:
                self._write(call, result, readers)
                return
        self._distance[call] = max(map(self._before_other, readers), default=-1)

    def _write(self, call: Call, result: Slot, readers: list[Call]) -> None:
        """Put a call whose result is to be written into the last unit of its shape that may hold it."""
        kind = (result.shape, result.dtype, result.device)

        def before(reader: Call) -> int:
            if reader not in self._unit:
                return self._distance[reader] + 1
            unit = self._unit[reader]
            return unit.distance + (0 if _kind(unit.like) == kind else 2)

        distance = max(map(before, readers), default=0)
        while True:
            unit = self._units.setdefault((kind, distance), _Unit(result, distance))
            if self._joins(call, unit, readers, written=True):
                return
            distance += 2

    def _joins(self, call: Call, unit: _Unit, readers: list[Call], *, written: bool) -> bool:
        """Add a call to a unit, unless it would be computed too often there or the unit is full."""
        result = call.results[0]
        assert result is not None
        contexts: set[Any] = {()} if written else set()
        for reader in readers:
            if self._unit.get(reader) is unit:
                contexts |= set(self._seen_by(reader, result))
        inflated = unit.like.shape.numel() > _INFLATION * result.shape.numel()
        if unit.is_full() or len(contexts) > _COPIES or (inflated and call.function not in VIEWS):
            return False  # one that is written has the unit's shape
        unit.calls.append(call)
        if written:
            unit.written.append(result)
        self._unit[call], self._contexts[call] = unit, contexts
        return True

    def _seen_by(self, reader: Call, value: Slot) -> Iterator[Any]:
        """In how many ways a reader in the same kernel computes indices of what it reads."""
        contexts = self._contexts[reader]
        if reader.function in POINTWISE:
            return iter(contexts)
        (first, *_) = reader.arguments
        reads = sum(leaf is value for leaf in leaves(first)) if isinstance(first, (list, tuple)) else 1
        if (result := reader.results[0]) and reader.function not in MOVES:  # a sum
            reads *= value.shape.numel() // result.shape.numel()
        return ((id(reader), read, context) for context in contexts for read in range(reads))

    def _before_other(self, reader: Call) -> int:
        return self._unit[reader].distance + 1 if reader in self._unit else self._distance[reader]


def _kernel(unit: _Unit) -> list[Call]:
    """The kernel of a unit, after views of what others made; inside, these would tell time steps apart."""
    inner: list[Call] = []
    before: list[Call] = []
    made: set[Slot | None] = set()
    for call in unit.calls[::-1]:
        if call.function in VIEWS and made.isdisjoint(call.slots()):
            before.append(call)
        else:
            made.add(call.results[0])
            inner.append(call)
    return [*before, *fused_kernel(inner, unit.written[::-1])]


def _kind(like: Slot | Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return like.shape, like.dtype, like.device
