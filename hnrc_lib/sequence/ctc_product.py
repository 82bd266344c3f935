"""The product of CTC's Hessian with directions, as an autograd function that differentiates into itself."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from hnrc_lib.sequence.ctc_arguments import Options
from hnrc_lib.sequence.ctc_kernels import kernels
from hnrc_lib.sequence.ctc_lattice import gather_states, scatter_states, valid_states
from hnrc_lib.sequence.folding import apply_folded
from hnrc_lib.sequence.forward_mode import with_outer_tangents
from hnrc_lib.sequence.signatures import with_signature

THIRD_DERIVATIVE = (
    "CTC is differentiable twice, and a third derivative with respect to the scores was asked for: use the "
    "loss, its gradient, products with its Hessian, or the Hessian itself, and take no derivative of those"
)


class Last(Function):
    """Stands for the scores in the Hessian product; differentiating through it is the third derivative."""

    @staticmethod
    @with_signature
    def forward(scores: Tensor) -> Tensor:
        return scores.new_zeros(scores.shape[1])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError(THIRD_DERIVATIVE)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise RuntimeError(THIRD_DERIVATIVE)

    @staticmethod
    def vmap(info: Any, in_dims: Any, scores: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return apply_folded(Last.apply, info.batch_size, in_dims, (scores,), (-2,), (-1,))


class Product(Function):
    """Directions (*vectors, time, batch, classes) times the Hessian of every utterance's loss."""

    @staticmethod
    @with_signature
    def forward(
        vector: Tensor,
        last: Tensor,
        probabilities: Tensor,
        posteriors: Tensor,
        transitions: Tensor,
        labels: Tensor,
        input_lengths: Tensor,
        target_lengths: Tensor,
        options: Options,
    ) -> Tensor:
        directions = vector.reshape(-1, *vector.shape[-3:])
        time, _, classes = directions.shape[1:]
        valid = valid_states(time, labels.shape[0], input_lengths, target_lengths)
        states = gather_states(directions, labels)
        product = kernels(options.kernel).covariance_product
        covariance = product(states, posteriors, transitions, valid)
        out = scatter_states(covariance.neg(), labels, classes)
        if probabilities.numel():
            out += softmax_curvature(probabilities, directions)
        return out.view(vector.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, *tensors, ctx.options = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        last, *rest = ctx.saved_tensors
        (cotangent,) = grad_outputs
        # `last` is returned a gradient so that the engine reaches it if, and only if, it is asked for
        product = Product.apply(cotangent, last, *rest, ctx.options)
        return product, torch.zeros_like(last), *(None,) * 7

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        def rule(*tensors: Tensor) -> Any:
            return Product.apply(*tensors, ctx.options)

        return with_outer_tangents(rule, tangents[0], *ctx.saved_tensors)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        vector, *lattice = args
        if all(in_dim is None for in_dim in in_dims[1:]):  # many directions share one lattice
            return Product.apply(vector.movedim(in_dims[0], 0), *lattice), 0
        axes = (-2, -1, -2, -1, -1, -1, -1, -1, None)
        return apply_folded(Product.apply, info.batch_size, in_dims, args, axes, (-2,))


def softmax_curvature(probabilities: Tensor, directions: Tensor) -> Tensor:
    """Hessian of the softmax cross-entropy in its logits, times vectors; classes last.

        (diag p − p pᵀ) v = p ⊙ (v − ⟨p, v⟩)

    >>> softmax_curvature(torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0, 0.0]]))
    tensor([[ 0.2500, -0.2500]])
    """
    mean = torch.einsum("...c,...c->...", probabilities, directions).unsqueeze(-1)
    return (directions - mean).mul_(probabilities)
