"""Calls of ``torch.rnn_tanh``, ``rnn_relu``, ``lstm`` and ``gru``, differentiable twice."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.lengths import prepare_lengths
from hnrc_lib.models.recurrent.network import CELLS, Plan
from hnrc_lib.models.recurrent.switch import run_network


def run_recurrent(
    mode: str,
    inputs: Tensor,
    hx: Tensor | Sequence[Tensor],
    flat_weights: Sequence[Tensor],
    *,
    bias: bool,
    num_layers: int,
    bidirectional: bool,
    batch_first: bool,
    batch_sizes: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """What torch's recurrent kernels return for the same arguments, right under any two derivatives.

    A first derivative comes from the kernel itself, a second one from sweeps; see ``RNNLayer``.

    Args:
        mode: ``nn.RNNBase.mode``: ``RNN_TANH``, ``RNN_RELU``, ``LSTM`` or ``GRU``.
        inputs: (T, N, F), (N, T, F) with ``batch_first``; the packed (Σ lengths, F) with ``batch_sizes``.
        hx: h₀ (layers·directions, N, H); for the LSTM (h₀, c₀).
        flat_weights: for each layer and direction w_ih, w_hh and, with ``bias``, b_ih, b_hh.
        bias: whether there are biases.
        num_layers: layers.
        bidirectional: whether each layer also runs backwards in time.
        batch_first: layout of inputs and outputs that are not packed.
        batch_sizes: of a ``PackedSequence``: shape (T,), int64, on the CPU; None where nothing is packed.

    Returns:
        Outputs in the layout of the inputs, h_n and, for the LSTM, c_n.

    Raises:
        NotImplementedError: the weights are those of an LSTM with ``proj_size``.
        ValueError: no such mode, or the number of weights or of states does not fit.

    >>> gru = torch.nn.GRU(3, 5)
    >>> inputs, start = torch.ones(7, 2, 3), torch.zeros(1, 2, 5)
    >>> options = {"bias": True, "num_layers": 1, "bidirectional": False, "batch_first": False}
    >>> outputs, last = run_recurrent("GRU", inputs, start, gru._flat_weights, **options)
    >>> torch.allclose(outputs, gru(inputs)[0], atol=1e-6)
    True
    """
    states = [hx] if isinstance(hx, Tensor) else list(hx)
    plan = Plan(mode, num_layers, bidirectional, bias, None)
    _check(plan, states, flat_weights)
    if batch_sizes is not None:
        return _run_packed(plan, inputs, states, flat_weights, batch_sizes)
    sequence = inputs.transpose(0, 1) if batch_first else inputs
    outputs, *last = run_network(plan, sequence, states, flat_weights, "auto")
    return outputs.transpose(0, 1) if batch_first else outputs, *last


def _check(plan: Plan, states: Sequence[Tensor], weights: Sequence[Tensor]) -> None:
    if plan.mode not in CELLS:
        raise ValueError(f"mode must be one of {', '.join(CELLS)}, got {plan.mode!r}")
    if len(weights) > 1 and plan.mode == "LSTM" and weights[1].shape[0] != 4 * weights[1].shape[1]:
        raise NotImplementedError("an LSTM with proj_size has no second derivatives here: take proj_size=0")
    expected = plan.num_layers * plan.num_directions * (4 if plan.bias else 2)
    if len(weights) != expected:
        raise ValueError(f"flat_weights must hold {expected} tensors, got {len(weights)}")
    if len(states) != plan.num_states:
        names = "(h_0, c_0)" if plan.num_states == 2 else "h_0"
        raise ValueError(f"hx must be {names} for {plan.mode}, got {len(states)} tensors")


def _run_packed(
    plan: Plan, data: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], batch_sizes: Tensor
) -> tuple[Tensor, ...]:
    """Through a padded batch: frame n of time t stands at row (Σ of earlier batch sizes) + n."""
    frames, batch = len(batch_sizes), int(batch_sizes[0])
    inside = torch.arange(batch) < batch_sizes[:, None]
    starts = batch_sizes.cumsum(0) - batch_sizes
    rows = torch.where(inside, starts[:, None] + torch.arange(batch), 0).flatten().to(data.device)
    places = inside.flatten().nonzero()[:, 0].to(data.device)
    padded = data.index_select(0, rows).unflatten(0, (frames, batch))
    plan = replace(plan, lengths=prepare_lengths(inside.sum(0), frames, batch, data.device))
    outputs, *last = run_network(plan, padded, states, weights, "auto")
    return outputs.flatten(0, 1).index_select(0, places), *last
