"""A recurrent sequence as an ``autograd.Function`` that can be differentiated twice.

Scan   : z, W, carry → states     backward: Adjoint           forward: Tangent
Tangent: x = M u                  backward: TangentBackward
Adjoint: y = Mᵀ b                 backward: AdjointBackward   forward: AdjointForward
"""

# torch declares forward, backward and vmap with open argument lists; ours are named.
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from hnrc_lib.models.recurrent.cell import Cell, MaybeTensor, add_recurrent, weight_product
from hnrc_lib.models.recurrent.functions import Sweep, Unbatched, fit, may_be_differentiated, or_zeros
from hnrc_lib.models.recurrent.second_order import AdjointBackward, AdjointForward, TangentBackward


class Scan(Sweep):
    """The states of a sequence, followed by the coefficients of its linearisation (no derivatives)."""

    leading = 2

    @staticmethod
    def forward(
        cell: Cell,
        weight: Tensor,
        carry: MaybeTensor,
        inputs: Tensor,
    ) -> tuple[Tensor, ...]:
        return cell.run(inputs, weight, carry, None)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, weight, carry, projected = inputs
        ctx.shape = projected.shape
        ctx.mark_non_differentiable(*output[ctx.cell.num_states :])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, carry, *output)
        ctx.save_for_forward(weight, carry, *output)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        weight, carry, *record = ctx.saved_tensors
        return None, *backward_sweep(ctx, weight, carry, cotangents[: ctx.cell.num_states], record)

    @staticmethod
    def jvp(ctx: Any, *tangents: MaybeTensor) -> Any:
        weight, carry, *record = ctx.saved_tensors
        _, by_weight, by_carry, moved = tangents
        if moved is None:
            moved = record[0].new_zeros(ctx.shape)
        if by_weight is not None:
            moved = add_recurrent(moved, record[0], by_weight)
        states = Tangent.apply(ctx.cell, weight, carry, or_zeros(by_carry, carry), moved, *record)
        return *states, *(None for _ in record[ctx.cell.num_states :])

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return Scan.in_one_sweep(info, in_dims, cell, args)


class Recall(Unbatched):
    """``Scan`` of a sequence whose record is known: nothing is computed but derivatives.

    Where carriers are given, the record's states are differentiated through them instead.
    """

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, carry: MaybeTensor, inputs: Tensor, *record_and_carriers: Tensor
    ) -> tuple[Tensor, ...]:
        return tuple(state.view_as(state) for state in record_and_carriers[: cell.num_states])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, weight, carry, projected, *tensors = inputs
        ctx.shape = projected.shape
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, carry, *tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        weight, carry, *tensors = ctx.saved_tensors
        cell = ctx.cell
        record, carriers = tensors[: cell.num_record], tensors[cell.num_record :]
        record[: len(carriers)] = carriers
        return None, *backward_sweep(ctx, weight, carry, cotangents, record), *(None for _ in tensors)


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


def backward_sweep(
    ctx: Any,
    weight: Tensor,
    carry: MaybeTensor,
    cotangents: Sequence[MaybeTensor],
    record: Sequence[Tensor],
) -> tuple[Tensor, MaybeTensor, Tensor]:
    """Gradients by W, the initial carry and z."""
    parts, *rest = Adjoint.apply(ctx.cell, weight, carry, may_be_differentiated(), *cotangents, *record)
    by_weight = fit(weight_product(parts, record[0]), weight.shape)
    by_carry = None if carry is None else fit(rest[0], carry.shape)
    return by_weight, by_carry, fit(parts, ctx.shape)


class Tangent(Sweep):
    """x = M u, linear in u and in the tangent of the initial carry."""

    leading = 3

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, carry: MaybeTensor, moved: MaybeTensor, inputs: Tensor, *record: Tensor
    ) -> tuple[Tensor, ...]:
        return cell.tangent(inputs, moved, weight, record)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, weight, carry, moved, projected, *record = inputs
        ctx.shape = projected.shape
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, carry, moved, *record, *output)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        cell = ctx.cell
        weight, carry, moved, *rest = ctx.saved_tensors
        record, states = rest[: -cell.num_states], rest[-cell.num_states :]
        outputs = list(TangentBackward.apply(cell, weight, carry, moved, *cotangents, *states, *record))
        by_weight, by_inputs = fit(outputs.pop(0), weight.shape), fit(outputs.pop(0), ctx.shape)
        by_carry = by_moved = None
        if carry is not None:
            by_carry, by_moved = fit(outputs.pop(0), carry.shape), fit(outputs.pop(0), moved.shape)
        head = (by_weight, by_carry, by_moved, by_inputs)
        by_states = _spread(cell, outputs, record)
        return None, *head, *by_states

    @staticmethod
    def jvp(ctx: Any, *tangents: MaybeTensor) -> Any:
        raise NotImplementedError(
            "forward over forward through a recurrent layer is not implemented: use jvp(grad(…)), or "
            "jacfwd(jacrev(…))"
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return Tangent.in_one_sweep(info, in_dims, cell, args)


class Adjoint(Sweep):
    """y = Mᵀ b: the parts for p and, where there is one, for the initial carry; then curvature's factors."""

    leading = 2

    @staticmethod
    def forward(
        cell: Cell, weight: Tensor, carry: MaybeTensor, with_factors: bool, *args: Any
    ) -> tuple[Tensor, ...]:
        cotangents, record = args[: cell.num_states], args[cell.num_states :]
        parts, by_carry, factors = cell.adjoint(cotangents, carry, weight, record, with_factors)
        return (parts, *factors) if by_carry is None else (parts, by_carry, *factors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.cell, weight, carry, ctx.with_factors, *args = inputs
        ctx.shapes = [None if part is None else part.shape for part in args[: ctx.cell.num_states]]
        ctx.mark_non_differentiable(*output[1 if carry is None else 2 :])
        ctx.set_materialize_grads(False)
        saved = (weight, carry, *args[ctx.cell.num_states :], *output)
        ctx.num_outputs = len(output)
        ctx.save_for_backward(*saved)
        ctx.save_for_forward(*saved)

    @staticmethod
    def backward(ctx: Any, *cotangents: MaybeTensor) -> Any:
        cell = ctx.cell
        weight, carry, parts, record, factors = _saved(ctx)
        moved = or_zeros(cotangents[1], carry) if carry is not None else None
        inputs = or_zeros(cotangents[0], parts)
        outputs = list(AdjointBackward.apply(cell, weight, carry, moved, inputs, parts, *record, *factors))
        by_weight = fit(outputs.pop(0), weight.shape)
        by_carry = None if carry is None else fit(outputs.pop(0), carry.shape)
        states, rest = outputs[: cell.num_states], outputs[cell.num_states :]
        by_cotangents = [
            None if shape is None else fit(state, shape)
            for state, shape in zip(states, ctx.shapes, strict=True)
        ]
        return None, by_weight, by_carry, None, *by_cotangents, *_spread(cell, rest, record)

    @staticmethod
    def jvp(ctx: Any, *tangents: MaybeTensor) -> Any:
        cell = ctx.cell
        weight, carry, parts, record, factors = _saved(ctx)
        _, by_weight, by_carry, _, *rest = tangents
        moved = rest[: cell.num_states]
        states = [
            or_zeros(tangent, state)
            for tangent, state in zip(rest[cell.num_states :][: cell.num_states], record, strict=False)
        ]
        outputs = AdjointForward.apply(
            cell,
            weight,
            carry,
            by_weight,
            or_zeros(by_carry, carry),
            *moved,
            *states,
            parts,
            *record,
            *factors,
        )
        return *outputs, *(None for _ in factors)

    @staticmethod
    def leading_outputs(args: Sequence[Any]) -> Sequence[int]:
        return () if args[1] is None else (1,)

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *args: Any) -> Any:
        return Adjoint.in_one_sweep(info, in_dims, cell, args)


def _saved(ctx: Any) -> tuple[Tensor, MaybeTensor, Tensor, Sequence[Tensor], Sequence[Tensor]]:
    if not ctx.with_factors:
        raise RuntimeError("a gradient taken without create_graph=True cannot be differentiated")
    weight, carry, *rest = ctx.saved_tensors
    record, outputs = rest[: -ctx.num_outputs], rest[-ctx.num_outputs :]
    return weight, carry, outputs[0], record, outputs[1 if carry is None else 2 :]


def _spread(cell: Cell, given: Sequence[Tensor], record: Sequence[Tensor]) -> list[MaybeTensor]:
    """Cotangents of the states that the second derivative touches, None for the rest of the record."""
    parts = iter(given)
    touched = [fit(next(parts), record[i].shape) if curved else None for i, curved in enumerate(cell.curved)]
    return [*touched, *(None for _ in record[cell.num_states :])]
