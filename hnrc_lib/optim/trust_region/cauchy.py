"""The Cauchy point: as far along −g as the model and the trust region allow."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim.trust_region.subproblem import TrustRegionStep, check_model, check_radius


def cauchy_step(
    hessian: Float[Tensor, "n n"] | LinearOperator, gradient: Float[Tensor, " n"], radius: float | int
) -> TrustRegionStep:
    """The minimum of the model along −g within the ball, for one product.

        s = −τ g/‖g‖,   τ = min(Δ, ‖g‖³/gᵀHg) where gᵀHg > 0, otherwise Δ

    What a step must gain for a trust-region method to converge is measured against this one: it lowers the
    model by at least ½‖g‖ min(Δ, ‖g‖/‖H‖).

    Args:
        hessian: H, symmetric: a matrix (n, n) or an operator.
        gradient: g, shape (n,).
        radius: Δ > 0.

    Returns:
        The step, with ``reason`` "interior", "boundary" or "negative_curvature".

    Raises:
        ValueError: shapes do not fit, the gradient is not finite, or Δ is not positive and finite.

    >>> cauchy_step(2 * torch.eye(2), torch.tensor([3.0, 4.0]), radius=10.0).step
    tensor([-1.5000, -2.0000])

    Jorge Nocedal and Stephen J. Wright, Numerical optimization (2006), equations 4.11 and 4.12.
    """
    check_model(hessian, gradient)
    radius, norm = check_radius(radius), float(torch.linalg.vector_norm(gradient))
    if norm == 0:
        return TrustRegionStep(torch.zeros_like(gradient), False, 0.0, math.nan, 0, "interior")
    unit = gradient / norm
    curvature = float(unit @ (hessian @ unit))
    inside = curvature > 0 and norm / curvature < radius
    length = norm / curvature if inside else radius
    return TrustRegionStep(
        step=-length * unit,
        on_boundary=not inside,
        predicted_reduction=length * norm - length**2 * curvature / 2,
        damping=math.nan,
        iterations=1,
        reason="interior" if inside else "boundary" if curvature > 0 else "negative_curvature",
    )
