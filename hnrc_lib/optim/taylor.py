"""The Taylor models of the loss, of first and of second order, and how far they can be trusted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.curvature.graph import Loss
from hnrc_lib.linalg.checks import check_finite
from hnrc_lib.linalg.operators import LinearOperator


def predicted_reduction(
    hessian: Float[Tensor, "n n"] | LinearOperator, gradient: Float[Tensor, " n"], step: Float[Tensor, " n"]
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


@dataclass(frozen=True)
class TaylorModel:
    """What the loss is near θ, as far as its derivatives at θ tell.

        first order:  L(θ + Δ) ≈ L + gᵀΔ              error O(‖Δ‖²)
        second order: L(θ + Δ) ≈ L + gᵀΔ + ½ ΔᵀHΔ     error O(‖Δ‖³)

    The orders of the errors hold where L is twice, and three times, continuously differentiable.

    Args:
        value: L(θ).
        gradient: g = ∇L(θ), shape (n,).
        operator: H, a symmetric matrix (n, n) or a linear operator; None for a model of first order alone.

    Raises:
        ValueError: shapes do not fit, or value or gradient is not finite.

    >>> import torch
    >>> model = TaylorModel(1.0, torch.tensor([2.0]), torch.tensor([[4.0]]))
    >>> model.first_order(torch.tensor([-0.5])), model.second_order(torch.tensor([-0.5]))
    (0.0, 0.5)

    Brook Taylor, Methodus incrementorum directa et inversa (1715), proposition VII.
    """

    value: float
    gradient: Float[Tensor, " n"]
    operator: Float[Tensor, "n n"] | LinearOperator | None = None

    def __post_init__(self) -> None:
        size = len(self.gradient)
        if self.operator is not None and tuple(self.operator.shape) != (size, size):
            raise ValueError(
                f"operator must have shape {(size, size)} like gradient, got {tuple(self.operator.shape)}"
            )
        if not math.isfinite(self.value):
            raise ValueError(f"value must be finite, got {self.value}")
        check_finite("gradient", self.gradient)

    @property
    def order(self) -> int:
        """1 without curvature, 2 with it."""
        return 1 if self.operator is None else 2

    def first_order(self, step: Float[Tensor, " n"]) -> float:
        """L + gᵀΔ.

        Args:
            step: Δ, shape (n,).
        """
        return self.value + float(self.gradient @ step)

    def second_order(self, step: Float[Tensor, " n"]) -> float:
        """L + gᵀΔ + ½ ΔᵀHΔ, at the cost of one product with H.

        Args:
            step: Δ, shape (n,).

        Raises:
            ValueError: the model has no curvature.
        """
        if self.operator is None:
            raise ValueError("operator must be given for a model of second order, got None")
        return self.value - predicted_reduction(self.operator, self.gradient, step)

    def predicted_reduction(self, step: Float[Tensor, " n"]) -> float:
        """By how much the model of the highest order it has says that the step lowers the loss.

        Args:
            step: Δ, shape (n,).
        """
        if self.operator is None:
            return -float(self.gradient @ step)
        return predicted_reduction(self.operator, self.gradient, step)

    def actual_reduction(self, loss_after: float) -> float:
        """L(θ) − L(θ + Δ).

        Args:
            loss_after: L(θ + Δ).
        """
        return self.value - loss_after

    def gain_ratio(self, step: Float[Tensor, " n"], loss_after: float) -> float:
        """Actual over predicted reduction; see the function of the same name.

        Args:
            step: Δ, shape (n,).
            loss_after: L(θ + Δ).

        Raises:
            ValueError: the model promised no reduction.
        """
        return gain_ratio(self.value, loss_after, self.predicted_reduction(step))


def taylor_model(loss: Loss, params: Mapping[str, Tensor]) -> TaylorModel:
    """The model of second order of a loss at its parameters, with the Hessian as an operator.

    Args:
        loss: L(params), a scalar function of the parameter dict.
        params: θ, name to tensor.

    Returns:
        The model; its operator's ``flatten`` makes a step (n,) of a dict.

    Raises:
        ValueError, TypeError: as for ``HessianLinearOperator``.

    >>> import torch
    >>> model = taylor_model(lambda p: (p["x"] ** 3).sum(), {"x": torch.tensor([2.0])})
    >>> round(model.second_order(torch.tensor([0.1])), 5)  # 2.1³ is 9.261
    9.26
    """
    hessian = HessianLinearOperator(loss, params)
    return TaylorModel(float(hessian.value), hessian.flatten(hessian.gradient), hessian)
