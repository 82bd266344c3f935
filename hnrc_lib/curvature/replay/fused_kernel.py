"""Source text of Triton kernels for runs of element-wise calls, and their launch."""

import linecache
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.curvature.replay import places
from hnrc_lib.curvature.replay.places import Index
from hnrc_lib.curvature.replay.pointwise import FLOATS, JOINS, PADDINGS, POINTWISE, SCALED, VIEWS
from hnrc_lib.curvature.replay.program import Call, Slot

_BLOCK = 256
_SELECT = torch.ops.aten.select.int


def fused_kernel(calls: Sequence[Call], written: Sequence[Slot]) -> list[Call]:
    """Known calls as one call to a generated kernel, one thread for each entry of a result.

    Args:
        calls: in order, each known to ``is_known``.
        written: the results to return, of one shape and dtype.

    Returns:
        Views, and a call that reads them and other tensors, of any strides, and writes contiguous ones.
    """
    text = _Text(calls, written[0])
    for slot in written:
        text.store(slot)
    launch = Launch(text.source(), written)
    return [*text.views, Call(launch, tuple(text.inputs), {}, tuple(written), True)]


class Launch:
    """A generated kernel with the shapes of what it writes.

    Args:
        source: of a function ``fused``.
        written: what it returns.
    """

    def __init__(self, source: str, written: Sequence[Slot]) -> None:
        self.source = source
        self._like, self._count = written[0], len(written)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        shape, dtype, device = self._like.shape, self._like.dtype, self._like.device
        results = tuple(torch.empty(shape, dtype=dtype, device=device) for _ in range(self._count))
        arguments: list[Any] = list(results)
        for tensor in inputs:
            arguments.append(tensor)
            arguments += [step for step, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1]
        with torch.cuda.device_of(results[0]):
            compiled(self.source)[(-(-shape.numel() // _BLOCK),)](*arguments, BLOCK=_BLOCK)
        return results


@cache
def compiled(source: str) -> Any:
    """The Triton function of a source text; equal texts share one, with all that Triton compiled for it."""
    import triton
    import triton.language as tl

    # Triton reads a function's source as inspect does, from the lines that are kept under its file's name.
    name = f"<fused {sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    values: dict[str, Any] = {"tl": tl, "__name__": __name__}
    exec(compile(source, name, "exec"), values)
    return triton.jit(values["fused"])


class _Text:
    """The lines of one kernel; every expression gets a name once."""

    def __init__(self, calls: Sequence[Call], like: Slot) -> None:
        self.inputs: list[Tensor | Slot] = []
        self.views: list[Call] = []
        self._like = like
        self._maker = {call.results[0]: call for call in calls}
        self._parameters: list[str] = []
        self._strides: list[list[str]] = []
        self._numbers: dict[str, Tensor] = {}
        self._places: dict[Any, int] = {}
        self._selected: dict[Any, Slot | Tensor] = {}
        self._lines: list[str] = []
        self._names: dict[str, str] = {}
        self._values: dict[Any, str] = {}
        self._stores: list[str] = []
        self._index = tuple(i if i == "0" else self._named(i) for i in places.unravel("lane", like.shape))

    def store(self, slot: Slot) -> None:
        """Let the kernel write a value at every place."""
        value = self._value(slot, self._index, "inside")
        self._stores.append(f"tl.store(out{len(self._stores)} + lane, {value}, mask=inside)")

    def source(self) -> str:
        """The whole function."""
        outputs = [f"out{number}" for number in range(len(self._stores))]
        parameters = ", ".join([*outputs, *self._parameters, "BLOCK: tl.constexpr"])
        lines = [
            "lane = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)",
            f"inside = lane < {self._like.shape.numel()}",
            *self._lines,
            *self._stores,
        ]
        return "\n    ".join([f"def fused({parameters}):", *lines]) + "\n"

    def _named(self, expression: str, letter: str = "i") -> str:
        if expression not in self._names:
            self._names[expression] = f"{letter}{len(self._names)}"
            self._lines.append(f"{self._names[expression]} = {expression}")
        return self._names[expression]

    def _where(self, index: Index) -> Index:
        return tuple(self._named(i) if i.startswith("(") else i for i in index)

    def _value(self, tensor: Slot | Tensor, index: Index, mask: str) -> str:
        """The name of a tensor's entry at an index, zero or anything where the mask is false."""
        call = self._maker.get(tensor) if isinstance(tensor, Slot) else None
        if call is None:
            return self._loaded(tensor, index, mask)
        key = (tensor, index, mask)
        if key not in self._values:
            self._values[key] = self._computed(call, tensor.shape, index, mask)
        return self._values[key]

    def _selection(self, tensor: Slot | Tensor, index: Index) -> tuple[Slot | Tensor, Index]:
        """The part of a tensor at the numbers in an index: a view, so that time steps share a kernel."""
        for dim in reversed(range(len(index))):
            if not index[dim].isdigit():
                continue
            key = (id(tensor), dim, int(index[dim]))
            if key not in self._selected:
                if isinstance(tensor, Tensor):
                    self._selected[key] = tensor.select(*key[1:])
                else:
                    shape = torch.Size((*tensor.shape[:dim], *tensor.shape[dim + 1 :]))
                    slot = self._selected[key] = Slot(shape, tensor.dtype, tensor.device)
                    self.views.append(Call(_SELECT, (tensor, *key[1:]), {}, (slot,), False))
            tensor, index = self._selected[key], (*index[:dim], *index[dim + 1 :])
        return tensor, index

    def _loaded(self, tensor: Slot | Tensor, index: Index, mask: str) -> str:
        tensor, index = self._selection(tensor, index)
        if id(tensor) not in self._places:
            place = self._places[id(tensor)] = len(self.inputs)
            self.inputs.append(tensor)
            self._strides.append(
                [f"s{place}_{dim}" if size > 1 else "" for dim, size in enumerate(tensor.shape)]
            )
            self._parameters += [f"in{place}", *filter(None, self._strides[place])]
        place = self._places[id(tensor)]
        if tensor.shape.numel() == 1:
            return self._named(f"tl.load(in{place})", "v")
        steps = zip(index, self._strides[place], strict=True)
        terms = " + ".join(f"{i} * {step}" for i, step in steps if step and i != "0")
        # An index of numbers alone would make one address; this one has as many as there are lanes.
        return self._named(f"tl.load(in{place} + lane * 0 + {terms or 0}, mask={mask}, other=0.0)", "v")

    def _computed(self, call: Call, shape: torch.Size, index: Index, mask: str) -> str:
        function = call.function
        if function in POINTWISE:
            return self._pointwise(call, index, mask)
        if function in VIEWS:
            return self._value(call.arguments[0], self._where(places.viewed(call, shape, index)), mask)
        if function in PADDINGS:
            return self._padded(call, shape, index, mask)
        if function in JOINS:
            return self._joined(call, shape, index, mask)
        terms = [self._value(call.arguments[0], own, mask) for own in places.summed(call, index)]
        return self._named(" + ".join(terms), "v")

    def _padded(self, call: Call, shape: torch.Size, index: Index, mask: str) -> str:
        found = places.padded(call, shape, index)
        if found is None:
            return self._named(f"tl.zeros([BLOCK], {FLOATS[self._like.dtype]})", "v")
        own, conditions = found
        part = self._named(" & ".join([mask, *conditions]), "m") if conditions else mask
        value = self._value(call.arguments[0], self._where(own), part)
        return self._named(f"tl.where({part}, {value}, 0.0)", "v") if conditions else value

    def _joined(self, call: Call, shape: torch.Size, index: Index, mask: str) -> str:
        values: list[str] = []
        bounds: list[str] = []
        for number, own, bound in places.joined(call, shape, index):
            # Below its bound, and not below the one before.
            within = [mask, bound, *(f"({last} == 0)" for last in bounds[-1:])]
            part = self._named(" & ".join(within), "m") if bound else mask
            values.append(self._value(call.arguments[0][number], self._where(own), part))
            bounds.append(bound)
        text = values[-1]
        for value, bound in zip(values[-2::-1], bounds[-2::-1], strict=True):
            text = f"tl.where({bound}, {value}, {text})"
        return self._named(text, "v") if len(values) > 1 else text

    def _pointwise(self, call: Call, index: Index, mask: str) -> str:
        text, arguments = POINTWISE[call.function], list(call.arguments)
        if call.options:
            option, text = SCALED[call.function]
            arguments.append(call.options[option])
        names = []
        for argument in arguments:
            tensor = argument if isinstance(argument, (Slot, Tensor)) else self._number(argument)
            names.append(self._value(tensor, places.broadcast(index, tensor.shape), mask))
        return self._named(text.format(*names), "v")

    def _number(self, number: float) -> Tensor:
        """A number as a tensor: all its digits, and one kernel for all numbers."""
        key = repr(number)  # 0.0 is not -0.0
        if key not in self._numbers:
            self._numbers[key] = torch.tensor(number, dtype=self._like.dtype, device=self._like.device)
        return self._numbers[key]
