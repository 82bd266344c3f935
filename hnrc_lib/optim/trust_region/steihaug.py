"""Conjugate gradients that stop where the trust region or the convexity ends."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_count
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim.trust_region.subproblem import (
    Reason,
    Subproblem,
    TrustRegionStep,
    check_model,
    check_radius,
)


class SteihaugSubproblem(Subproblem):
    """min gᵀs + ½ sᵀHs subject to ‖s‖ ≤ Δ, nearly, from products alone.

    Conjugate gradients on Hs = −g from s = 0, whose iterates grow in length. It ends

    - ``converged``: ‖Hs + g‖ ≤ rtol·‖g‖;
    - ``boundary``: the next iterate would leave the ball; s is where the way crosses the sphere;
    - ``negative_curvature``: dᵀHd ≤ 0; s is where d crosses the sphere;
    - ``max_steps``: s is the iterate reached;
    - ``not_finite``: a product had an entry that is no number; s is the last iterate before it.

    Its first iterate is the Cauchy point, so that it lowers the model at least as much; on a positive
    definite H at least half as much as the exact solution (Yuan 2000). At g = 0 it stays, even at a saddle.

    Args:
        hessian: H, symmetric: a matrix (n, n) or an operator.
        gradient: g, shape (n,).
        rtol: tolerance relative to ‖g‖, ≥ 0; min(½, √‖g‖) when left out, which makes the outer iteration
            converge superlinearly (Nocedal & Wright 2006, section 7.1).
        max_steps: most products for one radius, ≥ 1; 2n when left out.

    Raises:
        ValueError: shapes do not fit, the gradient is not finite, or a tolerance or count is out of range.

    >>> H, g = torch.diag(torch.tensor([2.0, -1.0])), torch.tensor([2.0, 2.0])
    >>> found = SteihaugSubproblem(H, g).step(10.0)
    >>> found.reason, found.on_boundary
    ('negative_curvature', True)

    Trond Steihaug, The conjugate gradient method and trust regions in large scale optimization (1983);
    Philippe L. Toint, Towards an efficient sparsity exploiting Newton method for minimization (1981).
    """

    def __init__(
        self,
        hessian: Float[Tensor, "n n"] | LinearOperator,
        gradient: Float[Tensor, " n"],
        *,
        rtol: float | int | None = None,
        max_steps: int | None = None,
    ) -> None:
        check_model(hessian, gradient)
        if rtol is not None and not (rtol >= 0 and math.isfinite(rtol)):
            raise ValueError(f"rtol must be finite and not negative, got {rtol}")
        self.max_steps = 2 * len(gradient) if max_steps is None else max_steps
        check_count("max_steps", self.max_steps, 1)
        norm = float(torch.linalg.vector_norm(gradient))
        self._target = norm * (min(0.5, math.sqrt(norm)) if rtol is None else rtol)
        self._hessian, self._gradient = hessian, gradient

    def step(self, radius: float | int) -> TrustRegionStep:
        """An approximate solution.

        Args:
            radius: Δ > 0.

        Raises:
            ValueError: Δ is not positive and finite.
        """
        radius, at = check_radius(radius), torch.zeros_like(self._gradient)
        residual, image = self._gradient, at  # Hs + g, and Hs by the recurrence
        direction, square = -residual, float(residual @ residual)
        if math.sqrt(square) <= self._target:
            return self._result(at, image, 0, "converged")
        for iteration in range(1, self.max_steps + 1):
            product = self._hessian @ direction
            self.products += 1
            curvature = float(direction @ product)
            if not (math.isfinite(curvature) and bool(torch.isfinite(product).all())):
                return self._result(at, image, iteration, "not_finite")
            bent = curvature <= _rounding(direction, product)
            length = math.inf if bent else square / curvature
            if bent or float(torch.linalg.vector_norm(at + length * direction)) >= radius:
                length = to_sphere(at, direction, radius)
                moved, image = at + length * direction, image + length * product
                return self._result(moved, image, iteration, "negative_curvature" if bent else "boundary")
            at, image = at + length * direction, image + length * product
            residual = residual + length * product
            previous, square = square, float(residual @ residual)
            if math.sqrt(square) <= self._target:
                return self._result(at, image, iteration, "converged")
            direction = -residual + (square / previous) * direction
        return self._result(at, image, self.max_steps, "max_steps")

    def _result(self, step: Tensor, image: Tensor, iterations: int, reason: Reason) -> TrustRegionStep:
        reduction = -float(self._gradient @ step + step @ image / 2)
        on_boundary = reason in ("boundary", "negative_curvature")
        return TrustRegionStep(step, on_boundary, reduction, math.nan, iterations, reason)


def to_sphere(start: Float[Tensor, " n"], direction: Float[Tensor, " n"], radius: float | int) -> float:
    """The τ ≥ 0 with ‖start + τ direction‖ = Δ.

    Args:
        start: a point within the ball, shape (n,).
        direction: not zero, shape (n,).
        radius: Δ > 0.

    >>> to_sphere(torch.tensor([1.0, 0.0]), torch.tensor([2.0, 0.0]), 5.0)
    2.0
    """
    size = float(torch.linalg.vector_norm(direction))
    along = float(start @ direction) / size
    room = max(radius**2 - float(start @ start), 0.0)
    root = math.sqrt(along**2 + room)
    # The form without cancellation of the larger root of τ² + 2 along τ − room = 0.
    return (room / (along + root) if along > 0 else root - along) / size


def _rounding(direction: Tensor, product: Tensor) -> float:
    """What dᵀHd can be in place of an exact zero."""
    lengths = float(torch.linalg.vector_norm(direction)) * float(torch.linalg.vector_norm(product))
    return torch.finfo(direction.dtype).eps * lengths


def steihaug_step(
    hessian: Float[Tensor, "n n"] | LinearOperator,
    gradient: Float[Tensor, " n"],
    radius: float | int,
    *,
    rtol: float | int | None = None,
    max_steps: int | None = None,
) -> TrustRegionStep:
    """Nearly the minimum of gᵀs + ½ sᵀHs over ‖s‖ ≤ Δ, from products alone; see ``SteihaugSubproblem``.

    Args:
        hessian: H, symmetric: a matrix (n, n) or an operator.
        gradient: g, shape (n,).
        radius: Δ > 0.
        rtol: tolerance relative to ‖g‖, ≥ 0; min(½, √‖g‖) when left out.
        max_steps: most products, ≥ 1; 2n when left out.

    Raises:
        ValueError: as for ``SteihaugSubproblem``, or Δ is not positive and finite.

    >>> steihaug_step(torch.eye(2), torch.tensor([3.0, 4.0]), radius=1.0).step
    tensor([-0.6000, -0.8000])
    """
    return SteihaugSubproblem(hessian, gradient, rtol=rtol, max_steps=max_steps).step(radius)
