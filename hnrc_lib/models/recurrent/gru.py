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
        factors = _factors(sums, record) if with_factors else ()
        return swept[:-1, ..., size:], swept[0, ..., :size], factors

    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], record: Sequence[Tensor]
    ) -> tuple[MaybeTensor, MaybeTensor]:
        reset_reset, reset_a, new_new, update_new, update_update, update_carry = factors
        states, by_reset = tangents[1], record[3]
        reset = record[1][:-1].chunk(5, -1)[1]
        before, r, z, a, n = states[:-1].chunk(5, -1)
        room = buffer(len(states), states.shape[-1], states, reset_reset)
        place = places(None if room is None else room[:-1], 5)
        # Along π = p_n + r a, and back from it.
        inner = torch.addcmul(torch.addcmul(n, reset, a), by_reset, r)
        bent = torch.addcmul(torch.mul(new_new, inner, out=place[4]), update_new, z, out=place[4])
        own = torch.mul(reset_reset, r, out=place[1])
        own = torch.addcmul(own, reset_a, a, out=place[1])
        by_update = torch.mul(update_update, z, out=place[2])
        by_update = torch.addcmul(by_update, update_new, inner, out=place[2])
        parts = (
            torch.mul(update_carry, z, out=place[0]),
            torch.addcmul(own, by_reset, bent, out=place[1]),
            torch.addcmul(by_update, update_carry, before, out=place[2]),
            torch.addcmul(torch.mul(reset_a, r, out=place[3]), reset, bent, out=place[3]),
            bent,
        )
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


def _factors(s: Tensor, record: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Second derivatives of s·h by (p_r, p_z, a, π, h⁻): rr, ra, ππ, zπ, zz, z h⁻."""
    _, gates, slopes, by_reset = record
    _, r, z, _, n = gates[:-1].chunk(5, -1)
    _, _, by_update, _, by_new = slopes.chunk(5, -1)
    through = s * by_new
    return (
        through * by_reset * (1 - 2 * r),
        through * torch.addcmul(r, r, r, value=-1),
        through * n * -2,
        through * z * -1,
        s * by_update * (1 - 2 * z),
        s * torch.addcmul(z, z, z, value=-1),
    )
