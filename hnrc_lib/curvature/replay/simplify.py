"""The same straight line with less in it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.curvature.replay.convolutions import with_biases
from hnrc_lib.curvature.replay.program import Call, Program, Slot, bound, leaves, needed, substitute

_aten = torch.ops.aten
_SAME = {_aten.detach.default, _aten.alias.default}
_VIEWS = {_aten.view.default, _aten._unsafe_view.default, _aten.expand.default}
_FACTORIES = {  # they read a shape alone
    _aten.zeros_like.default,
    _aten.ones_like.default,
    _aten.full_like.default,
    _aten.new_zeros.default,
    _aten.new_ones.default,
    _aten.new_full.default,
}
_BILINEAR = {_aten.mm.default, _aten.bmm.default, _aten.mul.Tensor}
_JOINED = {_aten.mm.default: _aten.addmm.default, _aten.bmm.default: _aten.baddbmm.default}
_PARTED = {joined: product for product, joined in _JOINED.items()}


def simplify(
    program: Program, inputs: Sequence[int] | None = None, outputs: Sequence[int] | None = None
) -> Program:
    """Fold what is constant, leave out zero terms, repeated and unused calls, and join sums with products.

    The result may take a part of the inputs, the others being zero, and return a part of the outputs.

    Args:
        program: pure calls, linear in the inputs.
        inputs: places of the inputs to keep; all when left out.
        outputs: places of the outputs to keep; all when left out.

    Returns:
        Another program whose outputs are the same up to rounding.
    """
    kept = range(len(program.inputs)) if inputs is None else inputs
    returned = range(len(program.outputs)) if outputs is None else outputs
    reducer = _Reducer()
    for place, slot in enumerate(program.inputs):
        if place not in kept:
            reducer.set_zero(slot)
    for call in program.calls:
        reducer.take(call)
    new_outputs = tuple(reducer.now(program.outputs[place]) for place in returned)
    calls = _join(needed(reducer.calls, new_outputs), new_outputs)
    calls = needed(with_biases(calls, new_outputs), new_outputs)
    return Program(
        tuple(program.inputs[place] for place in kept), [_masked(call) for call in calls], new_outputs
    )


class _Reducer:
    """One pass forward: what each slot of the old program is in the new one."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._now: dict[Slot, Slot | Tensor] = {}
        self._maker: dict[Slot, Call] = {}
        self._seen: dict[Any, tuple[Slot | None, ...]] = {}
        self._zeros: dict[int, Tensor] = {}

    def now(self, value: Any) -> Any:
        """A slot of the old program in the new one; anything else is what it was."""
        return self._now.get(value, value) if isinstance(value, Slot) else value

    def zero(self, slot: Slot) -> Tensor:
        """A constant like a slot."""
        zero = torch.zeros(slot.shape, dtype=slot.dtype, device=slot.device)
        return self._zeros.setdefault(id(zero), zero)

    def set_zero(self, slot: Slot) -> None:
        """Let a slot be zero from here on."""
        self._now[slot] = self.zero(slot)

    def take(self, call: Call) -> None:
        """Add one call of the old program, or what is left of it."""
        arguments, options = substitute((call.arguments, call.options), self.now)
        if call.function in _FACTORIES:
            arguments = substitute(arguments, lambda x: self.zero(x) if isinstance(x, Slot) else x)
        call = Call(call.function, arguments, options, call.results, call.several)
        if not any(True for _ in call.slots()):
            self._fold(call)
        elif call.several or call.results[0] is None or not self._rewrite(call, call.results[0]):
            self._append(self._unjoined(call))

    def _fold(self, call: Call) -> None:
        function = call.function if call.options else bound(call.function)
        values = function(*call.arguments, **call.options)
        from_zero = any(id(leaf) in self._zeros for leaf in leaves(call.arguments))
        for slot, value in zip(call.results, values if call.several else (values,), strict=True):
            if slot is not None:
                self._now[slot] = value
                if from_zero and not bool(value.any()):
                    self._zeros[id(value)] = value

    def _append(self, call: Call) -> None:
        key = (call.function, _frozen(call.arguments), _frozen(call.options))
        earlier = self._seen.setdefault(key, call.results)
        if earlier is call.results:
            self._maker.update({slot: call for slot in call.results if slot is not None})
            self.calls.append(call)
            return
        for slot, other in zip(call.results, earlier, strict=True):
            if slot is not None and other is not None:
                self._now[slot] = other

    def _rewrite(self, call: Call, result: Slot) -> bool:
        """Whether the result is something that is there already."""
        function, first = call.function, call.arguments[0]
        known_zero = any(id(leaf) in self._zeros for leaf in leaves(call.arguments))
        if known_zero and function in _BILINEAR:
            self.set_zero(result)
        elif function in _SAME or (function in _VIEWS and _shape(first) == result.shape):
            self._now[result] = first
        elif (turned := _turn(call)) and (inner := self._turned(first, turned)) is not None:
            self._now[result] = inner
        elif function in _PARTED and not call.options:  # C + A B with A or B zero
            if not any(id(factor) in self._zeros for factor in call.arguments[1:]) or not _alike(
                first, result
            ):
                return False
            self._now[result] = first
        elif function is _aten.add.Tensor and not call.options:
            return self._rewrite_sum(call, result)
        else:
            return False
        return True

    def _unjoined(self, call: Call) -> Call:
        """0 + A B as A B."""
        if call.function in _PARTED and not call.options and id(call.arguments[0]) in self._zeros:
            return Call(_PARTED[call.function], call.arguments[1:], {}, call.results, False)
        return call

    def _rewrite_sum(self, call: Call, result: Slot) -> bool:
        left, right = call.arguments
        for term, other in ((left, right), (right, left)):
            if isinstance(term, Tensor) and self._is_zero(term) and _alike(other, result):
                self._now[result] = other
                return True
        turn = _turn(self._maker[left]) if left in self._maker else None
        if turn and _alike(left, result) and _alike(right, result):
            a, b = self._turned(left, turn), self._turned(right, turn)
            if a is not None and b is not None:  # Aᵀ + Bᵀ = (A + B)ᵀ, a sum that can join a product
                total = Slot(a.shape, result.dtype, result.device)
                self._append(Call(call.function, (a, b), {}, (total,), False))
                self._append(Call(_aten.transpose.int, (self.now(total), *turn), {}, (result,), False))
                return True
        return False

    def _turned(self, value: Any, turn: tuple[int, int]) -> Slot | None:
        """X, where the value is X with two dimensions exchanged."""
        maker = self._maker.get(value) if isinstance(value, Slot) else None
        return maker.arguments[0] if maker is not None and _turn(maker) == turn else None

    def _is_zero(self, value: Tensor) -> bool:
        if id(value) not in self._zeros and not bool(value.any()):
            self._zeros[id(value)] = value
        return id(value) in self._zeros


def _join(calls: list[Call], outputs: Sequence[Slot | Tensor]) -> list[Call]:
    """Sums whose one term is a matrix product used nowhere else become one call with it."""
    uses = Counter(slot for call in calls for slot in call.slots())
    uses.update(output for output in outputs if isinstance(output, Slot))
    products: dict[Slot, Call] = {}
    joined: list[Call] = []
    for call in calls:
        function, result = call.function, call.results[0]
        if function in _JOINED and result is not None and uses[result] == 1:
            products[result] = call
        elif function is _aten.add.Tensor and not call.options and result is not None:
            left, right = call.arguments
            for term, other in ((right, left), (left, right)):
                product = products.get(term) if isinstance(term, Slot) else None
                if product is not None and _alike(term, result) and _dtype(other) == result.dtype:
                    joined.remove(product)
                    call = Call(
                        _JOINED[product.function], (other, *product.arguments), {}, call.results, False
                    )
                    break
        joined.append(call)
    return joined


def _masked(call: Call) -> Call:
    """A convolution's backward without the gradients that nobody reads."""
    if call.function is not _aten.convolution_backward.default:
        return call
    mask = [
        wanted and slot is not None for wanted, slot in zip(call.arguments[10], call.results, strict=True)
    ]
    return Call(call.function, (*call.arguments[:10], mask), call.options, call.results, True)


def _turn(call: Call) -> tuple[int, int] | None:
    """The two dimensions that a call exchanges."""
    if call.function is _aten.t.default and len(_shape(call.arguments[0])) == 2:
        return (0, 1)
    if call.function is not _aten.transpose.int:
        return None
    ndim = len(_shape(call.arguments[0]))
    first, second = sorted(dim % ndim for dim in call.arguments[1:])
    return (first, second)


def _alike(value: Any, slot: Slot) -> bool:
    return _shape(value) == slot.shape and value.dtype == slot.dtype


def _dtype(value: Any) -> torch.dtype | None:
    return value.dtype if isinstance(value, (Slot, Tensor)) else None


def _shape(value: Any) -> torch.Size:
    return value.shape if isinstance(value, (Slot, Tensor)) else torch.Size()


def _frozen(value: Any) -> Any:
    """A nest as something hashable, tensors and slots by identity, 1 apart from 1.0 and True."""
    if isinstance(value, (tuple, list)):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return tuple((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, Tensor):
        return (Tensor, id(value))
    return (type(value), value)
