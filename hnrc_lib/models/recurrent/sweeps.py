"""A recurrent sequence as an ``autograd.Function`` that can be differentiated twice.

Scan   : z, W, carry → states     backward: Adjoint           forward: Tangent
Tangent: x = M u                  backward: TangentBackward
Adjoint: y = Mᵀ b                 backward: AdjointBackward   forward: AdjointForward

Recall stands for W x + b and ``Scan`` where a run is known: its backward is Adjoint, then ``Pull``.
"""

# torch declares forward, backward and vmap with open argument lists; ours are named.
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor
from hnrc_lib.models.recurrent.functions import (
    Sweep,
    Unbatched,
    fit,
    may_be_differentiated,
    or_zeros,
    present,
    with_outer_tangents,
)
from hnrc_lib.models.recurrent.products import add_recurrent, weight_product
from hnrc_lib.models.recurrent.pull import Pull, Wanted
from hnrc_lib.models.recurrent.second_order import AdjointBackward, AdjointForward, TangentBackward


class Scan(Sweep):
    """The states of a sequence, followed by the coefficients of its linearisation (no derivatives)."""

    heads = (0, 1)

    @staticmethod
    def forward(cell: Cell, weight: Tensor, carry: MaybeTensor, inputs: Tensor) -> tuple[Tensor, ...]:
        return cell.run(inputs, weight, carry, None)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, weight, carry, projected = inputs
        ctx.shape = projected.shape
        ctx.mark_non_differentiable(*output[2:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, carry, *output)
        ctx.save_for_forward(weight, carry, *output)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        weight, carry, *record = ctx.saved_tensors
        parts, *rest = Adjoint.apply(
            ctx.cell, weight, carry is not None, may_be_differentiated(), *cotangents[:2], *record
        )
        # Dense, or the products' own derivatives come out transposed.
        parts = parts.contiguous()
        by_weight = fit(weight_product(parts, record[0]), weight.shape)
        by_carry = None if carry is None else fit(rest[0], carry.shape)
        return None, by_weight, by_carry, fit(parts, ctx.shape)

    @staticmethod
    def jvp(ctx: Any, *tangents: MaybeTensor) -> Any:
        def rule(
            by_weight: MaybeTensor,
            by_carry: MaybeTensor,
            moved: MaybeTensor,
            weight: Tensor,
            carry: MaybeTensor,
            *record: Any,
        ) -> Any:
            driven: Tensor = record[0].new_zeros(ctx.shape) if moved is None else moved
            if by_weight is not None:
                driven = add_recurrent(driven, record[0], by_weight)
            return Tangent.apply(ctx.cell, weight, or_zeros(by_carry, carry), driven, *record)

        states = with_outer_tangents(rule, *tangents[1:], *ctx.saved_tensors)
        return *states, *(None for _ in ctx.saved_tensors[4:])

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return Scan.in_one_sweep(info, in_dims, cell, args)


class Recall(Unbatched):
    """``Scan`` of a sequence whose record is known, and of z = W x + b before: nothing but derivatives.

    Where carriers are given, the record's states are differentiated through them instead, and x through
    ``saved``, a tensor of the same value.
    """

    @staticmethod
    def forward(
        cell: Cell,
        recurrent: Tensor,
        weight: Tensor,
        bias: MaybeTensor,
        first: MaybeTensor,
        carry: MaybeTensor,
        inputs: Tensor,
        saved: Tensor,
        *record_and_carriers: Tensor,
    ) -> tuple[Tensor, ...]:
        return tuple(state.view_as(state) for state in record_and_carriers[:2])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, recurrent, weight, bias, first, carry, _, saved, *tensors = inputs
        ctx.with_bias, ctx.with_carry = bias is not None, carry is not None
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(recurrent, weight, first, saved, *tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        recurrent, weight, first, saved, *tensors = ctx.saved_tensors
        cell = ctx.cell
        record, carriers = tensors[: cell.num_record], tensors[cell.num_record :]
        record[: len(carriers)] = carriers
        parts, *rest = Adjoint.apply(
            cell, recurrent, ctx.with_carry, may_be_differentiated(), *cotangents, *record
        )
        wanted = Wanted(ctx.with_bias, ctx.needs_input_grad[6])
        by_recurrent, by_weight, by_bias, by_first, by_inputs = Pull.apply(
            wanted, recurrent, weight, first, parts, saved, record[0]
        )
        by_carry = rest[0] if ctx.with_carry else None
        heads = (by_recurrent, by_weight, by_bias, by_first, by_carry, by_inputs)
        return None, *heads, None, *(None for _ in tensors)


class Carrier(Unbatched):
    """The value of one tensor, the derivatives of another."""

    @staticmethod
    def forward(value: Tensor, token: Tensor) -> Tensor:
        return value.view_as(value)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        return None, cotangent


class Tangent(Sweep):
    """x = M u, linear in u and in the tangent of the initial carry."""

    heads = (0, 1)

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, moved: MaybeTensor, inputs: Tensor, *record: Tensor
    ) -> tuple[Tensor, ...]:
        return cell.tangent(inputs, moved, weight, record)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, weight, moved, projected, *record = inputs
        ctx.shape, ctx.moved_shape = projected.shape, None if moved is None else moved.shape
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, *output, *record)
        ctx.save_for_forward(weight, moved, *record)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        cell, with_carry = ctx.cell, ctx.moved_shape is not None
        weight, *rest = ctx.saved_tensors
        outputs = list(TangentBackward.apply(cell, weight, with_carry, *cotangents, *rest))
        by_weight, by_inputs = fit(outputs.pop(0), weight.shape), fit(outputs.pop(0), ctx.shape)
        by_moved = fit(outputs.pop(0), ctx.moved_shape) if with_carry else None
        return None, by_weight, by_moved, by_inputs, *_spread(cell, outputs, rest[2:])

    @staticmethod
    def jvp(ctx: Any, *tangents: MaybeTensor) -> Any:
        _, by_weight, by_moved, by_inputs, *others = tangents
        if by_weight is not None or any(part is not None for part in others):
            raise NotImplementedError(
                "forward over forward through a recurrent layer is not implemented: use jvp(grad(…)), or "
                "jacfwd(jacrev(…))"
            )

        def rule(
            by_moved: MaybeTensor, by_inputs: MaybeTensor, weight: Tensor, moved: MaybeTensor, *record: Any
        ) -> Any:
            if by_inputs is None:
                by_inputs = record[0].new_zeros(ctx.shape)
            return Tangent.apply(ctx.cell, weight, or_zeros(by_moved, moved), by_inputs, *record)

        return with_outer_tangents(rule, by_moved, by_inputs, *ctx.saved_tensors)

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return Tangent.in_one_sweep(info, in_dims, cell, args)


class Adjoint(Sweep):
    """y = Mᵀ b: the parts for p and, where there is one, for the initial carry; then curvature's factors."""

    heads = (0,)

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, with_carry: bool, with_factors: bool, *args: Any
    ) -> tuple[Tensor, ...]:
        parts, by_carry, factors = cell.adjoint(args[:2], weight, args[2:], with_factors)
        return present(parts, by_carry if with_carry else None, *factors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, weight, ctx.with_carry, ctx.with_factors, *args = inputs
        ctx.shapes = [None if part is None else part.shape for part in args[:2]]
        ctx.mark_non_differentiable(*output[2 if ctx.with_carry else 1 :])
        ctx.set_materialize_grads(False)
        saved = (weight, *args[2:], *output)
        ctx.num_factors = len(output) - (2 if ctx.with_carry else 1)
        ctx.save_for_backward(*saved)
        ctx.save_for_forward(*saved)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        cell = ctx.cell
        weight, record, parts, by_carry, factors = _saved(ctx, ctx.saved_tensors)
        moved = or_zeros(cotangents[1], by_carry) if ctx.with_carry else None
        inputs = or_zeros(cotangents[0], parts)
        outputs = AdjointBackward.apply(cell, weight, moved, inputs, parts, *record, *factors)
        by_weight, states, rest = fit(outputs[0], weight.shape), outputs[1:3], outputs[3:]
        by_cotangents = [
            None if shape is None else fit(state, shape)
            for state, shape in zip(states, ctx.shapes, strict=True)
        ]
        return None, by_weight, None, None, *by_cotangents, *_spread(cell, rest, record)

    @staticmethod
    def jvp(ctx: Any, *tangents: MaybeTensor) -> Any:
        def rule(*tensors: MaybeTensor) -> Any:
            by_weight, *rest = tensors[:5]
            weight, record, parts, _, factors = _saved(ctx, tensors[5:])
            states = [or_zeros(tangent, state) for tangent, state in zip(rest[2:], record, strict=False)]
            return AdjointForward.apply(
                ctx.cell, weight, by_weight, ctx.with_carry, *rest[:2], *states, parts, *record, *factors
            )

        outputs = with_outer_tangents(rule, tangents[1], *tangents[4:8], *ctx.saved_tensors)
        return *outputs, *(None for _ in range(ctx.num_factors))

    @staticmethod
    def output_heads(args: Sequence[Any]) -> dict[int, int]:
        return {1: 1} if args[1] else {}

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return Adjoint.in_one_sweep(info, in_dims, cell, args)


def _saved(
    ctx: Any, tensors: Sequence[Any]
) -> tuple[Tensor, Sequence[Tensor], Tensor, MaybeTensor, Sequence[Tensor]]:
    """Weight, record, the parts for p and for the initial carry, and the factors."""
    if not ctx.with_factors:
        raise RuntimeError("a gradient taken without create_graph=True cannot be differentiated")
    weight, *rest = tensors
    record, (parts, *others) = rest[: ctx.cell.num_record], rest[ctx.cell.num_record :]
    by_carry = others.pop(0) if ctx.with_carry else None
    return weight, record, parts, by_carry, others


def _spread(cell: Cell, given: Sequence[Tensor], record: Sequence[Tensor]) -> list[MaybeTensor]:
    """Cotangents of the states that the second derivative touches, None for the rest of the record."""
    parts = iter(given)
    touched = [fit(next(parts), record[i].shape) if curved else None for i, curved in enumerate(cell.curved)]
    return [*touched, *(None for _ in record[2:])]
