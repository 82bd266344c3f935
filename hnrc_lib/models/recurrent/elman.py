"""Elman's cell: h_t = φ(p_t), φ = tanh or relu (Elman, 1990)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor
from hnrc_lib.models.recurrent.products import affine, shared
from hnrc_lib.models.recurrent.steps import buffer, rows, scaled, whole


class ElmanCell(Cell):
    """States (h, q), the slope q = φ'(p) standing for the gates; coefficients none.

    Tangent: p = u + W h⁻, h = q p. Backward: s = b_h + Wᵀ d⁺, d = b_p + q s. Curvature: T = s φ''(p) p ξ,
    and φ'' = −2 h q for tanh, 0 for relu.
    """

    num_record = 2
    slots = (1, 0)

    def __init__(self, nonlinearity: str) -> None:
        self.smooth = nonlinearity == "tanh"
        self.curved = (False, self.smooth)

    def run(
        self, inputs: Tensor, weight: Tensor, carry: MaybeTensor, hidden: MaybeTensor
    ) -> tuple[Tensor, ...]:
        if hidden is None:
            recurrent = shared(weight).mT
            room = buffer(len(inputs), inputs.shape[-1], inputs, weight=recurrent)
            activation = _activation(self.smooth, room is not None)
            steps, last = rows(room, len(inputs)), None
            for t, now in enumerate(inputs.unbind(0)):
                last = activation(affine(now, last, recurrent, steps[t]))
                steps[t] = last
            hidden = whole(room, steps)
        slope = 1 - hidden * hidden if self.smooth else (hidden > 0).to(hidden.dtype)
        return hidden, slope

    def tangent(
        self, tangents: Tensor, carry: MaybeTensor, weight: Tensor, record: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        recurrent = shared(weight).mT
        length, size = len(tangents), tangents.shape[-1]
        rooms = [buffer(length, size, tangents, record[1], weight=recurrent) for _ in range(2)]
        moved, before = (rows(room, length) for room in rooms)
        slopes = record[1].unbind(0)
        for t, now in enumerate(tangents.unbind(0)):
            before[t] = affine(now, moved[t - 1] if t else None, recurrent, before[t])
            moved[t] = torch.mul(slopes[t], before[t], out=moved[t])
        return whole(rooms[0], moved), whole(rooms[1], before)

    def adjoint(
        self,
        cotangents: Sequence[MaybeTensor],
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        hidden, slope = record
        recurrent = shared(weight)
        outer = torch.zeros_like(hidden) if cotangents[0] is None else cotangents[0]
        length, size = hidden.shape[0], hidden.shape[-1]
        rooms = [buffer(length, size, outer, cotangents[1], hidden, weight=recurrent) for _ in range(2)]
        summed, parts = (rows(room, length) for room in rooms)
        slopes, injected, given = slope.unbind(0), rows(cotangents[1], length), outer.unbind(0)
        for t in reversed(range(length)):
            after = parts[t + 1] if t + 1 < length else None
            summed[t] = affine(given[t], after, recurrent, summed[t])
            parts[t] = scaled(injected[t], slopes[t], summed[t], parts[t])
        factors = ()
        if self.smooth and with_factors:
            factors = (whole(rooms[0], summed) * hidden * slope * -2,)
        return whole(rooms[1], parts), None, factors

    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], record: Sequence[Tensor]
    ) -> tuple[MaybeTensor, MaybeTensor]:
        return None, factors[0] * tangents[1] if self.smooth else None


def _activation(smooth: bool, in_place: bool) -> Callable[[Tensor], Tensor]:
    if smooth:
        return torch.tanh_ if in_place else torch.tanh
    return torch.relu_ if in_place else torch.relu
