"""The second-order Taylor model of the loss, and how far it can be trusted."""

from torch import Tensor

from hnrc_lib._shapes import Float


def predicted_reduction(
    hessian: Float[Tensor, "n n"], gradient: Float[Tensor, " n"], step: Float[Tensor, " n"]
) -> float:
    """By how much the quadratic model says a step lowers the loss.

        −(gᵀs + ½ sᵀHs), from L(θ + s) ≈ L(θ) + gᵀs + ½ sᵀHs

    Args:
        hessian: H, without damping: the damping limits the step, it is no part of the loss.
        gradient: g.
        step: s, added to θ.

    Returns:
        The reduction; negative where the model says that the loss grows.

    >>> import torch
    >>> predicted_reduction(2 * torch.eye(1), torch.tensor([4.0]), torch.tensor([-2.0]))
    4.0
    """
    return -float(gradient @ step + (step @ (hessian @ step)) / 2)


def gain_ratio(loss_before: float, loss_after: float, predicted: float) -> float:
    """Actual over predicted reduction.

        ρ = (L(θ) − L(θ + s))/(−gᵀs − ½ sᵀHs)

    Near 1 the model is right over the length of the step, below 0 the loss grew.

    Args:
        loss_before: L(θ).
        loss_after: L(θ + s); a loss that is not finite gives −∞, never a good ratio.
        predicted: the reduction that the model promised, > 0.

    Raises:
        ValueError: the model promised no reduction, so that no ratio has a meaning.

    >>> gain_ratio(1.0, 0.4, predicted=0.5)
    1.2

    Donald W. Marquardt, An algorithm for least-squares estimation of nonlinear parameters (1963).
    """
    if not predicted > 0:
        raise ValueError(f"predicted must be positive, got {predicted}")
    if loss_after != loss_after or loss_after in (float("inf"), float("-inf")):
        return float("-inf")
    return (loss_before - loss_after) / predicted
