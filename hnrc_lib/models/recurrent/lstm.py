"""Long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers and others, 2000)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import (
    Cell,
    MaybeTensor,
    add_recurrent,
    affine,
    delayed,
    join,
    shared,
    stack,
)


class LSTMCell(Cell):
    """c_t = f c⁻ + i g,  h_t = o tanh c_t,  with (i, f, g, o) = (σ, σ, tanh, σ)(p_t).

    States (h, c, gates); coefficients (P, R, tanh c): P the slopes of (c, c, c, h) by p, R = ∂h/∂c.
    Tangent: p = u + W h⁻, c = f c⁻ + Σ_ifg P p, h = R c + P_o p_o. Backward: s = b_h + Wᵀ d⁺,
    e = b_c + R s + f⁺ e⁺, d = b_p + P (e, e, e, s).
    """

    num_states = 3
    num_record = 6
    curved = (False, True, True)

    def run(
        self, inputs: Tensor, weight: Tensor, carry: MaybeTensor, hidden: MaybeTensor
    ) -> tuple[Tensor, ...]:
        if hidden is None:
            hidden, cells, gates = _step_through(inputs, shared(weight).mT, carry)
        else:
            i, f, g, o = add_recurrent(inputs, hidden, shared(weight)).chunk(4, -1)
            gates = join(i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid())
            i, f, g, _ = gates.chunk(4, -1)
            cells = _accumulate((i * g).unbind(0), f.unbind(0), carry)
        squashed = cells.tanh()
        i, f, g, o = gates.chunk(4, -1)
        # a(1 − a), and (1 + g)(1 − g) for the one gate that is a tanh.
        shifted = gates + _tanh_gate(gates)
        slopes = torch.addcmul(shifted, shifted, gates, value=-1) * join(
            g, delayed(cells, carry), i, squashed
        )
        return hidden, cells, gates, slopes, o * (1 - squashed * squashed), squashed

    def tangent(
        self, tangents: Tensor, carry: MaybeTensor, weight: Tensor, record: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        recurrent = shared(weight).mT
        forget = record[2].chunk(4, -1)[1].unbind(0)
        slopes, output = record[3].unbind(0), record[4].unbind(0)
        hidden: list[Tensor] = []
        cells: list[Tensor] = []
        before: list[Tensor] = []
        cell = carry
        for t, now in enumerate(tangents.unbind(0)):
            before.append(affine(now, hidden[-1], recurrent) if hidden else now)
            i, f, g, o = (slopes[t] * before[-1]).chunk(4, -1)
            cell = i + f + g if cell is None else torch.addcmul(f, forget[t], cell) + (i + g)
            cells.append(cell)
            hidden.append(torch.addcmul(o, output[t], cell))
        return stack(hidden), stack(cells), stack(before)

    def adjoint(
        self,
        cotangents: Sequence[MaybeTensor],
        carry: MaybeTensor,
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        _, _, gates, slopes, _, _ = record
        parts, sums = _step_back(cotangents, shared(weight), record, with_factors)
        by_carry = None if carry is None else gates.chunk(4, -1)[1][0] * sums[0].chunk(4, -1)[0]
        d = stack(parts)
        if not with_factors:
            return d, by_carry, ()
        weights = stack(sums)
        slope_part = d if cotangents[2] is None else weights * slopes
        return d, by_carry, _factors(slope_part, weights, record)

    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], carry: MaybeTensor
    ) -> tuple[tuple[MaybeTensor, ...], MaybeTensor]:
        own, input_cell, forget_carry, output_cell, cell_cell = factors
        _, cells, before = tangents
        i, f, g, o = before.chunk(4, -1)
        carried = forget_carry * f
        mixed = (
            input_cell * g,
            forget_carry * delayed(cells, carry),
            input_cell * i,
            output_cell * cells,
        )
        on_cells = torch.addcmul(output_cell * o, cell_cell, cells)
        on_cells = on_cells + torch.cat((carried[1:], torch.zeros_like(carried[:1])))
        return (None, on_cells, torch.addcmul(join(*mixed), own, before)), carried[0]


def _step_through(inputs: Tensor, recurrent: Tensor, carry: MaybeTensor) -> tuple[Tensor, Tensor, Tensor]:
    hidden: list[Tensor] = []
    cells: list[Tensor] = []
    gates: list[Tensor] = []
    cell = carry
    for now in inputs.unbind(0):
        i, f, g, o = (affine(now, hidden[-1], recurrent) if hidden else now).chunk(4, -1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        cell = i * g if cell is None else torch.addcmul(i * g, f, cell)
        hidden.append(o * cell.tanh())
        cells.append(cell)
        gates.append(torch.cat((i, f, g, o), -1))
    return stack(hidden), stack(cells), stack(gates)


def _accumulate(added: Sequence[Tensor], forget: Sequence[Tensor], carry: MaybeTensor) -> Tensor:
    """c_t = a_t + f_t c_{t−1}."""
    cells: list[Tensor] = []
    cell = carry
    for new, kept in zip(added, forget, strict=True):
        cell = new if cell is None else torch.addcmul(new, kept, cell)
        cells.append(cell)
    return stack(cells)


def _step_back(
    cotangents: Sequence[MaybeTensor], weight: Tensor, record: Sequence[Tensor], with_sums: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """d_t and (e, e, e, s)_t for each time, first to last; the latter only at the first if not wanted."""
    hidden, _, gates, slopes, output, _ = record
    outer = torch.zeros_like(hidden) if cotangents[0] is None else cotangents[0]
    on_cell, inner = (None if part is None else part.unbind(0) for part in cotangents[1:])
    forget, out, slope = gates.chunk(4, -1)[1].unbind(0), output.unbind(0), slopes.unbind(0)
    parts: list[Tensor] = []
    sums: list[Tensor] = []
    e: MaybeTensor = None
    for t, now in reversed(list(enumerate(outer.unbind(0)))):
        s = affine(now, parts[-1], weight) if parts else now
        if e is None:
            e = out[t] * s if on_cell is None else torch.addcmul(on_cell[t], out[t], s)
        else:
            kept = forget[t + 1] * e if on_cell is None else torch.addcmul(on_cell[t], forget[t + 1], e)
            e = torch.addcmul(kept, out[t], s)
        s = s.expand_as(e)
        both = torch.cat((e, e, e, s), -1)
        parts.append(slope[t] * both if inner is None else torch.addcmul(inner[t], slope[t], both))
        if with_sums or t == 0:
            sums.append(both)
    return parts[::-1], sums[::-1]


def _factors(slope_part: Tensor, weights: Tensor, record: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Second derivatives of e·c + s·h by (p, c⁻, c): p p, p_i p_g, p_f c⁻, p_o c, c c."""
    _, _, gates, _, output, squashed = record
    i, f, _g, o = gates.chunk(4, -1)
    e, _, _, s = weights.chunk(4, -1)
    third = slope_part.chunk(4, -1)[2]
    own = slope_part * torch.add(1 - _tanh_gate(gates), gates, alpha=-2)
    forget = e * f
    through = s * output
    return (
        own,
        torch.addcmul(third, third, i, value=-1),
        torch.addcmul(forget, forget, f, value=-1),
        torch.addcmul(through, through, o, value=-1),
        through * squashed * -2,
    )


def _tanh_gate(gates: Tensor) -> Tensor:
    """Ones for the gate that is a tanh, zeros for the others, shape (4H,)."""
    marks = gates.new_tensor([0.0, 0.0, 1.0, 0.0])
    return marks.repeat_interleave(gates.shape[-1] // 4)
