"""Gated recurrent unit (Cho and others, 2014), the reset gate after the recurrent product as in cuDNN."""

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


class GRUCell(Cell):
    """h_t = (1 − z) n + z h⁻,  r = σ(p_r), z = σ(p_z), n = tanh(π), π = p_n + r a.

    Pre-activations come in four parts (r, z, a, n): a is the recurrent product that r gates, so W has a
    fourth block of zeros. States (h, gates) with gates (r, z, a, n), derivatives by (p_r, p_z, a, π);
    coefficients (P, Q, C): P the slopes of h by (p_r, p_z, a, p_n), Q = ∂π/∂p_r, C = z(1 − z).
    Tangent: p = u + W h⁻, h = z h⁻ + Σ P p. Backward: s = b_h + z⁺ s⁺ + Wᵀ d⁺, d = b_p + P s.
    """

    num_states = 2
    num_record = 5
    curved = (True, True)

    def run(
        self, inputs: Tensor, weight: Tensor, carry: MaybeTensor, hidden: MaybeTensor
    ) -> tuple[Tensor, ...]:
        if hidden is None:
            hidden, gates = _step_through(inputs, shared(weight).mT, carry)
        else:
            r, z, a, n = add_recurrent(inputs, hidden, shared(weight)).chunk(4, -1)
            r, z = r.sigmoid(), z.sigmoid()
            gates = join(r, z, a, torch.addcmul(n, r, a).tanh())
        r, z, a, n = gates.chunk(4, -1)
        by_reset = a * r * (1 - r)
        both = z * (1 - z)
        by_new = (1 - z) * (1 - n * n)
        slopes = join(by_new * by_reset, (delayed(hidden, carry) - n) * both, by_new * r, by_new)
        return hidden, gates, slopes, by_reset, both

    def tangent(
        self, tangents: Tensor, carry: MaybeTensor, weight: Tensor, record: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        recurrent = shared(weight).mT
        _, gates, slopes, by_reset, _ = record
        r, z, _, _ = gates.chunk(4, -1)
        keep, slope = z.unbind(0), slopes.unbind(0)
        moved: list[Tensor] = []
        before: list[Tensor] = []
        last = carry
        for t, now in enumerate(tangents.unbind(0)):
            before.append(affine(now, moved[-1], recurrent) if moved else now)
            pr, pz, pa, pn = (slope[t] * before[-1]).chunk(4, -1)
            new = (pr + pz) + (pa + pn)
            last = new if last is None else torch.addcmul(new, keep[t], last)
            moved.append(last)
        pr, pz, pa, pn = stack(before).chunk(4, -1)
        inner = torch.addcmul(torch.addcmul(pn, r, pa), by_reset, pr)
        return stack(moved), join(pr, pz, pa, inner)

    def adjoint(
        self,
        cotangents: Sequence[MaybeTensor],
        carry: MaybeTensor,
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        hidden, gates, slopes, by_reset, _ = record
        r, z, _, _ = gates.chunk(4, -1)
        outer, inner = cotangents
        if inner is not None:
            br, bz, ba, bn = inner.chunk(4, -1)
            inner = join(torch.addcmul(br, by_reset, bn), bz, torch.addcmul(ba, r, bn), bn)
        outer = torch.zeros_like(hidden) if outer is None else outer
        parts, sums = _step_back(outer, inner, shared(weight), z, slopes)
        d, s = stack(parts), stack(sums)
        carry_part = None if carry is None else z[0] * s[0]
        return d, carry_part, _factors(d, s, record) if with_factors else ()

    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], carry: MaybeTensor
    ) -> tuple[tuple[MaybeTensor, ...], MaybeTensor]:
        reset_reset, reset_a, new_new, update_new, update_update, update_carry = factors
        hidden, before = tangents
        r, z, a, n = before.chunk(4, -1)
        by_update = torch.addcmul(update_update * z, update_new, n)
        inner = (
            torch.addcmul(reset_reset * r, reset_a, a),
            torch.addcmul(by_update, update_carry, delayed(hidden, carry)),
            reset_a * r,
            torch.addcmul(new_new * n, update_new, z),
        )
        carried = update_carry * z
        later = torch.cat((carried[1:], torch.zeros_like(carried[:1])))
        return (later, join(*inner)), carried[0]


def _step_through(inputs: Tensor, recurrent: Tensor, carry: MaybeTensor) -> tuple[Tensor, Tensor]:
    hidden: list[Tensor] = []
    gates: list[Tensor] = []
    last = carry
    for now in inputs.unbind(0):
        r, z, a, n = (affine(now, hidden[-1], recurrent) if hidden else now).chunk(4, -1)
        r, z = r.sigmoid(), z.sigmoid()
        n = torch.addcmul(n, r, a).tanh()
        last = n - z * n if last is None else torch.lerp(n, last, z)
        hidden.append(last)
        gates.append(torch.cat((r, z, a, n), -1))
    return stack(hidden), stack(gates)


def _step_back(
    outer: Tensor, inner: MaybeTensor, weight: Tensor, update: Tensor, slopes: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """d_t and s_t for each time, first to last."""
    keep, slope = update.unbind(0), slopes.unbind(0)
    injected = None if inner is None else inner.unbind(0)
    parts: list[Tensor] = []
    sums: list[Tensor] = []
    for t, now in reversed(list(enumerate(outer.unbind(0)))):
        s = affine(torch.addcmul(now, keep[t + 1], sums[-1]), parts[-1], weight) if parts else now
        repeated = torch.cat((s, s, s, s), -1)
        part = slope[t] * repeated if injected is None else torch.addcmul(injected[t], slope[t], repeated)
        sums.append(s)
        parts.append(part)
    return parts[::-1], sums[::-1]


def _factors(d: Tensor, s: Tensor, record: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Second derivatives of s·h by (p_r, p_z, a, π, h⁻): rr, ra, ππ, zπ, zz, z h⁻."""
    _, gates, slopes, by_reset, both = record
    r, z, _, n = gates.chunk(4, -1)
    _, by_update, _, by_new = slopes.chunk(4, -1)
    through = d.chunk(4, -1)[3]
    return (
        through * by_reset * (1 - 2 * r),
        through * r * (1 - r),
        s * by_new * n * -2,
        s * by_new * z * -1,
        s * by_update * (1 - 2 * z),
        s * both,
    )
