"""Long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers and others, 2000)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor
from hnrc_lib.models.recurrent.products import add_recurrent, affine, shared
from hnrc_lib.models.recurrent.steps import (
    GateRows,
    assemble,
    buffer,
    grid,
    join,
    places,
    put,
    rows,
    scaled,
    stack,
    whole,
)


class LSTMCell(Cell):
    """c_t = f c⁻ + i g,  h_t = o tanh c_t,  with (i, f, g, o) = (σ, σ, tanh, σ)(p_t).

    States h and rows (c⁻, i, f, g, o); coefficients (P, R, tanh c): P = (f, slopes of c, c, c, h by p),
    R = ∂h/∂c. Tangent: p = u + W h⁻, c = Σ P (c⁻, p_i, p_f, p_g), h = R c + P_o p_o.
    Backward: s = b_h + Wᵀ d⁺, e = (the c⁻ of d⁺) + R s, d = b + P (e, e, e, e, s).
    """

    num_record = 5
    curved = (False, True)

    def run(
        self, inputs: Tensor, weight: Tensor, carry: MaybeTensor, hidden: MaybeTensor
    ) -> tuple[Tensor, ...]:
        if hidden is None:
            hidden, gates, squashed = _step_through(inputs, shared(weight).mT, carry)
        else:
            gates = _recall(add_recurrent(inputs, hidden, shared(weight)), carry)
            squashed = gates[1:].chunk(5, -1)[0].tanh()
        cell, i, f, g, o = gates[:-1].chunk(5, -1)
        room = buffer(len(inputs), gates.shape[-1], gates)
        place = places(room, 5)
        slopes = (
            put(f, place[0]),
            _slope(i, g, place[1]),
            _slope(f, cell, place[2]),
            torch.addcmul(i, i * g, g, value=-1, out=place[3]),
            _slope(o, squashed, place[4]),
        )
        output = torch.addcmul(o, hidden, squashed, value=-1)
        return hidden, gates, join(*slopes) if room is None else room, output, squashed

    def tangent(
        self, tangents: Tensor, carry: MaybeTensor, weight: Tensor, record: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        recurrent = shared(weight).mT
        length, size = len(tangents), tangents.shape[-1] // 4
        batch = (tangents, record[0])
        room = buffer(length, size, *batch, weight=recurrent)
        scratch = buffer(1, 5 * size, *batch, weight=recurrent)
        hidden, (product,) = rows(room, length), rows(scratch, 1)
        views = None if scratch is None else _summands(product)
        states = GateRows(recurrent, length, size, *batch)
        cells, parts = states.cells, states.parts
        cells[0] = put(_or_rest(carry, tangents), cells[0])
        coefficients, output = record[2].unbind(0), record[3].unbind(0)
        for t, now in enumerate(tangents.unbind(0)):
            parts[t] = affine(now, hidden[t - 1] if t else None, recurrent, parts[t])
            moved = torch.mul(coefficients[t], states.row(t), out=product)
            inner, outer = views or _summands(moved)
            cells[t + 1] = torch.sum(inner, -2, out=cells[t + 1])
            hidden[t] = torch.addcmul(outer, output[t], cells[t + 1], out=hidden[t])
        return whole(room, hidden), states.whole()

    def adjoint(
        self,
        cotangents: Sequence[MaybeTensor],
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        size = record[0].shape[-1]
        swept, sums = _step_back(cotangents, shared(weight), record, with_factors)
        parts, carry = swept[:-1, ..., size:], swept[0, ..., :size]
        if not with_factors:
            return parts, carry, ()
        scaled_sums = swept[:-1] if cotangents[1] is None else sums * record[2]
        return parts, carry, _factors(scaled_sums, sums, record)

    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], record: Sequence[Tensor]
    ) -> tuple[MaybeTensor, MaybeTensor]:
        own, input_cell, forget_carry, output_cell, cell_cell = factors
        states = tangents[1]
        size = own.shape[-1] // 4
        before, i, f, g, o = states[:-1].chunk(5, -1)
        after = states[1:, ..., :size]
        room = buffer(len(states), 5 * size, states, own)
        place = places(None if room is None else room[:-1], 5)
        direct = torch.mul(own, states[:-1, ..., size:], out=None if room is None else room[:-1, ..., size:])
        by_i, by_f, by_g, by_o = direct.chunk(4, -1)
        parts = (
            torch.mul(forget_carry, f, out=place[0]),
            torch.addcmul(by_i, input_cell, g, out=place[1]),
            torch.addcmul(by_f, forget_carry, before, out=place[2]),
            torch.addcmul(by_g, input_cell, i, out=place[3]),
            torch.addcmul(by_o, output_cell, after, out=place[4]),
        )
        return None, assemble(room, parts, torch.addcmul(output_cell * o, cell_cell, after))

    def carried(self, states: Sequence[Tensor]) -> Sequence[Tensor]:
        return states[0], states[1][1:].chunk(5, -1)[0]


def _slope(gate: Tensor, factor: Tensor, out: MaybeTensor) -> Tensor:
    """a(1 − a) · factor."""
    return torch.mul(torch.addcmul(gate, gate, gate, value=-1, out=out), factor, out=out)


def _summands(products: Tensor) -> tuple[Tensor, Tensor]:
    """The four that make c, and the one of h."""
    table = grid(products)
    return table[..., :4, :], table[..., 4, :]


def _or_rest(carry: MaybeTensor, inputs: Tensor) -> Tensor:
    if carry is not None:
        return carry
    return inputs.new_zeros((*inputs.shape[1:-1], inputs.shape[-1] // 4))


def _activate(before: Tensor, out: MaybeTensor) -> Tensor:
    if out is None:
        i, f, g, o = before.chunk(4, -1)
        return join(i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid())
    size = before.shape[-1] // 4
    for function, start, stop in ((torch.sigmoid, 0, 2), (torch.tanh, 2, 3), (torch.sigmoid, 3, 4)):
        part = slice(start * size, stop * size)
        function(before[..., part], out=out[..., part])
    return out


def _step_through(inputs: Tensor, recurrent: Tensor, carry: MaybeTensor) -> tuple[Tensor, Tensor, Tensor]:
    """h, the rows (c⁻, i, f, g, o) and tanh c."""
    length, size = len(inputs), inputs.shape[-1] // 4
    first = _or_rest(carry, inputs)
    batch = (inputs, first[None])
    rooms = [buffer(length, size, *batch, weight=recurrent) for _ in range(2)]
    hidden, squashed = (rows(room, length) for room in rooms)
    states = GateRows(recurrent, length, size, *batch)
    cells, parts = states.cells, states.parts
    cells[0] = put(first, cells[0])
    for t, now in enumerate(inputs.unbind(0)):
        before = affine(now, hidden[t - 1] if t else None, recurrent, parts[t])
        parts[t] = _activate(before, parts[t])
        i, f, g, o = parts[t].chunk(4, -1)
        cells[t + 1] = torch.addcmul(i * g, f, cells[t], out=cells[t + 1])
        squashed[t] = torch.tanh(cells[t + 1], out=squashed[t])
        hidden[t] = torch.mul(o, squashed[t], out=hidden[t])
    return whole(rooms[0], hidden), states.whole(), whole(rooms[1], squashed)


def _recall(before: Tensor, carry: MaybeTensor) -> Tensor:
    """The rows (c⁻, i, f, g, o) from the pre-activations of all times."""
    length, size = len(before), before.shape[-1] // 4
    first = _or_rest(carry, before)
    states = GateRows(None, length, size, before, first[None])
    gates = states.fill(_activate(before, states.gates))
    i, f, g, _ = gates.chunk(4, -1)
    cells = states.cells
    cells[0] = put(first, cells[0])
    for t, (new, kept) in enumerate(zip((i * g).unbind(0), f.unbind(0), strict=True)):
        cells[t + 1] = torch.addcmul(new, kept, cells[t], out=cells[t + 1])
    return states.whole()


def _step_back(
    cotangents: Sequence[MaybeTensor], weight: Tensor, record: Sequence[Tensor], with_sums: bool
) -> tuple[Tensor, Tensor]:
    """The rows d_t, and (e, e, e, e, s)_t for all times if wanted."""
    hidden, _, slopes, output, _ = record
    outer, inner = cotangents
    outer = torch.zeros_like(hidden) if outer is None else outer
    length, size = hidden.shape[0], hidden.shape[-1]
    batch = (outer, inner, hidden)
    swept = GateRows(weight, length, size, *batch)
    room = buffer(length if with_sums else 1, 5 * size, *batch, weight=weight)
    tables = rows(None if room is None else grid(room), length if with_sums else 1)
    # Sums that nobody wants share one place.
    sums = tables * (length // len(tables))
    where = [_sum_places(table) for table in tables] * (length // len(tables))
    injected = rows(None if inner is None else grid(inner), length + 1)
    factors, outputs, given = grid(slopes).unbind(0), output.unbind(0), outer.unbind(0)
    targets, cells, parts = swept.places(), swept.cells, swept.parts
    nothing = hidden.new_zeros(hidden.shape[1:])
    cells[length] = put(nothing if inner is None else inner[length, ..., :size], cells[length])
    for t in reversed(range(length)):
        e_place, s_place, others = where[t]
        s = affine(given[t], parts[t + 1] if t + 1 < length else None, weight, s_place)
        e = torch.addcmul(cells[t + 1], outputs[t], s, out=e_place)
        if others is None:
            sums[t] = stack((e, e, e, e, s), -2)
        else:
            others.copy_(e.unsqueeze(-2))
        swept.keep(t, scaled(injected[t], factors[t], sums[t], targets[t]))
    all_sums = whole(room, sums)
    return swept.whole(), all_sums if room is not None else all_sums.flatten(-2)


def _sum_places(table: MaybeTensor) -> tuple[MaybeTensor, MaybeTensor, MaybeTensor]:
    """Places of e, of s and of the other three e."""
    return (None, None, None) if table is None else (table[..., 0, :], table[..., 4, :], table[..., 1:4, :])


def _factors(scaled_sums: Tensor, sums: Tensor, record: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Second derivatives of e·c + s·h by (p, c⁻, c): p p, p_i p_g, p_f c⁻, p_o c, c c."""
    _, gates, _, output, squashed = record
    size = output.shape[-1]
    _, i, f, _, o = gates[:-1].chunk(5, -1)
    kept, _, _, third, _ = scaled_sums.chunk(5, -1)
    through = sums.chunk(5, -1)[4] * output
    bend = torch.add(1 - _tanh_gate(output), gates[:-1, ..., size:], alpha=-2)
    return (
        scaled_sums[..., size:] * bend,
        torch.addcmul(third, third, i, value=-1),
        torch.addcmul(kept, kept, f, value=-1),
        torch.addcmul(through, through, o, value=-1),
        through * squashed * -2,
    )


def _tanh_gate(like: Tensor) -> Tensor:
    """Ones for the gate that is a tanh, zeros for the others, shape (4H,)."""
    return like.new_tensor([0.0, 0.0, 1.0, 0.0]).repeat_interleave(like.shape[-1])
