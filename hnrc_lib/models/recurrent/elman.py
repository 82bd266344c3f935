"""Elman's cell: h_t = φ(p_t), φ = tanh or relu (Elman, 1990)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor, affine, shared, stack


class ElmanCell(Cell):
    """States (h, q), the slope q = φ'(p) standing for the gates; coefficients none.

    Tangent: p = u + W h⁻, h = q p. Backward: s = b_h + Wᵀ d⁺, d = b_p + q s. Curvature: T = s φ''(p) p ξ,
    and φ'' = −2 h q for tanh, 0 for relu.
    """

    num_states = 2
    num_record = 2

    def __init__(self, nonlinearity: str) -> None:
        self.smooth = nonlinearity == "tanh"
        self.curved = (False, self.smooth)

    def run(
        self, inputs: Tensor, weight: Tensor, carry: MaybeTensor, hidden: MaybeTensor
    ) -> tuple[Tensor, ...]:
        if hidden is None:
            activation = torch.tanh if self.smooth else torch.relu
            recurrent = shared(weight).mT
            first, *later = inputs.unbind(0)
            steps = [activation(first)]
            for now in later:
                steps.append(activation(affine(now, steps[-1], recurrent)))
            hidden = stack(steps)
        slope = 1 - hidden * hidden if self.smooth else (hidden > 0).to(hidden.dtype)
        return hidden, slope

    def tangent(
        self, tangents: Tensor, carry: MaybeTensor, weight: Tensor, record: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        recurrent = shared(weight).mT
        moved: list[Tensor] = []
        before: list[Tensor] = []
        for now, slope in zip(tangents.unbind(0), record[1].unbind(0), strict=True):
            before.append(affine(now, moved[-1], recurrent) if moved else now)
            moved.append(slope * before[-1])
        return stack(moved), stack(before)

    def adjoint(
        self,
        cotangents: Sequence[MaybeTensor],
        carry: MaybeTensor,
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        hidden, slope = record
        outer, inner = cotangents
        recurrent = shared(weight)
        summed: list[Tensor] = []
        parts: list[Tensor] = []
        outer = torch.zeros_like(hidden) if outer is None else outer
        slopes, injected = slope.unbind(0), None if inner is None else inner.unbind(0)
        for t, now in reversed(list(enumerate(outer.unbind(0)))):
            summed.append(affine(now, parts[-1], recurrent) if parts else now)
            scaled = slopes[t] * summed[-1]
            parts.append(scaled if injected is None else scaled + injected[t])
        summed.reverse()
        parts.reverse()
        factors = (stack(summed) * hidden * slope * -2,) if self.smooth and with_factors else ()
        return stack(parts), None, factors

    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], carry: MaybeTensor
    ) -> tuple[tuple[MaybeTensor, ...], MaybeTensor]:
        return (None, factors[0] * tangents[1] if self.smooth else None), None
