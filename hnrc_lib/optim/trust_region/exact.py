"""The exact minimum of a quadratic model within a ball, and the damping that gives the same step."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_finite
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim.trust_region.subproblem import (
    Reason,
    Subproblem,
    TrustRegionStep,
    check_model,
    check_radius,
)

MAX_ITERATIONS = 100


class ExactSubproblem(Subproblem):
    """min gᵀs + ½ sᵀHs subject to ‖s‖ ≤ Δ, by one eigendecomposition for all radii.

        (H + λI)s = −g,   λ ≥ 0,   λ(Δ − ‖s‖) = 0,   H + λI ⪰ 0

    These conditions are necessary and sufficient, for indefinite H too. A trust region is a damping: λ is
    0 where Newton's step fits into it, and otherwise the root of 1/‖s(λ)‖ = 1/Δ above −h_min, found by
    Newton's method on μ = λ + h_min, whose digits do not cancel however near the root lies to −h_min.
    In the *hard case* g has no part along the eigenvectors of h_min < 0 and s(λ) stays within the ball
    for all λ > −h_min: then λ = −h_min, and the rest of the length goes along such an eigenvector, the
    way from a saddle that the gradient does not see.

    Eigenvalues below n·ε·max|h| count as 0, and along the lowest ones a gradient below n·ε·‖g‖ as none, so
    that no step is made of rounding.

    Args:
        hessian: H, symmetric: a matrix (n, n) or an operator, which is made dense.
        gradient: g, shape (n,).

    Raises:
        ValueError: shapes do not fit, or an entry is not finite.

    >>> H, g = torch.diag(torch.tensor([2.0, -1.0])), torch.tensor([2.0, 0.0])
    >>> found = ExactSubproblem(H, g).step(2.0)
    >>> found.damping, found.reason, found.step.abs()
    (1.0, 'hard_case', tensor([0.6667, 1.8856]))

    Jorge J. Moré and Danny C. Sorensen, Computing a trust region step (1983).
    """

    def __init__(self, hessian: Float[Tensor, "n n"] | LinearOperator, gradient: Float[Tensor, " n"]) -> None:
        check_model(hessian, gradient)
        if isinstance(hessian, LinearOperator):
            self.products, hessian = len(gradient), hessian.to_dense()
        check_finite("hessian", hessian)
        values, self._basis = torch.linalg.eigh(hessian)
        # n numbers from here on: in float64 on the host, where a root costs no wait for a device.
        h, slopes = values.double().cpu(), (self._basis.mT @ gradient).double().cpu()
        rounding = len(h) * torch.finfo(hessian.dtype).eps
        self._h = torch.where(h.abs() <= rounding * h.abs().max(), 0.0, h)
        self._gaps = self._h - self._h[0]
        lowest = self._gaps <= rounding * self._h.abs().max()
        unseen = lowest & (slopes.abs() <= rounding * torch.linalg.vector_norm(slopes))
        self._downhill = math.copysign(1.0, -float(slopes[0]))
        self._slopes = torch.where(unseen, 0.0, slopes)
        self.smallest_eigenvalue = float(self._h[0])

    def step(self, radius: float | int) -> TrustRegionStep:
        """The solution.

        Args:
            radius: Δ > 0.

        Raises:
            ValueError: Δ is not positive and finite.
        """
        radius, lowest = check_radius(radius), self.smallest_eigenvalue
        least = max(lowest, 0.0)  # μ at the smallest λ that is allowed
        coordinates = self._at(least)
        length = float(torch.linalg.vector_norm(coordinates))
        iterations = 0
        if length <= radius and lowest >= 0:
            mu, reason = lowest, "interior"
        elif length <= radius:
            coordinates[0] += self._downhill * math.sqrt(radius**2 - length**2)
            mu, reason = 0.0, "hard_case"
        else:
            mu, iterations = self._root(radius, least)
            coordinates, reason = self._at(mu), "boundary"
        return self._result(coordinates, max(mu - lowest, 0.0), iterations, reason)

    def _at(self, mu: float) -> Tensor:
        """Uᵀs at λ = μ − h_min."""
        return -self._divided(self._slopes, mu)

    def _divided(self, coordinates: Tensor, mu: float) -> Tensor:
        """Entry by entry over h + λ; a 0 stays 0 even where it is divided by 0."""
        return torch.where(coordinates == 0, 0.0, coordinates / (self._gaps + mu))

    def _root(self, radius: float, least: float) -> tuple[float, int]:
        """μ with ‖s‖ = Δ, and the number of iterations; s is longer than Δ at ``least``.

        Below the root, Newton's method on 1/‖s‖ climbs to it without ever passing it; what rounding does
        about that is caught by the bracket.
        """
        # |slope| ≤ ‖s‖ (gap + μ) for every entry, and ‖s‖ ≤ ‖slopes‖/μ.
        low = max(least, float((self._slopes.abs() / radius - self._gaps).max()))
        high = float(torch.linalg.vector_norm(self._slopes)) / radius
        mu = low
        for iteration in range(1, MAX_ITERATIONS + 1):
            coordinates = self._at(mu)
            length = float(torch.linalg.vector_norm(coordinates))
            if abs(length - radius) <= 4 * torch.finfo(torch.float64).eps * radius:
                return mu, iteration
            low, high = (mu, high) if length > radius else (low, mu)
            unit = coordinates / length
            falling = float(unit @ self._divided(unit, mu))
            moved = mu + (length - radius) / radius / falling
            if not low < moved < high:
                moved = math.sqrt(low) * math.sqrt(high) if low > 0 else high / 2
            if not low < moved < high:
                return mu, iteration  # neighbours in float64
            mu = moved
        return mu, MAX_ITERATIONS

    def _result(
        self, coordinates: Tensor, damping: float, iterations: int, reason: Reason
    ) -> TrustRegionStep:
        slope = float(self._slopes @ coordinates)
        return TrustRegionStep(
            step=self._basis @ coordinates.to(self._basis),
            on_boundary=reason != "interior",
            predicted_reduction=-(slope + float(coordinates**2 @ self._h) / 2),
            damping=damping,
            iterations=iterations,
            reason=reason,
        )


def exact_step(
    hessian: Float[Tensor, "n n"] | LinearOperator, gradient: Float[Tensor, " n"], radius: float | int
) -> TrustRegionStep:
    """The minimum of gᵀs + ½ sᵀHs over ‖s‖ ≤ Δ; see ``ExactSubproblem``.

    Args:
        hessian: H, symmetric: a matrix (n, n) or an operator, which is made dense.
        gradient: g, shape (n,).
        radius: Δ > 0.

    Raises:
        ValueError: shapes do not fit, an entry is not finite, or Δ is not positive and finite.

    >>> round(exact_step(torch.eye(2), torch.tensor([3.0, 4.0]), radius=1.0).damping, 9)
    4.0
    """
    return ExactSubproblem(hessian, gradient).step(radius)
