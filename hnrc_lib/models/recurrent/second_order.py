"""Second derivatives of a recurrent sequence; asking them for a derivative of their own is an error."""

# torch declares forward, backward and vmap with open argument lists; ours are named.
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor
from hnrc_lib.models.recurrent.functions import Sweep, add, present
from hnrc_lib.models.recurrent.products import shared, times, weight_product

_TOO_HIGH = (
    "third derivatives of RNNLayer, LSTMLayer and GRULayer are not implemented: take at most two, "
    "reverse over reverse or forward over reverse"
)


class Last(Sweep):
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


class TangentBackward(Last):
    """y = Mᵀ b, y xᵀ and T(y; x, ·) for cotangents b of a tangent sweep."""

    heads = (0,)

    @staticmethod
    def forward(cell: Cell, weight: Tensor, with_carry: bool, *args: Any) -> tuple[Tensor, ...]:
        cotangents, states, record = args[:2], args[2:4], args[4:]
        parts, by_carry, factors = cell.adjoint(cotangents, weight, record, True)
        by_states = cell.curvature(factors, states, record)
        carries = (by_carry,) if with_carry else ()
        return present(weight_product(parts, states[0]), parts, *carries, *by_states)

    @staticmethod
    def output_heads(args: Sequence[Any]) -> dict[int, int]:
        return {0: 0, 2: 1} if args[1] else {0: 0}

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return TangentBackward.in_one_sweep(info, in_dims, cell, args)


class AdjointBackward(Last):
    """x = M u, y xᵀ and T(y; x, ·) for a cotangent u of a backward sweep."""

    heads = (0, 1)

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, moved: MaybeTensor, inputs: Tensor, parts: Tensor, *args: Tensor
    ) -> tuple[Tensor, ...]:
        record, factors = args[: cell.num_record], args[cell.num_record :]
        states = cell.tangent(inputs, moved, weight, record)
        by_states = cell.curvature(factors, states, record)
        return present(weight_product(parts, states[0]), *states, *by_states)

    @staticmethod
    def output_heads(args: Sequence[Any]) -> dict[int, int]:
        return {0: 0}

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return AdjointBackward.in_one_sweep(info, in_dims, cell, args)


class AdjointForward(Last):
    """The tangent of y = Mᵀ b: Mᵀ(db + T(y; dx, ·) + dWᵀ y)."""

    heads = (0, 0)

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, by_weight: MaybeTensor, with_carry: bool, *args: Any
    ) -> tuple[Tensor, ...]:
        moved, states, parts, rest = args[:2], args[2:4], args[4], args[5:]
        record, factors = rest[: cell.num_record], rest[cell.num_record :]
        bent = cell.curvature(factors, states, record)
        total = [add(ours, given) for ours, given in zip(bent, moved, strict=True)]
        if by_weight is not None:
            pulled = times(parts, shared(by_weight), 1)
            total[0] = add(total[0], torch.cat((pulled[1:], torch.zeros_like(pulled[:1]))))
        tangent, by_carry, _ = cell.adjoint(total, weight, record, False)
        return present(tangent, by_carry if with_carry else None)

    @staticmethod
    def output_heads(args: Sequence[Any]) -> dict[int, int]:
        return {1: 1}

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return AdjointForward.in_one_sweep(info, in_dims, cell, args)
