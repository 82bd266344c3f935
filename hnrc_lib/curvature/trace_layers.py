"""Squared norms of every example's gradient, layer by layer, without the gradient where that is cheaper."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from hnrc_lib.curvature.trace_structure import AffineCheck


class LinearMap:
    """y = W a + b at L positions of each example, a linear layer or a convolution over its patches.

        ∂/∂W_n = Σ_l δ_nl a_nlᵀ,   ‖∂/∂W_n‖² = Σ_ll' (δ_nl·δ_nl')(a_nl·a_nl')

    The right-hand side needs no gradient and sums over many δ before it meets a; it is taken where it needs
    fewer multiplications than the left.

    Args:
        patches: a, shape (N, G, K, L); G groups that share no weights.
        num_signals: how many δ will come.
        width: outputs of a group.

    Ian Goodfellow, Efficient per-example gradient computations (2015), for L = 1.
    """

    def __init__(self, patches: Tensor, num_signals: int, width: int) -> None:
        self.num_examples, self.groups, size, length = patches.shape
        self.patches = patches.flatten(0, 1)
        pairs = length * (size + num_signals * width) < num_signals * size * width
        self.kernel = self.patches.mT @ self.patches if pairs else None
        self.pairs = torch.zeros_like(self.kernel) if self.kernel is not None else None
        self.weight, self.bias = 0.0, 0.0

    def add(self, signal: Tensor, weights: Tensor) -> None:
        """Add Σ_n w_n‖·‖² for one δ, shape (N, G·width, L)."""
        self.bias += _weighted(weights, signal.sum(-1).square().sum(-1))
        signal = signal.reshape(len(self.patches), -1, signal.shape[-1])
        if self.pairs is not None:
            scaled = signal * weights.repeat_interleave(self.groups)[:, None, None]
            self.pairs.baddbmm_(scaled.mT, signal)
        else:
            norms = torch.linalg.vector_norm(signal @ self.patches.mT, dim=(1, 2))
            self.weight += _weighted(weights, norms.square().view(self.num_examples, -1).sum(1))

    def totals(self) -> tuple[float, float]:
        """The sums for the weight and for the bias."""
        if self.kernel is not None and self.pairs is not None:
            return float((self.kernel * self.pairs).sum(dtype=torch.float64)), self.bias
        return self.weight, self.bias


class ChannelScale:
    """y = w ∘ x + b with one w and b a channel: batch normalisation by fixed statistics.

    Args:
        normalized: x, shape (N, C, L).
    """

    def __init__(self, normalized: Tensor) -> None:
        self.normalized = normalized
        self.weight, self.bias = 0.0, 0.0

    def add(self, signal: Tensor, weights: Tensor) -> None:
        """Add Σ_n w_n‖·‖² for one δ, shape (N, C, L)."""
        self.weight += _weighted(weights, (signal * self.normalized).sum(-1).square().sum(-1))
        self.bias += _weighted(weights, signal.sum(-1).square().sum(-1))

    def totals(self) -> tuple[float, float]:
        """The sums for the weight and for the bias."""
        return self.weight, self.bias


class RecordedLayer:
    """One call of a layer during the forward pass.

    Args:
        func: the function that was called, a key of ``LAYERS``.
        arguments: its arguments by name.
        output: what it returned, attached to the graph.
        names: parameter names of weight and bias, None for one that is no parameter.
        place: the layer's name.
    """

    def __init__(
        self,
        func: Callable[..., Tensor],
        arguments: dict[str, Any],
        output: Tensor,
        names: tuple[str | None, str | None],
        place: str,
    ) -> None:
        self.func, self.arguments, self.output, self.names, self.place = func, arguments, output, names, place
        self._version = arguments["input"]._version

    def sums(self, num_examples: int, num_signals: int) -> LinearMap | ChannelScale:
        """An empty sum of squares for this layer.

        Raises:
            ValueError: the layer's input was changed in place after the layer ran.
        """
        if self.arguments["input"]._version != self._version:
            raise ValueError(f"{self.place}: its input was changed in place afterwards")
        if self.func is functional.batch_norm:
            plain = {key: value for key, value in self.arguments.items() if key not in ("weight", "bias")}
            return ChannelScale(self.positions(functional.batch_norm(**plain), num_examples))
        width = self.arguments["weight"].shape[0]
        if self.func is functional.linear:
            patches = self.positions(self.arguments["input"], num_examples).unsqueeze(1)
            return LinearMap(patches, num_signals, width)
        groups = self.arguments.get("groups", 1)
        patches = self.positions(_patches(**self.arguments), num_examples)
        return LinearMap(patches.unflatten(1, (groups, -1)), num_signals, width // groups)

    def positions(self, values: Tensor, num_examples: int) -> Tensor:
        """Inputs or outputs of the layer as (N, channels, positions); an example may hold several rows."""
        if self.func is functional.linear:
            return values.reshape(num_examples, -1, values.shape[-1]).mT
        rows = values.reshape(num_examples, -1, values.shape[1], values[0, 0].numel())
        return rows.movedim(1, 2).flatten(2)


class LayerRecorder(TorchFunctionMode):
    """Records every linear, convolution and batch-norm call that uses one of the parameters.

    Args:
        params: name to tensor, the very tensors that the model will use.
        check: told which uses of parameters are recorded.
        place: names the layer that runs.

    Attributes:
        layers: the calls, in order.
    """

    def __init__(self, params: Mapping[str, Tensor], check: AffineCheck, place: Callable[[], str]) -> None:
        super().__init__()
        self.layers: list[RecordedLayer] = []
        self._names = {id(value): name for name, value in params.items()}
        self._check, self._place = check, place

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in LAYERS:
            return func(*args, **kwargs)
        arguments = dict(zip(LAYERS[func], args, strict=False)) | kwargs
        names = (self._name(arguments.get("weight")), self._name(arguments.get("bias")))
        if names == (None, None):
            return func(*args, **kwargs)
        with self._check.recorded_layer():
            output = func(*args, **kwargs)
        if not self._check.has_rows(output):
            return output  # made from constants alone: no example has a share of its own
        if not output.requires_grad:
            output.requires_grad_()
        self.layers.append(RecordedLayer(func, arguments, output, names, self._place()))
        return output.clone()  # an activation that works in place must not move what was recorded

    def _name(self, value: Tensor | None) -> str | None:
        return self._names.get(id(value))


_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
LAYERS: dict[Any, tuple[str, ...]] = {
    functional.linear: ("input", "weight", "bias"),
    functional.conv1d: _CONVOLUTION,
    functional.conv2d: _CONVOLUTION,
    functional.conv3d: _CONVOLUTION,
    functional.batch_norm: (
        "input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps",
    ),
}  # fmt: skip


def _patches(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, ...] = 1,
    padding: int | str | tuple[int, ...] = 0,
    dilation: int | tuple[int, ...] = 1,
    groups: int = 1,
) -> Tensor:
    """What each position of a convolution sees, (rows, channels·kernel, positions)."""
    kernel = weight.shape[2:]
    rank = len(kernel)
    strides, dilations = _each(stride, rank), _each(dilation, rank)
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilations, kernel, strict=True)]
        margins = [(total // 2, total - total // 2) for total in totals]
    else:
        margins = [(p, p) for p in _each(0 if padding == "valid" else padding, rank)]
    windows = functional.pad(input, [side for pair in reversed(margins) for side in pair])
    for axis, (k, s, d) in enumerate(zip(kernel, strides, dilations, strict=True)):
        windows = windows.unfold(2 + axis, d * (k - 1) + 1, s)[..., ::d]
    axes = range(2, 2 + rank)
    windows = windows.permute(0, 1, *(a + rank for a in axes), *axes)
    return windows.reshape(len(input), input.shape[1] * kernel.numel(), -1)


def _each(value: Any, count: int) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    return values * count if len(values) == 1 else values


def _weighted(weights: Tensor, values: Tensor) -> float:
    return float((weights * values).sum(dtype=torch.float64))
