"""Connectionist temporal classification, differentiable twice in every mode torch has."""

from typing import cast

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Shaped
from hnrc_lib.sequence.ctc_arguments import (
    Arguments,
    Lengths,
    Options,
    arrange,
    check_reduction,
    padded_targets,
)
from hnrc_lib.sequence.ctc_functions import CTCLoss
from hnrc_lib.sequence.ctc_kernels import check_choice
from hnrc_lib.sequence.ctc_lattice import ctc_lattice, extended_labels
from hnrc_lib.sequence.ctc_product import softmax_curvature


def ctc_loss(
    log_probs: Shaped[Tensor, "*frames classes"],
    targets: Shaped[Tensor, "..."],
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
    kernel: str = "auto",
) -> Float[Tensor, "*batch"]:
    """CTC loss of log-probabilities, with exact first and second derivatives in them.

        L = −log Σ_{π: B(π) = target} exp Σ_t x_t(π_t),  ∂L/∂x = −γ,  ∂²L/∂x² = −Cov(occupancies)

    The gradient is that of the function above, whatever feeds it; ``torch.nn.functional.ctc_loss`` returns
    exp(x) − γ, which is right only behind a log-softmax. Through ``log_softmax`` both agree. The loss, and a
    gradient of which no graph is kept, come from torch's kernel where the scores are finite and normalised,
    in float64 beyond 1 000 frames; a gradient under ``create_graph=True`` and everything in ``torch.func``
    come from a lattice summed in float64. Padding gets gradient zero, and so do infeasible targets, whose
    loss is inf. A third derivative is refused.

    Args:
        log_probs: x, natural logarithms, (T, N, C) or (T, C), float32 or float64.
        targets: labels other than the blank, (N, S), or concatenated (sum of target_lengths,).
        input_lengths: frames of each utterance, 0 … T, (N,).
        target_lengths: labels of each utterance, 0 … S, (N,).
        blank: class of the blank, 0 … C − 1.
        reduction: ``none``, ``sum``, or ``mean``: over utterances, of loss / max(target length, 1).
        zero_infinity: count infeasible targets as loss 0.
        kernel: what sums the lattice where torch's kernel does not serve: ``torch`` operations, or the
            ``triton`` kernels for CUDA, which have run in Triton's interpreter and on no card so far, so that
            ``auto`` takes the torch operations.

    Returns:
        A scalar, or with ``none`` (N,), or for (T, C) a scalar.

    Raises:
        ValueError, TypeError: naming the argument.
        RuntimeError: a third derivative was asked for.

    >>> import torch
    >>> uniform = torch.full((3, 1, 2), 0.5).log()
    >>> ctc_loss(uniform, torch.tensor([[1]]), (3,), (1,)).exp()  # 6 of the 8 paths read "1": 8/6
    tensor(1.3333)

    Alex Graves, Santiago Fernández, Faustino Gomez, Jürgen Schmidhuber, Connectionist temporal
    classification (2006).
    """
    arguments = arrange("log_probs", log_probs, targets, input_lengths, target_lengths, blank)
    loss = _loss(arguments, Options(blank, False, kernel), reduction, zero_infinity)
    return loss.squeeze(0) if log_probs.dim() == 2 else loss


def ctc_loss_from_logits(
    logits: Shaped[Tensor, "*frames classes"],
    targets: Shaped[Tensor, "..."],
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
    kernel: str = "auto",
) -> Float[Tensor, "*batch"]:
    """CTC loss of unnormalised scores: softmax and CTC as one function, with its own derivatives.

        L = Σ_t logsumexp(a_t) − log Z(a),  ∇L = p − γ,
        ∇²L = blockdiag_t(diag p_t − p_t p_tᵀ) − Cov(occupancies)

    The same value as ``ctc_loss(logits.log_softmax(-1), …)``; products with its Hessian pass the classes
    once. ∇²L is indefinite; its positive semi-definite part is ``ctc_gauss_newton_product``.

    Args:
        logits: a, any real scores, (T, N, C) or (T, C), float32 or float64.
        targets, input_lengths, target_lengths, blank, reduction, zero_infinity, kernel: as for ``ctc_loss``.

    Returns:
        As ``ctc_loss``.

    Raises:
        ValueError: as for ``ctc_loss``.

    >>> import torch
    >>> ctc_loss_from_logits(torch.zeros(3, 1, 2), torch.tensor([[1]]), (3,), (1,)).exp()
    tensor(1.3333)
    """
    arguments = arrange("logits", logits, targets, input_lengths, target_lengths, blank)
    loss = _loss(arguments, Options(blank, True, kernel), reduction, zero_infinity)
    return loss.squeeze(0) if logits.dim() == 2 else loss


def ctc_gauss_newton_product(
    logits: Shaped[Tensor, "*frames classes"],
    vector: Shaped[Tensor, "..."],
    targets: Shaped[Tensor, "..."],
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
) -> Float[Tensor, "*frames classes"]:
    """The positive semi-definite part of the CTC loss's Hessian in the logits, times a vector.

        (diag p_t − p_t p_tᵀ) v_t per frame, weighted as the reduction weights the utterance

    It lies above the Hessian: the difference is the covariance of the occupancies. As the output matrix of
    a Gauss–Newton product it needs no lattice. Padding and targets too long for their frames give zero.

    Args:
        logits: a, (T, N, C) or (T, C), float32 or float64.
        vector: v, like the logits.
        targets, input_lengths, target_lengths, blank: as for ``ctc_loss``.
        reduction: ``mean`` or ``sum``.

    Returns:
        The product, shaped like the logits.

    Raises:
        ValueError, TypeError: naming the argument.

    >>> import torch
    >>> v = torch.tensor([[[1.0, 0.0]]])
    >>> ctc_gauss_newton_product(torch.zeros(1, 1, 2), v, torch.tensor([[1]]), (1,), (1,))
    tensor([[[ 0.2500, -0.2500]]])

    Nicol N. Schraudolph, Fast curvature matrix-vector products for second-order gradient descent (2002).
    """
    arguments = arrange("logits", logits, targets, input_lengths, target_lengths, blank)
    check_reduction(reduction)
    if reduction == "none":
        raise ValueError("reduction must be 'sum' or 'mean' for a product, got 'none'")
    if vector.shape != logits.shape or vector.dtype != logits.dtype:
        raise ValueError(
            f"vector must be like logits, {tuple(logits.shape)} {logits.dtype}, "
            f"got {tuple(vector.shape)} {vector.dtype}"
        )
    scores, _, frames, lengths = arguments
    labels = _labels(arguments, blank)[1::2]
    repeats = ((labels[1:] == labels[:-1]) & (labels[1:] != blank)).sum(0)
    feasible = frames >= lengths + repeats
    times = torch.arange(scores.shape[0], device=scores.device).unsqueeze(1)
    weight = ((times < frames) & feasible).to(scores.dtype)
    if reduction == "mean":
        weight = weight / (lengths.clamp(min=1) * scores.shape[1])
    product = softmax_curvature(scores.softmax(-1), vector.view(scores.shape))
    return (product * weight.unsqueeze(-1)).view(logits.shape)


def ctc_alignment_posteriors(
    log_probs: Shaped[Tensor, "*frames classes"],
    targets: Shaped[Tensor, "..."],
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
) -> Float[Tensor, "*frames states"]:
    """Where the target lies in time: the posterior of every state of blank, l₁, blank, …, l_S, blank.

        γ_t(s) = P(frame t is in state s | target)

    Args:
        log_probs: x, log-probabilities or logits (a shift per frame changes nothing), (T, N, C) or (T, C).
        targets, input_lengths, target_lengths, blank: as for ``ctc_loss``.

    Returns:
        γ, (T, N, 2 · longest + 1) or (T, 2 · longest + 1), zero in padding and for infeasible targets. No
        derivative is kept.

    Raises:
        ValueError, TypeError: naming the argument.

    >>> import torch
    >>> ctc_alignment_posteriors(torch.zeros(2, 2), torch.tensor([1]), 2, 1)
    tensor([[0.3333, 0.6667, 0.0000],
            [0.0000, 0.6667, 0.3333]])
    """
    arguments = arrange("log_probs", log_probs, targets, input_lengths, target_lengths, blank)
    labels = _labels(arguments, blank)
    scores = arguments.scores.detach()
    lattice = ctc_lattice(scores, labels, arguments.input_lengths, arguments.target_lengths)
    posteriors = lattice.posteriors.movedim(2, 1)
    return posteriors.squeeze(1) if log_probs.dim() == 2 else posteriors


def _labels(arguments: Arguments, blank: int) -> Tensor:
    time, _, classes = arguments.scores.shape
    padded = padded_targets(*arguments[1:], time, classes, blank)
    return extended_labels(padded, arguments.target_lengths, blank)


def _loss(arguments: Arguments, options: Options, reduction: str, zero_infinity: bool) -> Tensor:
    check_reduction(reduction)
    check_choice(options.kernel, arguments.scores.device)
    loss = cast(tuple[Tensor, ...], CTCLoss.apply(*arguments, options))[0].to(arguments.scores.dtype)
    if zero_infinity:
        loss = torch.where(loss == torch.inf, 0.0, loss)
    if reduction == "mean":
        return (loss / arguments.target_lengths.clamp(min=1)).mean()
    return loss.sum() if reduction == "sum" else loss
