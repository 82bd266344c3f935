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
            terms, (first, carry) = _terms(plan, index, weights), _start(plan, index, initial)
            given = _reverse(sequence, plan.lengths) if backwards else sequence
            cell = CELLS[plan.mode]
            carriers = [] if known is None else known.carriers(index)
            if known is None:
                states = Scan.apply(cell, terms[0], carry, _drive(terms, first, given))[:2]
            else:
                kept = _reverse(saved, plan.lengths) if backwards else saved
                tensors = (*known.records[index], *carriers)
                states = Recall.apply(cell, *terms, first, carry, given, kept, *tensors)
            hidden, last = _deliver(plan, backwards, cell.carried(states))
            results.append(hidden)
            if carriers:
                shadows.append(_deliver(plan, backwards, cell.carried(carriers))[0])
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
            terms, (first, carry) = _terms(plan, index, weights), _start(plan, index, initial)
            given = _reverse(sequence, plan.lengths) if backwards else sequence
            if half is not None and backwards:
                half = _reverse(half, plan.lengths)
            driven = _drive(terms, first, given) if compute else given
            records.append(CELLS[plan.mode].run(driven, terms[0], carry, half))
            results.append(_deliver(plan, backwards, records[-1][:1])[0])
        sequence = _beside(results)
    return records


def _terms(plan: Plan, index: int, weights: Sequence[Tensor]) -> tuple[Tensor, Tensor, MaybeTensor]:
    """W_hh, W_ih and b_ih + b_hh of one layer and direction; for the GRU in its cell's four parts."""
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
    return recurrent, from_inputs, bias


def _start(plan: Plan, index: int, initial: Sequence[Tensor] | None) -> tuple[MaybeTensor, MaybeTensor]:
    """h₀, and what is carried past the gates: c₀, or h₀ again for the GRU."""
    if initial is None:
        return None, None
    carried = {"LSTM": 1, "GRU": 0}.get(plan.mode)
    return initial[0][index], None if carried is None else initial[carried][index]


def _drive(terms: tuple[Tensor, Tensor, MaybeTensor], first: MaybeTensor, inputs: Tensor) -> Tensor:
    """z_t = W_ih x_t + b, and W_hh h₀ in the first frame."""
    recurrent, from_inputs, bias = terms
    driven = functional.linear(inputs, from_inputs, bias)
    return driven if first is None else torch.cat((driven[:1] + first @ recurrent.mT, driven[1:]))


def _deliver(plan: Plan, backwards: bool, states: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Outputs in the order of time, and the last states."""
    lengths, hidden = plan.lengths, states[0]
    last = tuple(state[-1] if lengths is None else lengths.final(state) for state in states)
    if backwards:
        hidden = _reverse(hidden, lengths)
    return hidden if lengths is None else lengths.padded_with_zeros(hidden), last


def _reverse(sequence: Tensor, lengths: Lengths | None) -> Tensor:
    return sequence.flip(0) if lengths is None else lengths.reverse(sequence)


def _beside(results: Sequence[Tensor]) -> Tensor:
    return results[0] if len(results) == 1 else torch.cat(list(results), -1)
