"""The constrained problem of S1 §3.3, which is said to have Newton's step for its solution."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float


@dataclass(frozen=True)
class ConstrainedStep:
    """The solution of S1's problem.

    Attributes:
        step: Δ, shape (n,).
        multiplier: μ of the constraint, from the same linear system.
        scale: gᵀx/(gᵀH⁻¹g), which μ equals: Δ is μ times Newton's step.
    """

    step: Float[Tensor, " n"]
    multiplier: float
    scale: float


def constrained_step(
    hessian: Float[Tensor, "n n"], gradient: Float[Tensor, " n"], position: Float[Tensor, " n"]
) -> ConstrainedStep:
    """Solve S1's problem by its own conditions of optimality.

        min ½ ΔᵀHΔ  subject to  gᵀΔ = −gᵀx;    [H g; gᵀ 0] [Δ; μ] = [0; −gᵀx],
        so that Δ = −μ H⁻¹g  with  μ = gᵀx/(gᵀH⁻¹g)

    The source gives Δ = −H⁻¹g, which is right only where μ = 1. The objective has no slope, so that the
    constraint alone moves Δ; and x stands for itself in it, so that Δ depends on where the origin lies and
    points uphill where gᵀx < 0 (H ≻ 0). On ½ xᵀHx the two agree at every x, since there g = Hx.

    Args:
        hessian: H, symmetric positive definite (n, n).
        gradient: g, shape (n,), not zero.
        position: x, shape (n,).

    Returns:
        The step, its multiplier, and the multiplier by the formula.

    Raises:
        ValueError: H is not positive definite, or g is zero, where the problem has no single solution.

    >>> H, g, x = torch.eye(2), torch.tensor([1.0, 0.0]), torch.tensor([-3.0, 5.0])
    >>> constrained_step(H, g, x)  # three times as far as Newton, and uphill
    ConstrainedStep(step=tensor([3., 0.]), multiplier=-3.0, scale=-3.0)
    """
    factor, failed = torch.linalg.cholesky_ex(hessian)
    if bool(failed):
        raise ValueError("hessian must be positive definite, but its Cholesky factorisation fails")
    if not bool(gradient.any()):
        raise ValueError("gradient must not be zero, got zeros")
    size = len(gradient)
    system = hessian.new_zeros(size + 1, size + 1)
    system[:size, :size] = hessian
    system[:size, size] = system[size, :size] = gradient
    right = hessian.new_zeros(size + 1)
    right[size] = -(gradient @ position)
    solution = torch.linalg.solve(system, right)
    newton = torch.cholesky_solve(gradient.unsqueeze(1), factor).squeeze(1)
    return ConstrainedStep(
        step=solution[:size],
        multiplier=float(solution[size]),
        scale=float(gradient @ position) / float(gradient @ newton),
    )
