"""Writing down the operations that a function of tensors runs."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from hnrc_lib.curvature.replay.program import Call, Program, Slot, leaves, substitute


class NotReplayable(RuntimeError):
    """A function did something that a list of operations cannot repeat."""


def record(function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> Program:
    """Run a function once and keep the operations that depend on its inputs.

    Operations below autograd and vmap are seen, so that a backward pass comes out as the list of kernels that
    it calls. Whatever does not depend on the inputs has run by then, and its result is a constant.

    Args:
        function: takes the inputs, returns tensors. It must not draw random numbers, look at values, or write
            to any tensor but one that it made itself and holds no views of.
        inputs: example inputs; another call may have other values, not other shapes.

    Raises:
        NotReplayable: it did one of these, or returned a tensor that no recorded operation made.

    >>> program = record(lambda x: [x * 2 + torch.ones(2)], [torch.zeros(2)])
    >>> [str(call.function) for call in program.calls]
    ['aten.mul.Tensor', 'aten.add.Tensor']
    >>> program.function()(torch.tensor([1.0, 2.0]))
    (tensor([3., 5.]),)
    """
    # A fresh alias each: the same tensor given twice has to become two inputs.
    fresh = [value.detach().view_as(value) for value in inputs]
    recorder = _Recorder()
    slots = tuple(recorder.track(value) for value in fresh)
    with recorder:
        outputs = function(*fresh)
    return Program(slots, recorder.calls, tuple(recorder.replaced(output) for output in outputs))


class _Recorder(TorchDispatchMode):
    """Every kernel that runs below autograd passes here."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._slots: dict[int, Slot] = {}
        self._constants: dict[int, Tensor] = {}
        self._made: set[int] = set()
        self._alive: list[Tensor] = []  # an id means one tensor only as long as that lives

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first operation would import the compiler, for seconds

    def track(self, tensor: Tensor) -> Slot:
        """A slot for a tensor that depends on the inputs."""
        if id(tensor) not in self._slots:
            self._alive.append(tensor)
        self._slots[id(tensor)] = Slot(tensor.shape, tensor.dtype, tensor.device)
        return self._slots[id(tensor)]

    def replaced(self, value: Any) -> Any:
        """The slot of a tracked tensor; another tensor as a constant; any other value as it is."""
        if not isinstance(value, Tensor):
            return value
        if id(value) in self._slots:
            return self._slots[id(value)]
        if id(value) not in self._constants:
            self._alive.append(value)
            self._constants[id(value)] = value.detach()
        return self._constants[id(value)]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise NotReplayable(f"{func} draws random numbers")
        if func is torch.ops.aten.as_strided.default:
            raise NotReplayable(f"{func} reads memory by its layout")
        read = [x for x in leaves((args, options)) if isinstance(x, Tensor)]
        tracked = any(id(x) in self._slots for x in read)
        recorded = self._without_writing(func, args, tracked) if func._schema.is_mutable else func
        arguments, keywords = substitute((args, options), self.replaced) if tracked else (args, options)
        result = func(*args, **options)
        several = isinstance(result, (tuple, list))
        tensors = tuple(result) if several else (result,)
        before = {_place(x) for x in read}
        self._made.update(_place(x) for x in tensors if isinstance(x, Tensor) and _place(x) not in before)
        if not tracked:
            return result
        if not all(x is None or isinstance(x, Tensor) for x in tensors):
            raise NotReplayable(f"{func} looks at a value")
        slots = tuple(None if x is None else self.track(x) for x in tensors)
        self.calls.append(Call(recorded, arguments, keywords, slots, several))
        return result

    def _without_writing(self, func: Any, args: Any, tracked: bool) -> Any:
        """The operation that returns what ``func`` writes over its first argument, if nobody else sees it."""
        name, target = func._schema.name.removeprefix("aten::"), args[0]
        twin = getattr(getattr(torch.ops.aten, name[:-1], None), func._overloadname, None)
        writes = [x.alias_info is not None and x.alias_info.is_write for x in func._schema.arguments]
        own = writes[0] and sum(writes) == 1 and _place(target) in self._made
        if own and name.endswith("_") and twin is not None and (id(target) in self._slots) >= tracked:
            others = (x for x in self._alive if x is not target or id(x) in self._constants)
            if not any(_place(x) == _place(target) for x in others):
                return twin
        raise NotReplayable(f"{func} writes to a tensor that others may see")


def _place(tensor: Tensor) -> int:
    """Where a tensor's storage lies."""
    return tensor.untyped_storage().data_ptr()
