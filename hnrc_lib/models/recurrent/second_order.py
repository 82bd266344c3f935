"""Second derivatives of a recurrent sequence; asking them for a derivative of their own is an error."""

# torch declares forward, backward and vmap with open argument lists; ours are named.
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor, shared, weight_product
from hnrc_lib.models.recurrent.functions import Sweep, add, present

_TOO_HIGH = (
    "third derivatives of RNNLayer, LSTMLayer and GRULayer are not implemented: take at most two, "
    "reverse over reverse or forward over reverse"
)


class _Last(Sweep):
    """A second derivative: it has none of its own."""

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        raise NotImplementedError(_TOO_HIGH)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise NotImplementedError(_TOO_HIGH)


class TangentBackward(_Last):
    """y = Mᵀ b, y xᵀ and T(y; x, ·) for cotangents b of a tangent sweep."""

    leading = 3

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, carry: MaybeTensor, moved: MaybeTensor, *args: Any
    ) -> tuple[Tensor, ...]:
        n = cell.num_states
        cotangents, states, record = args[:n], args[n : 2 * n], args[2 * n :]
        parts, by_moved, factors = cell.adjoint(cotangents, carry, weight, record, True)
        by_states, by_carry = cell.curvature(factors, states, moved)
        carries = () if by_moved is None else (by_carry, by_moved)
        return present(weight_product(parts, states[0]), parts, *carries, *by_states)

    @staticmethod
    def leading_outputs(args: Sequence[Any]) -> Sequence[int]:
        return (0,) if args[1] is None else (0, 2, 3)

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return TangentBackward.in_one_sweep(info, in_dims, cell, args)


class AdjointBackward(_Last):
    """x = M u, y xᵀ and T(y; x, ·) for a cotangent u of a backward sweep."""

    leading = 3

    @staticmethod
    def forward(
        cell: Cell,
        weight: Tensor,
        carry: MaybeTensor,
        moved: MaybeTensor,
        inputs: Tensor,
        parts: Tensor,
        *args: Tensor,
    ) -> tuple[Tensor, ...]:
        record, factors = args[: cell.num_record], args[cell.num_record :]
        states = cell.tangent(inputs, moved, weight, record)
        by_states, by_carry = cell.curvature(factors, states, moved)
        carries = () if carry is None else (by_carry,)
        return present(weight_product(parts, states[0]), *carries, *states, *by_states)

    @staticmethod
    def leading_outputs(args: Sequence[Any]) -> Sequence[int]:
        return (0,) if args[1] is None else (0, 1)

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return AdjointBackward.in_one_sweep(info, in_dims, cell, args)


class AdjointForward(_Last):
    """The tangent of y = Mᵀ b: Mᵀ(db + T(y; dx, ·) + dWᵀ y)."""

    leading = 4

    @staticmethod
    def forward(
        cell: Cell,
        weight: Tensor,
        carry: MaybeTensor,
        by_weight: MaybeTensor,
        by_carry: MaybeTensor,
        *args: Any,
    ) -> tuple[Tensor, ...]:
        n = cell.num_states
        moved, states, parts, rest = args[:n], args[n : 2 * n], args[2 * n], args[2 * n + 1 :]
        record, factors = rest[: cell.num_record], rest[cell.num_record :]
        bent, carry_bent = cell.curvature(factors, states, by_carry)
        total = [add(ours, given) for ours, given in zip(bent, moved, strict=True)]
        if by_weight is not None:
            moved = parts @ shared(by_weight)
            total[0] = add(total[0], torch.cat((moved[1:], torch.zeros_like(moved[:1]))))
        tangent, carry_part, _ = cell.adjoint(total, carry, weight, record, False)
        return present(tangent, add(carry_part, carry_bent) if carry_part is not None else None)

    @staticmethod
    def leading_outputs(args: Sequence[Any]) -> Sequence[int]:
        return (1,)

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return AdjointForward.in_one_sweep(info, in_dims, cell, args)
