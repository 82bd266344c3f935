"""Conjugate gradients: A x = b for a symmetric positive definite A, from products alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_count, check_square, check_vector
from hnrc_lib.linalg.operators import LinearOperator

Reason = Literal["converged", "stopped", "max_steps", "negative_curvature", "not_finite"]


@dataclass(frozen=True)
class ConjugateGradientResult:
    """Result of ``conjugate_gradient``.

    Attributes:
        solution: x, shape (n,); always finite.
        residual_norm: ‖b − A x‖, computed from x itself when ``reason`` is "converged" and by the
            recurrence otherwise.
        steps: steps taken.
        reason: why it stopped.
        direction: the p with pᵀAp ≤ 0 for "negative_curvature", shape (n,), otherwise None.
        curvature: pᵀAp/pᵀp along that direction, otherwise NaN.
    """

    solution: Tensor
    residual_norm: float
    steps: int
    reason: Reason
    direction: Tensor | None = None
    curvature: float = math.nan


def conjugate_gradient(
    A: LinearOperator,
    b: Float[Tensor, " n"],
    *,
    x0: Float[Tensor, " n"] | None = None,
    rtol: float | int = 1e-5,
    atol: float | int = 0.0,
    max_steps: int | None = None,
    preconditioner: LinearOperator | None = None,
    stop: Callable[[int, Tensor, float], bool] | None = None,
) -> ConjugateGradientResult:
    """Solve A x = b.

        x ← x + α p,  α = rᵀz/pᵀAp,  r ← r − α A p,  z = M r,  p ← z + β p,  β = (rᵀz)_new/(rᵀz)_old

    It stops at ‖b − A x‖ ≤ max(rtol·‖b‖, atol), and that residual is computed anew before it is believed:
    where the recurrence has drifted away, the iteration starts again from the true residual. A direction
    of non-positive curvature ends it, with x as it was before that direction.

    Args:
        A: symmetric (n, n). For a damped Hessian pass ``hessian.damped(damping)``.
        b: right-hand side, shape (n,).
        x0: where to start, shape (n,); zero when left out.
        rtol: tolerance relative to ‖b‖, ≥ 0.
        atol: absolute tolerance, ≥ 0.
        max_steps: largest number of steps, ≥ 0; n when left out.
        preconditioner: M ≈ A⁻¹, symmetric positive definite, applied as ``M @ r``.
        stop: called after every step with its number, x and the model φ(x) = ½xᵀAx − bᵀx = −½xᵀ(b + r);
            true ends the iteration there.

    Returns:
        The solution and the reason why it stopped.

    Raises:
        ValueError: shapes or devices differ, an argument is not finite, or M is not positive definite.
        TypeError: dtypes differ.

    >>> from hnrc_lib.linalg.operators import DenseOperator
    >>> A = DenseOperator(torch.diag(torch.tensor([1.0, 4.0])))
    >>> result = conjugate_gradient(A, torch.tensor([1.0, 2.0]))
    >>> result.solution, result.reason, result.steps
    (tensor([1.0000, 0.5000]), 'converged', 2)

    Magnus R. Hestenes and Eduard Stiefel, Methods of conjugate gradients for solving linear systems (1952).
    """
    max_steps = check_square(A) if max_steps is None else max_steps
    _check(A, b, x0, rtol, atol, max_steps, preconditioner)
    target = max(rtol * float(torch.linalg.vector_norm(b)), float(atol))
    x = torch.zeros_like(b) if x0 is None else x0
    residual = b if x0 is None else b - A @ x0
    if not bool(torch.isfinite(residual).all()):
        return ConjugateGradientResult(x, math.nan, 0, "not_finite")
    direction, square, fresh = residual, 0.0, True
    for step in range(max_steps + 1):
        norm = float(torch.linalg.vector_norm(residual))
        if norm <= target:
            residual = b - A @ x
            norm, fresh = float(torch.linalg.vector_norm(residual)), True
            if norm <= target:
                return ConjugateGradientResult(x, norm, step, "converged")
        if step == max_steps or not math.isfinite(norm):
            return ConjugateGradientResult(
                x, norm, step, "max_steps" if math.isfinite(norm) else "not_finite"
            )
        z = residual if preconditioner is None else preconditioner @ residual
        previous, square = square, _square(residual, z)
        direction = z if fresh else z + (square / previous) * direction
        product = A @ direction
        curvature = float(direction @ product)
        if not (math.isfinite(curvature) and bool(torch.isfinite(product).all())):
            return ConjugateGradientResult(x, norm, step, "not_finite")
        if curvature <= _rounding(direction, product):
            rayleigh = curvature / float(direction @ direction)
            return ConjugateGradientResult(x, norm, step, "negative_curvature", direction, rayleigh)
        length = square / curvature
        moved = x + length * direction
        if not bool(torch.isfinite(moved).all()):
            return ConjugateGradientResult(x, norm, step, "not_finite")
        x, residual, fresh = moved, residual - length * product, False
        if stop is not None and stop(step + 1, x, -float(x @ (b + residual)) / 2):
            norm = float(torch.linalg.vector_norm(residual))
            return ConjugateGradientResult(x, norm, step + 1, "stopped")
    raise AssertionError("unreachable: the last round of the loop returns")


def _square(residual: Tensor, z: Tensor) -> float:
    """rᵀz, which a positive definite preconditioner keeps above zero."""
    square = float(residual @ z)
    if not square > 0:
        raise ValueError(f"preconditioner must be positive definite, got rᵀMr = {square:.3g}")
    return square


def _rounding(direction: Tensor, product: Tensor) -> float:
    """What pᵀAp can be in place of an exact zero."""
    lengths = float(torch.linalg.vector_norm(direction)) * float(torch.linalg.vector_norm(product))
    return torch.finfo(direction.dtype).eps * lengths


def _check(
    A: LinearOperator,
    b: Tensor,
    x0: Tensor | None,
    rtol: float | int,
    atol: float | int,
    max_steps: int,
    preconditioner: LinearOperator | None,
) -> None:
    check_vector("b", b, A)
    if x0 is not None:
        check_vector("x0", x0, A)
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not (tolerance >= 0 and math.isfinite(tolerance)):
            raise ValueError(f"{name} must be finite and not negative, got {tolerance}")
    check_count("max_steps", max_steps, 0)
    if preconditioner is not None and preconditioner.shape != A.shape:
        raise ValueError(f"preconditioner must have shape {A.shape}, got {preconditioner.shape}")
