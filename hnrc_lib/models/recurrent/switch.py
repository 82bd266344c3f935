"""First derivatives by torch's kernel, second ones by our sweeps: backward sees which are asked."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from hnrc_lib.models.recurrent.cell import MaybeTensor
from hnrc_lib.models.recurrent.network import CELLS, Known, Plan, record_network, sweep_network

_KERNELS: dict[str, Callable[..., Any]] = {
    "RNN_TANH": torch.rnn_tanh,
    "RNN_RELU": torch.rnn_relu,
    "LSTM": torch.lstm,
    "GRU": torch.gru,
}


def run_network(
    plan: Plan,
    inputs: Tensor,
    initial: Sequence[Tensor] | None,
    weights: Sequence[Tensor],
    second_order: bool | str,
) -> tuple[Tensor, ...]:
    """Outputs and final states, by the kernel or by the sweeps; see ``sweep_network`` for shapes.

    ``"auto"`` takes the sweeps at once where only they can be right (a transform of ``torch.func``, forward
    differentiation). Otherwise torch's kernel runs, and its gradient is used unless the backward pass is
    itself recorded (``create_graph=True``) or batched.
    """
    if torch.is_autocast_enabled(inputs.device.type):
        # In the layer's own precision: the sweeps and the kernel must agree.
        with torch.autocast(inputs.device.type, enabled=False):
            return run_network(plan, inputs, initial, weights, second_order)
    if plan.lengths is not None:
        inputs = plan.lengths.padded_with_zeros(inputs)
    states = [] if initial is None else list(initial)
    tensors = [inputs, *states, *weights]
    if second_order is True or (second_order == "auto" and _needs_sweeps(tensors)):
        return sweep_network(plan, inputs, initial, weights)[0]
    if initial is None:
        states = _zeros(plan, inputs, weights)
    recorded = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    if second_order is False or not recorded:
        return _kernel(plan, inputs, states, weights, train=recorded)
    return _Switch.apply(plan, initial is None, inputs, *states, *weights)[: 1 + plan.num_states]


class _Switch(torch.autograd.Function):
    """torch's kernel, recorded on a graph of its own that ``backward`` may use or leave."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, from_rest: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
        needed = ctx.needs_input_grad[2:]
        leaves = [tensor.detach().requires_grad_(need) for tensor, need in zip(tensors, needed, strict=True)]
        inputs, states, weights = _sorted(plan, leaves)
        with torch.enable_grad():
            recorded = _kernel(plan, inputs, states, weights, train=True)
        results = [result.detach() for result in recorded]
        ctx.plan, ctx.from_rest, ctx.leaves = plan, from_rest, leaves
        ctx.recorded, ctx.records = recorded, None
        tokens = _tokens(plan, inputs, weights)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, results[0], *tokens)
        return *results, *tokens

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        num_results = 1 + ctx.plan.num_states
        second = any(part is not None for part in cotangents[num_results:])
        given = [part for part in cotangents if part is not None]
        if second or ctx.recorded is None or torch.is_grad_enabled() or _needs_sweeps(given):
            gradients = _sweep_gradients(ctx, cotangents)
        else:
            needed = ctx.needs_input_grad[2:]
            keep = torch._C._autograd._get_current_graph_task_keep_graph()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
            gradients = _gradients(ctx.recorded, ctx.leaves, needed, cotangents[:num_results], False, keep)
        return None, None, *gradients


def _sweep_gradients(ctx: Any, cotangents: Sequence[MaybeTensor]) -> list[MaybeTensor]:
    """Gradients by the sweeps; their record is made once and kept for further products.

    Second-order cotangents of the states come back to this function through its tokens, together with those
    of its outputs, so that one backward sweep serves both.
    """
    record = torch.is_grad_enabled()
    tensors = ctx.saved_tensors[: len(ctx.leaves)]
    outputs, *tokens = ctx.saved_tensors[len(ctx.leaves) :]
    groups = [tokens[start : start + 2] for start in range(0, len(tokens), 2)]
    known = Known(_records(ctx, tensors, outputs), groups if record else [])
    with torch.enable_grad():
        # The gradient stops at these; where it is recorded, its own derivative goes on to the arguments.
        roots = [tensor.view_as(tensor) for tensor in tensors] if record else ctx.leaves
        inputs, states, weights = _sorted(ctx.plan, roots)
        results, swept = sweep_network(ctx.plan, inputs, None if ctx.from_rest else states, weights, known)
    return _gradients([*results, *swept], roots, ctx.needs_input_grad[2:], cotangents, record)


def _records(ctx: Any, tensors: Sequence[Tensor], outputs: Tensor) -> list[tuple[Tensor, ...]]:
    if ctx.records is not None:
        return ctx.records
    # What is made inside a transform must not outlive it. Else the kernel's own graph is done with.
    lasting = not torch._C._are_functorch_transforms_active()  # pyright: ignore[reportPrivateUsage]
    if lasting:
        ctx.recorded = None
    with torch.no_grad():
        inputs, states, weights = _sorted(ctx.plan, [tensor.detach() for tensor in tensors])
        initial = None if ctx.from_rest else states
        records = record_network(ctx.plan, inputs, initial, weights, outputs.detach())
    if lasting:
        ctx.records = records
    return records


def _tokens(plan: Plan, inputs: Tensor, weights: Sequence[Tensor]) -> list[Tensor]:
    """Stand-ins for the states of every sweep: they have shapes and derivatives but no memory."""
    size, (wide, more) = weights[1].shape[1], CELLS[plan.mode].slots
    frames, batch = inputs.shape[:2]
    nothing = inputs.new_zeros(())
    return [
        nothing.expand(*shape)
        for _ in range(plan.num_layers * plan.num_directions)
        for shape in ((frames, batch, size), (frames + more, batch, wide * size))
    ]


def _gradients(
    results: Sequence[Tensor],
    tensors: Sequence[Tensor],
    needed: Sequence[bool],
    cotangents: Sequence[MaybeTensor],
    create_graph: bool,
    keep_graph: bool = True,
) -> list[MaybeTensor]:
    """Gradients of the results by the tensors that need one."""
    pairs = [
        (result, part)
        for result, part in zip(results, cotangents, strict=True)
        if part is not None and result.requires_grad
    ]
    wanted = [tensor for tensor, need in zip(tensors, needed, strict=True) if need]
    if not pairs or not wanted:
        return [None] * len(tensors)
    heads, parts = zip(*pairs, strict=True)
    found = iter(
        torch.autograd.grad(
            heads, wanted, parts, retain_graph=keep_graph, create_graph=create_graph, allow_unused=True
        )
    )
    return [next(found) if need else None for need in needed]


def _kernel(
    plan: Plan, inputs: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], *, train: bool
) -> tuple[Tensor, ...]:
    kernel = _KERNELS[plan.mode]
    start: Any = tuple(states) if plan.mode == "LSTM" else states[0]
    settings = (plan.bias, plan.num_layers, 0.0, train, plan.bidirectional)
    if plan.lengths is None:
        return tuple(kernel(inputs, start, list(weights), *settings, False))
    packed = pack_padded_sequence(inputs, plan.lengths.values, enforce_sorted=False)
    order, back = packed.sorted_indices, packed.unsorted_indices
    assert order is not None
    assert back is not None
    sorted_states = [state.index_select(1, order) for state in states]
    start = tuple(sorted_states) if plan.mode == "LSTM" else sorted_states[0]
    data, *last = kernel(packed.data, packed.batch_sizes, start, list(weights), *settings)
    outputs, _ = pad_packed_sequence(
        torch.nn.utils.rnn.PackedSequence(data, packed.batch_sizes, order, back),
        total_length=inputs.shape[0],
    )
    return outputs, *(state.index_select(1, back) for state in last)


def _needs_sweeps(tensors: Sequence[Tensor]) -> bool:
    """Whether a transform of ``torch.func`` or forward differentiation is under way."""
    if torch._C._are_functorch_transforms_active():  # pyright: ignore[reportPrivateUsage]
        return True
    return any(forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors)


def _sorted(plan: Plan, tensors: Sequence[Tensor]) -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
    """Inputs, initial states, weights."""
    return tensors[0], tensors[1 : 1 + plan.num_states], tensors[1 + plan.num_states :]


def _zeros(plan: Plan, inputs: Tensor, weights: Sequence[Tensor]) -> list[Tensor]:
    size = weights[1].shape[1]
    shape = (plan.num_layers * plan.num_directions, inputs.shape[1], size)
    return [inputs.new_zeros(shape) for _ in range(plan.num_states)]
