"""Stock layers as they are, sent to twins that can be differentiated twice while a loss is evaluated."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from hnrc_lib.curvature.patches import convolve_patches, patches_pay
from hnrc_lib.models.recurrent import run_recurrent
from hnrc_lib.sequence import ctc_loss

Handler = Callable[..., Any]


@contextmanager
def rerouted(*, move_statistics: bool = False) -> Iterator[None]:
    """Within it, stock torch layers compute what they always do, with right second derivatives.

    ``nn.RNN``, ``nn.LSTM`` and ``nn.GRU`` run on our sweeps where a second derivative is asked, attention on
    its plain formula, ``F.ctc_loss`` on our lattice; a convolution of data with few channels becomes a matrix
    product on the CPU, which is faster. Batch and instance normalisation in training mode use
    the statistics of the batch and leave their running ones, and their counters, as they were.

    Args:
        move_statistics: let the running statistics and counters move, once an evaluation, as in training.

    Raises:
        ValueError: dropout in training mode is met; the message says what to do.

    >>> norm = torch.nn.BatchNorm1d(2)
    >>> with rerouted():
    ...     _ = norm(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> norm.running_mean, norm.num_batches_tracked
    (tensor([0., 0.]), tensor(0))
    """
    with ExitStack() as stack:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        mode = stack.enter_context(_Rerouting(move_statistics))
        try:
            yield
        finally:
            mode.put_back()


class _Rerouting(TorchFunctionMode):
    """Looks up every torch function that is called; most pass."""

    def __init__(self, move_statistics: bool) -> None:
        super().__init__()
        self._move = move_statistics
        self._counters: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self._move and func in _NORMS:
            return func(*args, **(kwargs or {}))
        if func in _IN_PLACE_SUMS and not self._move:
            self._remember(args[0])
        handler = _HANDLERS.get(func)
        if handler is None:
            return func(*args, **(kwargs or {}))
        return handler(func, *args, **(kwargs or {}))

    def _remember(self, target: Tensor) -> None:
        """Keep the value of a counter, a 0-dimensional integer, before it is first counted up."""
        if target.ndim == 0 and not target.is_floating_point() and id(target) not in self._counters:
            self._counters[id(target)] = (target, target.clone())

    def put_back(self) -> None:
        """Counters that were changed in place get their old values."""
        for counter, before in self._counters.values():
            counter.copy_(before)


_NORMS = {functional.batch_norm, functional.instance_norm}
_IN_PLACE_SUMS = {torch.Tensor.add_, torch.Tensor.__iadd__}


def refuse_dropout(name: str, p: float, training: bool) -> None:
    """Refuse random masks: they make the loss a different function at each call.

    Raises:
        ValueError: the layer is in training mode and p is not 0.

    >>> refuse_dropout("dropout", 0.5, True)
    Traceback (most recent call last):
    ValueError: loss must be the same function at each call, but dropout (p=0.5) is in training mode: call
    model.eval(), or set its p to 0
    """
    if training and p > 0:
        raise ValueError(
            f"loss must be the same function at each call, but {name} (p={p}) is in training mode: "
            "call model.eval(), or set its p to 0"
        )


def _dropout(name: str, default_p: float | None, *, training: bool) -> Handler:
    """F.dropout and its like, with the defaults they have."""

    def handler(func: Any, input: Tensor, p: Any = default_p, *args: Any, **kwargs: Any) -> Any:
        asked = kwargs.get("training", kwargs.get("train", args[0] if args else training))
        refuse_dropout(name, p, bool(asked))
        return func(input, p, *args, **kwargs)

    return handler


def _rrelu(func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    training = kwargs.get("training", args[2] if len(args) > 2 else False)
    refuse_dropout("rrelu", 1.0, bool(training))
    return func(input, *args, **kwargs)


def _attention(func: Any, *args: Any, **kwargs: Any) -> Any:
    p = kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0)
    refuse_dropout("scaled_dot_product_attention", p, True)
    return func(*args, **kwargs)


# query, key, value, embed_dim, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn, …
_DROPOUT_OF_HEADS, _TRAINING_OF_HEADS = 10, 13


def _heads(func: Any, *args: Any, **kwargs: Any) -> Any:
    p = kwargs["dropout_p"] if "dropout_p" in kwargs else args[_DROPOUT_OF_HEADS]
    given = args[_TRAINING_OF_HEADS] if len(args) > _TRAINING_OF_HEADS else True
    refuse_dropout("multi_head_attention", p, bool(kwargs.get("training", given)))
    return func(*args, **kwargs)


def _batch_norm(
    func: Any,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    *rest: Any,
    **kwargs: Any,
) -> Tensor:
    # In training mode the running statistics do not enter the output; without them none are moved.
    kept = (None, None) if training else (running_mean, running_var)
    return func(input, *kept, weight, bias, training, *rest, **kwargs)


def _instance_norm(
    func: Any,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    *rest: Any,
    **kwargs: Any,
) -> Tensor:
    kept = (None, None) if use_input_stats else (running_mean, running_var)
    return func(input, *kept, weight, bias, use_input_stats, *rest, **kwargs)


def _ctc(
    func: Any,
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str | int = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    if isinstance(reduction, int):  # torch.ctc_loss numbers what F.ctc_loss names
        reduction = ("none", "mean", "sum")[reduction]
    labels = targets.long() if targets.is_floating_point() else targets
    scores = log_probs.float() if log_probs.dtype in (torch.half, torch.bfloat16) else log_probs
    return ctc_loss(scores, labels, input_lengths, target_lengths, blank, reduction, zero_infinity)


def _convolution(
    func: Any,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    if patches_pay(input, weight, padding, groups):
        return convolve_patches(input, weight, bias, stride, padding, dilation)
    return func(input, weight, bias, stride, padding, dilation, groups)


def _recurrent(mode: str) -> Handler:
    """What torch.lstm and its like receive: padded, or packed with ``batch_sizes`` in the second place."""

    def handler(func: Any, inputs: Tensor, *args: Any) -> tuple[Tensor, ...]:
        packed = isinstance(args[0], Tensor) and isinstance(args[2], list | tuple)
        batch_sizes, hx, weights, bias, num_layers, dropout, train, bidirectional, *rest = (
            args if packed else (None, *args)
        )
        if num_layers > 1:
            refuse_dropout(f"nn.{mode.partition('_')[0]}", dropout, train)
        if _has_projection(weights, bias, num_layers * (2 if bidirectional else 1)):
            # torch takes no oneDNN kernel here, and its plain one can be differentiated twice.
            with torch.backends.cudnn.flags(enabled=False):
                return func(inputs, *args)
        return run_recurrent(
            mode,
            inputs,
            hx,
            weights,
            bias=bias,
            num_layers=num_layers,
            bidirectional=bidirectional,
            batch_first=bool(rest and rest[0]),
            batch_sizes=batch_sizes,
        )

    return handler


def _has_projection(weights: list[Tensor], bias: bool, num_runs: int) -> bool:
    return len(weights) == num_runs * (5 if bias else 3)


_HANDLERS: dict[Any, Handler] = {
    functional.batch_norm: _batch_norm,
    functional.instance_norm: _instance_norm,
    functional.ctc_loss: _ctc,
    torch.ctc_loss: _ctc,
    functional.multi_head_attention_forward: _heads,
    functional.scaled_dot_product_attention: _attention,
    functional.rrelu: _rrelu,
    torch.conv1d: _convolution,
    torch.conv2d: _convolution,
    torch.rnn_tanh: _recurrent("RNN_TANH"),
    torch.rnn_relu: _recurrent("RNN_RELU"),
    torch.lstm: _recurrent("LSTM"),
    torch.gru: _recurrent("GRU"),
    **{
        getattr(functional, name): _dropout(name, 0.5, training="alpha" not in name)
        for name in (
            "dropout",
            "dropout1d",
            "dropout2d",
            "dropout3d",
            "alpha_dropout",
            "feature_alpha_dropout",
        )
    },
    **{
        getattr(torch, name + suffix): _dropout(name, None, training=True)
        for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
        for suffix in ("", "_")
    },
    torch.native_dropout: _dropout("dropout", None, training=True),
}
