"""Convolutions of a recorded program in cheaper forms."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from hnrc_lib.curvature.replay.program import Call, Slot

_aten = torch.ops.aten
# Entries of a patch. Kernels for convolutions are slow with few input channels, where the patches are few
# times the input; beyond this they would take more memory than they save time.
_MOST_ENTRIES = 32


def cheaper_convolutions(calls: Sequence[Call], outputs: Sequence[Slot | Tensor]) -> list[Call]:
    """Biases added by the convolution itself; matrix products where patches of a constant will do.

    The first layer of a network convolves the same features in every product. Its patches, taken once,
    turn the convolution into one matrix product an example, ten times faster for a single channel. Calls
    that these replace stay in the list, unused.

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
        self._patches: dict[Any, Tensor] = {}

    def take(self, call: Call) -> None:
        """Add a call, or what stands for it."""
        result = call.results[0]
        if call.function is _aten.add.Tensor and not call.options and result is not None:
            left, right = call.arguments
            for term, spread in ((left, right), (right, left)):
                bias = self._channels(spread)
                if bias is not None and self._biased(term, bias, result):
                    return
        if call.function is _aten.convolution.default and self._forward(call):
            return
        if call.function is _aten.convolution_backward.default and self._backward(call):
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
            call = Call(maker.function, arguments, {}, (result,), False)
            if not self._forward(call):
                self.calls.append(call)
            return True
        if maker.function is _aten.add.Tensor and not maker.options:
            left, right = maker.arguments
            for one, other in ((left, right), (right, left)):
                inner = Slot(result.shape, result.dtype, result.device)
                if isinstance(one, Slot) and one.shape == result.shape and self._biased(one, bias, inner):
                    self.calls.append(Call(maker.function, (inner, other), {}, (result,), False))
                    return True
        return False

    def _forward(self, call: Call) -> bool:
        """W * X + b of a constant X, as W P + b with its patches P (N, K, L)."""
        inputs, weight, bias, *rest = call.arguments
        result = call.results[0]
        if not isinstance(weight, Slot) or not self._few(inputs, weight, rest) or result is None:
            return False
        patches = self._patched(inputs, weight, rest)
        batch, entries, length = patches.shape
        flat = self._add(_aten.view.default, weight, [1, weight.shape[0], entries])
        rows = self._add(_aten.expand.default, flat, [batch, weight.shape[0], entries])
        if bias is None:
            product = self._add(_aten.bmm.default, rows, patches)
        else:
            column = self._add(_aten.view.default, bias, [1, weight.shape[0], 1])
            product = self._add(_aten.baddbmm.default, column, rows, patches)
        assert math.prod(result.shape) == batch * weight.shape[0] * length
        self.calls.append(Call(_aten.view.default, (product, list(result.shape)), {}, (result,), False))
        return True

    def _backward(self, call: Call) -> bool:
        """The gradients Σ_n D_n P_nᵀ and Σ D of weight and bias, for a constant input that needs none."""
        signal, inputs, weight, _, *rest = call.arguments
        by_input, by_weight, by_bias = call.results
        if by_input is not None or not isinstance(signal, Slot) or not self._few(inputs, weight, rest):
            return False
        patches = self._patched(inputs, weight, rest)
        batch, _, length = patches.shape
        channels = weight.shape[0]
        flat = self._add(_aten.view.default, signal, [batch, channels, length])
        if by_weight is not None:
            each = self._add(_aten.bmm.default, flat, patches.mT)
            total = self._add(_aten.sum.dim_IntList, each, [0])
            self.calls.append(Call(_aten.view.default, (total, list(weight.shape)), {}, (by_weight,), False))
        if by_bias is not None:
            self.calls.append(Call(_aten.sum.dim_IntList, (flat, [0, 2]), {}, (by_bias,), False))
        return True

    def _few(self, inputs: Any, weight: Any, rest: Sequence[Any]) -> bool:
        """Whether a convolution is of a constant with small patches, plain and ungrouped."""
        transposed, groups = rest[3], rest[5]
        plain = isinstance(inputs, Tensor) and len(weight.shape) in (3, 4) and not transposed and groups == 1
        return plain and math.prod(weight.shape[1:]) <= _MOST_ENTRIES

    def _patched(self, inputs: Tensor, weight: Any, rest: Sequence[Any]) -> Tensor:
        stride, padding, dilation = (list(numbers) for numbers in rest[:3])
        kernel = list(weight.shape[2:])
        key = (id(inputs), *map(tuple, (kernel, stride, padding, dilation)))
        if key not in self._patches:
            images = inputs
            if len(kernel) == 1:  # one-dimensional: images of height one
                images = inputs.unsqueeze(2)
                kernel, stride, dilation, padding = [1, *kernel], [1, *stride], [1, *dilation], [0, *padding]
            sizes: Any = (kernel, dilation, padding, stride)
            self._patches[key] = functional.unfold(images, *sizes)
        return self._patches[key]

    def _add(self, function: Any, *arguments: Any) -> Slot:
        """A new call, whose result has the shape that the operation gives."""

        def like(value: Any) -> Any:
            if isinstance(value, Slot):
                return torch.empty(value.shape, dtype=value.dtype, device="meta")
            return value.to("meta") if isinstance(value, Tensor) else value

        shape = function(*map(like, arguments)).shape
        first = next(value for value in arguments if isinstance(value, Slot))
        result = Slot(shape, first.dtype, first.device)
        self.calls.append(Call(function, arguments, {}, (result,), False))
        return result
