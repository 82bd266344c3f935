"""Layers and directions of a recurrent network, composed of twice-differentiable sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor
from hnrc_lib.models.recurrent.elman import ElmanCell
from hnrc_lib.models.recurrent.gru import GRUCell
from hnrc_lib.models.recurrent.lengths import Lengths
from hnrc_lib.models.recurrent.lstm import LSTMCell
from hnrc_lib.models.recurrent.projection import Projection
from hnrc_lib.models.recurrent.sweeps import Carrier, Recall, Scan

CELLS: dict[str, Cell] = {
    "RNN_TANH": ElmanCell("tanh"),
    "RNN_RELU": ElmanCell("relu"),
    "LSTM": LSTMCell(),
    "GRU": GRUCell(),
}


@dataclass(frozen=True)
class Plan:
    """What a recurrent network computes, apart from its numbers.

    Attributes:
        mode: torch's name of the kind: ``RNN_TANH``, ``RNN_RELU``, ``LSTM`` or ``GRU``.
        num_layers: layers, each on the outputs of the one below.
        bidirectional: whether each layer also runs backwards in time.
        bias: whether weights come with biases.
        lengths: of the sequences, or None where all are full.
    """

    mode: str
    num_layers: int
    bidirectional: bool
    bias: bool
    lengths: Lengths | None

    @property
    def num_directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def num_states(self) -> int:
        """Initial and final states of a direction: h, and c for the LSTM."""
        return 2 if self.mode == "LSTM" else 1


@dataclass(frozen=True)
class Known:
    """What an earlier run of a network leaves for its derivatives.

    Attributes:
        records: for each layer and direction, what the cell's ``run`` returned.
        tokens: stand-ins for the states in them, to which second-order cotangents go; or none.
    """

    records: Sequence[Sequence[Tensor]]
    tokens: Sequence[Sequence[Tensor]]

    def carriers(self, index: int) -> list[Tensor]:
        """States of one layer and direction that are differentiated through the tokens."""
        if not self.tokens:
            return []
        pairs = zip(self.records[index], self.tokens[index], strict=False)
        return [Carrier.apply(state, token) for state, token in pairs]


def sweep_network(
    plan: Plan,
    inputs: Tensor,
    initial: Sequence[Tensor] | None,
    weights: Sequence[Tensor],
    known: Known | None = None,
) -> tuple[tuple[Tensor, ...], list[Tensor]]:
    """Outputs and final states of a recurrent network, differentiable twice; and the states of its sweeps.

    Args:
        plan: layers and directions.
        inputs: shape (T, N, F), zero beyond the lengths.
        initial: h₀ (and c₀), each of shape (layers·directions, N, H); zeros when None.
        weights: in torch's order, for each layer and direction w_ih, w_hh and, with biases, b_ih, b_hh.
        known: an earlier run with the same numbers; nothing but derivatives is computed then.

    Returns:
        Outputs (T, N, directions·H), then h_n (and c_n) of shape (layers·directions, N, H); and all states
        of each cell, layer by layer and direction by direction, in the order in which they ran.
    """
    # What the projections save: where there are tokens, their derivatives must not re-enter the sweeps.
    sequence = saved = inputs
    finals: list[tuple[Tensor, ...]] = []
    swept: list[Tensor] = []
    for layer in range(plan.num_layers):
        results: list[Tensor] = []
        shadows: list[Tensor] = []
        for direction in range(plan.num_directions):
            index = layer * plan.num_directions + direction
            backwards = direction == 1
            projected, recurrent = _project(plan, index, sequence, saved, weights, known is None)
            start = None if initial is None else [state[index] for state in initial]
            begun, carry = _begin(plan, backwards, projected, recurrent, start)
            cell = CELLS[plan.mode]
            carriers = [] if known is None else known.carriers(index)
            if known is None:
                states = Scan.apply(cell, recurrent, carry, begun)[: cell.num_states]
            else:
                states = Recall.apply(cell, recurrent, carry, begun, *known.records[index], *carriers)
            hidden, last = _deliver(plan, backwards, states)
            results.append(hidden)
            if carriers:
                shadows.append(_deliver(plan, backwards, carriers)[0])
            finals.append(last)
            swept.extend(states)
        sequence = _beside(results)
        saved = _beside(shadows) if shadows else sequence
    return (sequence, *(torch.stack(states) for states in zip(*finals, strict=True))), swept


def record_network(
    plan: Plan,
    inputs: Tensor,
    initial: Sequence[Tensor] | None,
    weights: Sequence[Tensor],
    outputs: Tensor,
) -> list[tuple[Tensor, ...]]:
    """For each layer and direction what its cell's ``run`` returns; the last layer's outputs are known."""
    records: list[tuple[Tensor, ...]] = []
    sequence = inputs
    for layer in range(plan.num_layers):
        known = outputs if layer + 1 == plan.num_layers else None
        halves = [None] * plan.num_directions if known is None else known.chunk(plan.num_directions, -1)
        results: list[Tensor] = []
        for direction, half in enumerate(halves):
            index = layer * plan.num_directions + direction
            backwards = direction == 1
            # An Elman cell's derivatives need its outputs alone.
            compute = half is None or not plan.mode.startswith("RNN")
            projected, recurrent = _project(plan, index, sequence, sequence, weights, compute)
            start = None if initial is None else [state[index] for state in initial]
            projected, carry = _begin(plan, backwards, projected, recurrent, start)
            if half is not None and backwards:
                half = _reverse(half, plan.lengths)
            records.append(CELLS[plan.mode].run(projected, recurrent, carry, half))
            results.append(_deliver(plan, backwards, records[-1])[0])
        sequence = _beside(results)
    return records


def _begin(
    plan: Plan, backwards: bool, projected: Tensor, recurrent: Tensor, initial: Sequence[Tensor] | None
) -> tuple[Tensor, MaybeTensor]:
    """z in the order in which a direction runs, W h₀ in its first frame; and the initial carry."""
    if backwards:
        projected = _reverse(projected, plan.lengths)
    if initial is None:
        return projected, None
    projected = torch.cat((projected[:1] + initial[0] @ recurrent.mT, projected[1:]))
    carried = {"LSTM": 1, "GRU": 0}.get(plan.mode)
    return projected, None if carried is None else initial[carried]


def _deliver(plan: Plan, backwards: bool, states: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Outputs in the order of time, and the last states."""
    lengths, hidden = plan.lengths, states[0]
    last = tuple(
        state[-1] if lengths is None else lengths.final(state) for state in states[: plan.num_states]
    )
    if backwards:
        hidden = _reverse(hidden, lengths)
    return hidden if lengths is None else lengths.padded_with_zeros(hidden), last


def _reverse(sequence: Tensor, lengths: Lengths | None) -> Tensor:
    return sequence.flip(0) if lengths is None else lengths.reverse(sequence)


def _beside(results: Sequence[Tensor]) -> Tensor:
    return results[0] if len(results) == 1 else torch.cat(list(results), -1)


def _project(
    plan: Plan, index: int, inputs: Tensor, saved: Tensor, weights: Sequence[Tensor], compute: bool
) -> tuple[Tensor, Tensor]:
    """z_t = W_ih x_t + b_ih + b_hh for all frames, and W_hh; for the GRU in its cell's four parts."""
    count = 4 if plan.bias else 2
    from_inputs, recurrent, *biases = weights[index * count : (index + 1) * count]
    bias = biases[0] + biases[1] if biases else None
    if plan.mode == "GRU":
        size = recurrent.shape[1]
        nothing = torch.zeros_like(recurrent[:size])
        gates, new = from_inputs.split((2 * size, size))
        from_inputs = torch.cat((gates, torch.zeros_like(new), new))
        recurrent = torch.cat((recurrent, nothing))
        if bias is not None:
            bias = torch.cat((bias[: 2 * size], biases[1][2 * size :], biases[0][2 * size :]))
    if compute and inputs is saved:
        return functional.linear(inputs, from_inputs, bias), recurrent
    return Projection.apply(inputs, saved, from_inputs, bias, compute), recurrent
