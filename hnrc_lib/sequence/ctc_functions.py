"""CTC's autograd functions of the loss and of its gradient; the product with its Hessian is in ctc_product.

Each differentiates into the next, so reverse over reverse, forward over reverse, reverse over forward and
``torch.func`` all end in one tangent pass over one lattice. The loss, and the gradient where no graph of it
is asked for, come from torch's kernel.
"""

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import Function

from hnrc_lib.sequence import ctc_native
from hnrc_lib.sequence.ctc_arguments import Options, padded_targets
from hnrc_lib.sequence.ctc_kernels import kernels
from hnrc_lib.sequence.ctc_lattice import Lattice, extended_labels, scatter_states
from hnrc_lib.sequence.ctc_product import Last, Product
from hnrc_lib.sequence.folding import apply_folded
from hnrc_lib.sequence.forward_mode import with_outer_tangents
from hnrc_lib.sequence.signatures import with_signature


def _batch_axis(targets: Tensor, in_dim: int | None) -> int:
    """Of one mapped slice of the targets: −2 if padded, −1 if concatenated."""
    return -2 if targets.dim() - (in_dim is not None) == 2 else -1


def _frame_mask(like: Tensor, input_lengths: Tensor, feasible: Tensor) -> Tensor:
    """1 for the frames of feasible utterances, 0 for padding and infeasible ones, (time, batch, 1)."""
    frames = torch.arange(like.shape[0], device=like.device).unsqueeze(1)
    return ((frames < input_lengths) & feasible).to(like.dtype).unsqueeze(2)


def _from_lattice(
    scores: Tensor,
    padded: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    options: Options,
) -> tuple[Tensor, Tensor, Lattice, Tensor]:
    """Gradient of every utterance's loss, p of its feasible frames (empty for log Z), lattice and labels."""
    labels = extended_labels(padded, target_lengths, options.blank)
    lattice = kernels(options.kernel).lattice(scores, labels, input_lengths, target_lengths)
    gradient = scatter_states(lattice.posteriors.neg(), labels, scores.shape[2])
    if not options.normalise:
        return gradient, scores.new_empty(0, scores.shape[1], 0), lattice, labels
    feasible = lattice.log_partition != -torch.inf
    probabilities = scores.softmax(-1) * _frame_mask(scores, input_lengths, feasible)
    return gradient.add_(probabilities), probabilities, lattice, labels


class _Gradient(Function):
    """Gradient of every utterance's loss from the float64 lattice, and the lattice for the product."""

    @staticmethod
    @with_signature
    def forward(
        scores: Tensor, padded: Tensor, input_lengths: Tensor, target_lengths: Tensor, options: Options
    ) -> tuple[Tensor, ...]:
        gradient, probabilities, lattice, labels = _from_lattice(
            scores, padded, input_lengths, target_lengths, options
        )
        return gradient, probabilities, lattice.posteriors, lattice.transitions, labels

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        scores, _, input_lengths, target_lengths, ctx.options = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(scores, *output[1:], input_lengths, target_lengths)
        ctx.save_for_forward(scores, *output[1:], input_lengths, target_lengths)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        scores, *lattice = ctx.saved_tensors
        if grad_outputs[0] is None:
            return (None,) * 5
        product = Product.apply(grad_outputs[0], Last.apply(scores), *lattice, ctx.options)
        return product, *(None,) * 4

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        def rule(tangent: Tensor, scores: Tensor, *lattice: Tensor) -> Any:
            return Product.apply(tangent, Last.apply(scores), *lattice, ctx.options)

        return with_outer_tangents(rule, tangents[0], *ctx.saved_tensors), *(None,) * 4

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        axes = (-2, -2, -1, -1, None)
        return apply_folded(_Gradient.apply, info.batch_size, in_dims, args, axes, (-2, -2, -1, -1, -1))


def _lattice_gradient(scores: Tensor, *arguments: Any) -> Tensor:
    return cast(tuple[Tensor, ...], _Gradient.apply(scores, *arguments))[0]


class _NativeGradient(Function):
    """Gradient of every utterance's loss from torch's kernel; has no derivative and needs none."""

    @staticmethod
    @with_signature
    def forward(
        weight: Tensor,
        log_probs: Tensor,
        padded: Tensor,
        input_lengths: Tensor,
        target_lengths: Tensor,
        loss: Tensor,
        log_alpha: Tensor,
        options: Options,
    ) -> Tensor:
        gradient = ctc_native.native_gradient(
            weight, log_probs, padded, input_lengths, target_lengths, loss, log_alpha, options.blank
        )
        if options.normalise:
            # as torch does behind its log-softmax: it also takes off what rounding left over
            return torch.ops.aten._log_softmax_backward_data(gradient, log_probs, -1, log_probs.dtype)
        feasible = loss.isfinite()
        weights = torch.where(feasible, weight, 0.0).unsqueeze(1)
        mask = _frame_mask(log_probs, input_lengths, feasible)
        return gradient.addcmul_(log_probs.exp(), mask.mul_(weights), value=-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        axes = (-1, -2, -2, -1, -1, -1, -3, None)
        return apply_folded(_NativeGradient.apply, info.batch_size, in_dims, args, axes, (-2,))


class CTCLoss(Function):
    """Loss of every utterance, (batch,): −log Z, or with ``normalise`` that of the scores' log-softmax.

    The other outputs serve the derivatives: torch's log α and the log-probabilities, or nothing and the
    gradient itself where the lattice had to do torch's part; and the targets, checked and padded. The loss
    may come in float64: torch's gradient needs all digits of it.
    """

    @staticmethod
    @with_signature
    def forward(
        scores: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, options: Options
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        time, batch, classes = scores.shape
        blank, normalise = options.blank, options.normalise
        padded = padded_targets(targets, input_lengths, target_lengths, time, classes, blank)
        log_probs = scores.log_softmax(-1) if normalise else scores
        if ctc_native.serves(log_probs):
            loss, log_alpha = ctc_native.native_loss(log_probs, padded, input_lengths, target_lengths, blank)
            return loss, log_alpha, log_probs if normalise else scores.new_empty(0, batch, 0), padded
        gradient, _, lattice, _ = _from_lattice(scores, padded, input_lengths, target_lengths, options)
        loss = lattice.log_partition.neg()
        if normalise:
            frames = torch.arange(time, device=scores.device).unsqueeze(1) < input_lengths
            loss += torch.where(frames, scores.double().logsumexp(-1), 0.0).sum(0)
        return loss, scores.new_empty(batch, 0, 0), gradient, padded

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        scores, _, *lengths, ctx.options = inputs
        loss, log_alpha, kept, padded = output
        ctx.mark_non_differentiable(log_alpha, kept, padded)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(scores, padded, *lengths, loss, log_alpha, kept)
        ctx.save_for_forward(scores, padded, *lengths, loss)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        scores, padded, *lengths, loss, log_alpha, kept = ctx.saved_tensors
        if grad_outputs[0] is None:
            return (None,) * 5
        weight = grad_outputs[0].to(scores.dtype)
        if torch.is_grad_enabled():
            gradient = _lattice_gradient(scores, padded, *lengths, ctx.options)
            return gradient * weight.unsqueeze(1), *(None,) * 4
        if not log_alpha.numel():
            return kept * weight.unsqueeze(1), *(None,) * 4
        given = kept if ctx.options.normalise else scores
        mapped = torch._C._are_functorch_transforms_active()  # its vmap rule is all that apply adds
        native = _NativeGradient.apply if mapped else _NativeGradient.forward
        gradient = native(weight, given, padded, *lengths, loss, log_alpha, ctx.options)
        return gradient, *(None,) * 4

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        scores, padded, *lengths, loss = ctx.saved_tensors[:5]

        def rule(tangent: Tensor, *arguments: Tensor) -> Tensor:
            gradient = _lattice_gradient(*arguments, ctx.options)
            return (gradient * tangent).sum((0, 2)).to(loss.dtype)

        return with_outer_tangents(rule, tangents[0], scores, padded, *lengths), None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        axes = (-2, _batch_axis(args[1], in_dims[1]), -1, -1, None)
        return apply_folded(CTCLoss.apply, info.batch_size, in_dims, args, axes, (-1, -3, -2, -2))
