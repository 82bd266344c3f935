"""Gated recurrent unit (Cho and others, 2014), the reset gate after the recurrent product as in cuDNN."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor
from hnrc_lib.models.recurrent.products import add_recurrent, affine, delayed, shared
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
    whole,
)


class GRUCell(Cell):
    """h_t = (1 − z) n + z h⁻,  r = σ(p_r), z = σ(p_z), n = tanh(π), π = p_n + r a.

    Pre-activations come in four parts (r, z, a, n): a is the recurrent product that r gates, so W has a
    fourth block of zeros. States h and rows (h⁻, r, z, a, n), derivatives by (h⁻, p_r, p_z, a, p_n);
    coefficients (P, Q): P = (z, slopes of h by p), Q = ∂π/∂p_r.
    Tangent: p = u + W h⁻, h = Σ P (h⁻, p). Backward: s = b_h + (the h⁻ of d⁺) + Wᵀ d⁺, d = b + P s.
    """

    num_record = 4
    curved = (False, True)

    def run(
        self, inputs: Tensor, weight: Tensor, carry: MaybeTensor, hidden: MaybeTensor
    ) -> tuple[Tensor, ...]:
        size = inputs.shape[-1] // 4
        if hidden is None:
            gates = _step_through(inputs, shared(weight).mT, carry)
            hidden = gates[1:, ..., :size].contiguous()
        else:
            states = GateRows(None, len(inputs), size, inputs, hidden)
            states.fill(_activate(add_recurrent(inputs, hidden, shared(weight)), states.gates))
            states.fill_cells(torch.cat((delayed(hidden, carry), hidden[-1:])))
            gates = states.whole()
        before, r, z, a, n = gates[:-1].chunk(5, -1)
        by_reset = a * torch.addcmul(r, r, r, value=-1)
        kept = torch.addcmul(z, z, z, value=-1)
        room = buffer(len(inputs), 5 * size, gates)
        place = places(room, 5)
        by_new = torch.mul(1 - z, torch.addcmul(torch.ones_like(n), n, n, value=-1), out=place[4])
        slopes = (
            put(z, place[0]),
            torch.mul(by_new, by_reset, out=place[1]),
            torch.mul(before - n, kept, out=place[2]),
            torch.mul(by_new, r, out=place[3]),
            by_new,
        )
        return hidden, gates, join(*slopes) if room is None else room, by_reset

    def tangent(
        self, tangents: Tensor, carry: MaybeTensor, weight: Tensor, record: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        recurrent = shared(weight).mT
        length, size = len(tangents), tangents.shape[-1] // 4
        batch = (tangents, record[0])
        scratch = buffer(1, 5 * size, *batch, weight=recurrent)
        (product,) = rows(scratch, 1)
        table = None if product is None else grid(product)
        states = GateRows(recurrent, length, size, *batch)
        cells, parts = states.cells, states.parts
        cells[0] = put(_or_rest(carry, tangents), cells[0])
        coefficients = record[2].unbind(0)
        for t, now in enumerate(tangents.unbind(0)):
            parts[t] = affine(now, cells[t] if t else None, recurrent, parts[t])
            moved = torch.mul(coefficients[t], states.row(t), out=product)
            moved = grid(moved) if table is None else table
            cells[t + 1] = torch.sum(moved, -2, out=cells[t + 1])
        swept = states.whole()
        return swept[1:, ..., :size], swept

    def adjoint(
        self,
        cotangents: Sequence[MaybeTensor],
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        size = record[0].shape[-1]
        swept, sums = _step_back(cotangents, shared(weight), record, with_factors)
        return swept[:-1, ..., size:], swept[0, ..., :size], (sums,) if with_factors else ()

    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], record: Sequence[Tensor]
    ) -> tuple[MaybeTensor, MaybeTensor]:
        (s,) = factors
        states, (_, gates, slopes, by_reset) = tangents[1], record
        _, reset, update, _, new = gates[:-1].chunk(5, -1)
        _, _, by_update, _, by_new = slopes.chunk(5, -1)
        before, r, z, a, n = states[:-1].chunk(5, -1)
        room = buffer(len(states), states.shape[-1], states, s)
        place = places(None if room is None else room[:-1], 5)
        # Second derivatives of s·h by (p_r, p_z, a, π, h⁻) stand for one expression alone: together they
        # would take half of the memory of the record.
        through = s * by_new
        inner = torch.addcmul(torch.addcmul(n, reset, a), by_reset, r)  # along π = p_n + r a
        bent = put(-through * torch.addcmul(update * z, new, inner, value=2), place[4])
        kept = s * (update * (1 - update))
        moved = put(kept * z, place[0])
        turned = torch.addcmul(s * by_update * (1 - 2 * update) * z, through * update, inner, value=-1)
        turned = put(torch.addcmul(turned, kept, before), place[2])
        through = through * (reset * (1 - reset))
        fed = put(torch.addcmul(through * r, reset, bent), place[3])
        bent_reset = torch.addcmul(through * a, by_reset, bent)
        own = s * by_new * by_reset * (1 - 2 * reset)
        parts = (moved, put(torch.addcmul(bent_reset, own, r), place[1]), turned, fed, bent)
        return None, assemble(room, parts)


def _or_rest(carry: MaybeTensor, inputs: Tensor) -> Tensor:
    if carry is not None:
        return carry
    return inputs.new_zeros((*inputs.shape[1:-1], inputs.shape[-1] // 4))


def _activate(before: Tensor, out: MaybeTensor) -> Tensor:
    """The gates (r, z, a, n) of pre-activations, which may lie where they are to be written."""
    r, z, a, n = before.chunk(4, -1)
    place = places(out, 4)
    r, z = torch.sigmoid(r, out=place[0]), torch.sigmoid(z, out=place[1])
    a = put(a, place[2])
    n = torch.tanh(torch.addcmul(n, r, a, out=place[3]), out=place[3])
    return join(r, z, a, n) if out is None else out


def _step_through(inputs: Tensor, recurrent: Tensor, carry: MaybeTensor) -> Tensor:
    """The rows (h⁻, r, z, a, n)."""
    length, size = len(inputs), inputs.shape[-1] // 4
    first = _or_rest(carry, inputs)
    states = GateRows(recurrent, length, size, inputs, first[None])
    cells, parts = states.cells, states.parts
    cells[0] = put(first, cells[0])
    for t, now in enumerate(inputs.unbind(0)):
        before = affine(now, cells[t] if t else None, recurrent, parts[t])
        parts[t] = _activate(before, parts[t])
        _, z, _, n = parts[t].chunk(4, -1)
        cells[t + 1] = torch.lerp(n, cells[t], z, out=cells[t + 1])
    return states.whole()


def _step_back(
    cotangents: Sequence[MaybeTensor], weight: Tensor, record: Sequence[Tensor], with_sums: bool
) -> tuple[Tensor, Tensor]:
    """The rows d_t, and s_t for all times if wanted."""
    hidden, _, slopes, _ = record
    outer, inner = cotangents
    outer = torch.zeros_like(hidden) if outer is None else outer
    length, size = hidden.shape[0], hidden.shape[-1]
    batch = (outer, inner, hidden)
    swept = GateRows(weight, length, size, *batch)
    room = buffer(length if with_sums else 1, size, *batch, weight=weight)
    # Sums that nobody wants share one place.
    sums = rows(room, length) if with_sums or room is None else [room[0]] * length
    injected = rows(None if inner is None else grid(inner), length + 1)
    factors, given = grid(slopes).unbind(0), outer.unbind(0)
    targets, cells, parts = swept.places(), swept.cells, swept.parts
    last = hidden.new_zeros(hidden.shape[1:]) if inner is None else inner[length, ..., :size]
    cells[length] = put(last, cells[length])
    for t in reversed(range(length)):
        now = torch.add(given[t], cells[t + 1], out=sums[t])
        sums[t] = affine(now, parts[t + 1] if t + 1 < length else None, weight, sums[t])
        swept.keep(t, scaled(injected[t], factors[t], sums[t].unsqueeze(-2), targets[t]))
    return swept.whole(), whole(room, sums)
