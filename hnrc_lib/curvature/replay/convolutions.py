"""Convolutions of a recorded program that add their biases themselves."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.curvature.replay.program import Call, Slot

_aten = torch.ops.aten


def with_biases(calls: Sequence[Call], outputs: Sequence[Slot | Tensor]) -> list[Call]:
    """The same calls, a vector that is added to every place of a convolution given to it as its bias.

    That spares a pass over a layer's outputs. Calls that others replace stay in the list, unused.

    Args:
        calls: of a program, in order.
        outputs: what it returns.
    """
    rewriter = _Rewriter(calls, outputs)
    for call in calls:
        rewriter.take(call)
    return rewriter.calls


class _Rewriter:
    """One pass forward over the calls."""

    def __init__(self, calls: Sequence[Call], outputs: Sequence[Slot | Tensor]) -> None:
        self.calls: list[Call] = []
        self._makers = {slot: call for call in calls for slot in call.results if slot is not None}
        self._uses = Counter(slot for call in calls for slot in call.slots())
        self._uses.update(output for output in outputs if isinstance(output, Slot))

    def take(self, call: Call) -> None:
        """Add a call, or what stands for it."""
        result = call.results[0]
        if call.function is _aten.add.Tensor and not call.options and result is not None:
            left, right = call.arguments
            for term, spread in ((left, right), (right, left)):
                bias = self._channels(spread)
                if bias is not None and self._biased(term, bias, result):
                    return
        self.calls.append(call)

    def _channels(self, value: Any) -> Slot | None:
        """The vector (C,) that a value of shape (N, C, …) repeats everywhere, if it is one."""
        expand = self._makers.get(value) if isinstance(value, Slot) else None
        if expand is None or expand.function is not _aten.expand.default:
            return None
        view = self._makers.get(expand.arguments[0])
        if view is None or view.function is not _aten.view.default or view.results[0] is None:
            return None
        vector, shape = view.arguments[0], tuple(view.results[0].shape)
        wanted = (1, *vector.shape, *(1 for _ in value.shape[2:]))
        return vector if isinstance(vector, Slot) and len(vector.shape) == 1 and shape == wanted else None

    def _biased(self, term: Any, bias: Slot, result: Slot) -> bool:
        """Compute term + bias into the result, if a convolution in the term can take the bias."""
        maker = self._makers.get(term) if isinstance(term, Slot) else None
        if maker is None or self._uses[term] > 1:
            return False
        if maker.function is _aten.convolution.default and maker.arguments[2] is None:
            arguments = (*maker.arguments[:2], bias, *maker.arguments[3:])
            self.calls.append(Call(maker.function, arguments, {}, (result,), False))
            return True
        if maker.function is _aten.add.Tensor and not maker.options:
            left, right = maker.arguments
            for one, other in ((left, right), (right, left)):
                inner = Slot(result.shape, result.dtype, result.device)
                if isinstance(one, Slot) and one.shape == result.shape and self._biased(one, bias, inner):
                    self.calls.append(Call(maker.function, (inner, other), {}, (result,), False))
                    return True
        return False
