"""A straight line of tensor operations, as data and as a Python function."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

_aten = torch.ops.aten

# torch's own bindings of these operations parse their arguments several times faster than the operator
# objects do, which is a third of the time of a product with a small network.
_BINDINGS: dict[Any, Callable[..., Any]] = {
    _aten.mm.default: torch.mm,
    _aten.addmm.default: torch.addmm,
    _aten.bmm.default: torch.bmm,
    _aten.baddbmm.default: torch.baddbmm,
    _aten.t.default: torch.t,
    _aten.transpose.int: torch.transpose,
    # Reshaping: a simplified program may hold a transposed tensor where the recorded one held a fresh one.
    _aten.view.default: Tensor.reshape,
    _aten._unsafe_view.default: Tensor.reshape,
    _aten.expand.default: Tensor.expand,
    _aten.add.Tensor: torch.add,
    _aten.sub.Tensor: torch.sub,
    _aten.mul.Tensor: torch.mul,
    _aten.sum.dim_IntList: torch.sum,
}


@dataclass(eq=False)
class Slot:
    """A tensor that is another one at each replay; its shape, dtype and device stay."""

    shape: torch.Size
    dtype: torch.dtype
    device: torch.device


@dataclass(eq=False)
class Call:
    """One operation: arguments hold slots, constant tensors and plain values.

    Attributes:
        function: an operator overload.
        arguments: positional arguments.
        options: keyword arguments.
        results: a slot for each tensor that it returns, None for those that nobody needs.
        several: it returns a tuple.
    """

    function: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    results: tuple[Slot | None, ...]
    several: bool

    def slots(self) -> Iterator[Slot]:
        """The slots that it reads."""
        return (leaf for leaf in leaves((self.arguments, self.options)) if isinstance(leaf, Slot))


@dataclass(eq=False)
class Program:
    """Calls in the order in which they run.

    Attributes:
        inputs: slots filled by the caller.
        calls: operations, each reading inputs and earlier results.
        outputs: what is returned, slots or constants.
    """

    inputs: tuple[Slot, ...]
    calls: list[Call] = field(default_factory=list)
    outputs: tuple[Slot | Tensor, ...] = ()

    def constants(self) -> Iterator[Tensor]:
        """The constant tensors that it holds, some of them several times."""
        for call in self.calls:
            yield from (x for x in leaves((call.arguments, call.options)) if isinstance(x, Tensor))
        yield from (x for x in self.outputs if isinstance(x, Tensor))

    def function(self) -> Callable[..., tuple[Tensor, ...]]:
        """The program as a Python function of its inputs; a result is let go after its last use."""
        return _Writer(self).function()


def bound(function: Any) -> Any:
    """What to call for an operator overload with positional arguments alone."""
    return _BINDINGS.get(function, function)


def substitute(value: Any, change: Callable[[Any], Any]) -> Any:
    """A nest of tuples, lists and dicts with every leaf changed."""
    if isinstance(value, (tuple, list)):
        return type(value)([substitute(item, change) for item in value])
    if isinstance(value, dict):
        return {key: substitute(item, change) for key, item in value.items()}
    return change(value)


def leaves(value: Any) -> Iterator[Any]:
    """The leaves of a nest of tuples, lists and dicts."""
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        yield from leaves(list(value.values()))
    else:
        yield value


class _Writer:
    """Python source for a program: one line a call, tensors and functions as names."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[Slot, str] = {}
        self.values: dict[str, Any] = {}
        self.constants: dict[int, str] = {}

    def function(self) -> Callable[..., tuple[Tensor, ...]]:
        program, last = self.program, self._last_uses()
        parameters = [self._new(slot) for slot in program.inputs]
        lines = [f"def replay({', '.join(parameters)}):"]
        for index, call in enumerate(program.calls):
            lines.append(f"    {self._line(call)}")
            gone = [self.names[slot] for slot in last.get(index, ())]
            if gone:
                lines.append(f"    del {', '.join(gone)}")
        returned = "".join(f"{self._text(output)}, " for output in program.outputs)
        lines.append(f"    return ({returned})")
        exec("\n".join(lines), self.values)
        return self.values.pop("replay")  # left there, it would hold itself

    def _last_uses(self) -> dict[int, list[Slot]]:
        outputs, last = set(self.program.outputs), {}
        for index, call in enumerate(self.program.calls):
            last.update(dict.fromkeys(call.slots(), index))
        by_index: dict[int, list[Slot]] = {}
        for slot, index in last.items():
            if slot not in outputs:
                by_index.setdefault(index, []).append(slot)
        return by_index

    def _line(self, call: Call) -> str:
        function = call.function if call.options else bound(call.function)
        texts = [self._text(argument) for argument in call.arguments]
        texts += [f"{key}={self._text(value)}" for key, value in call.options.items()]
        result = ", ".join("_" if slot is None else self._new(slot) for slot in call.results)
        return f"{result}{', ' if call.several else ''} = {self._constant(function)}({', '.join(texts)})"

    def _text(self, value: Any) -> str:
        if isinstance(value, Slot):
            return self.names[value]
        if isinstance(value, (tuple, list)) and any(isinstance(leaf, Slot) for leaf in leaves(value)):
            return f"[{', '.join(self._text(item) for item in value)}]"
        return self._constant(value)

    def _new(self, slot: Slot) -> str:
        return self.names.setdefault(slot, f"x{len(self.names)}")

    def _constant(self, value: Any) -> str:
        name = self.constants.setdefault(id(value), f"c{len(self.constants)}")
        self.values[name] = value
        return name


def needed(calls: Iterable[Call], outputs: Iterable[Slot | Tensor]) -> list[Call]:
    """The calls that some output depends on, with the results that nobody reads set to None."""
    wanted, kept = {output for output in outputs if isinstance(output, Slot)}, []
    for call in reversed(list(calls)):
        results = tuple(slot if slot in wanted else None for slot in call.results)
        if any(results):
            kept.append(Call(call.function, call.arguments, call.options, results, call.several))
            wanted.update(call.slots())
    return kept[::-1]
