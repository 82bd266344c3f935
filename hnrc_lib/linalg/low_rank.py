"""Inverse of a damped low-rank matrix without forming an n × n matrix (Woodbury)."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.operators import LinearOperator


class LowRankInverse(LinearOperator):
    """(λI + Q diag(μ) Qᵀ)⁻¹ = λ⁻¹(I − Q diag(μ/(λ + μ)) Qᵀ) with orthonormal Q (n, k).

    Attributes:
        eigenvectors: Q, shape (n, k).
        eigenvalues: μ, shape (k,), ascending, the curvature kept; the damping is not in them.
        damping: λ.
        positive_definite: λ > 0 and every λ + μ > 0; an indefinite matrix still has this inverse.
        condition_number: largest over smallest absolute eigenvalue of λI + Q diag(μ) Qᵀ.
    """

    def __init__(
        self, eigenvectors: Float[Tensor, "n k"], eigenvalues: Float[Tensor, " k"], damping: float | int
    ) -> None:
        size, rank = eigenvectors.shape
        super().__init__((size, size), eigenvectors.dtype, eigenvectors.device)
        self.eigenvectors, self.eigenvalues, self.damping = eigenvectors, eigenvalues, float(damping)
        shifted = eigenvalues + damping
        # Only a negative μ can cancel λ; its own rounding error is that of the largest |μ|.
        rounding = torch.finfo(self.dtype).eps * eigenvalues.abs().amax()
        if bool(((eigenvalues < 0) & (shifted.abs() <= rounding)).any()):
            raise ValueError(f"λI + U C Uᵀ is singular at damping {damping}: choose another damping")
        # The n − k directions outside Q have the eigenvalue λ.
        outside = [damping] if rank < size else []
        spectrum = [*shifted.abs().tolist(), *outside]
        self.condition_number = max(spectrum) / min(spectrum)
        self.positive_definite = bool((shifted > 0).all())

    def _matmat(self, block: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        coordinates = self.eigenvectors.mT @ block
        kept = self.eigenvectors @ (coordinates / (self.eigenvalues + self.damping).unsqueeze(1))
        if len(self.eigenvalues) == self.shape[0]:  # nothing lies outside; λ⁻¹ would only magnify rounding
            return kept
        return kept + (block - self.eigenvectors @ coordinates) / self.damping


def low_rank_inverse(
    factor: Float[Tensor, "n k"], damping: float | int, *, core: Float[Tensor, "k k"] | None = None
) -> LowRankInverse:
    """Inverse of λI + U C Uᵀ as an operator, from n·k numbers.

        (λI + U C Uᵀ)⁻¹ = λ⁻¹(I − U C (λI + UᵀU C)⁻¹ Uᵀ)

    A QR factorisation of U and an eigendecomposition of R C Rᵀ (k × k) bring it into a symmetric form that
    is stable for a singular C and for nearly dependent columns, at O(nk²) once and O(nk) a product.

    Args:
        factor: U, shape (n, k).
        damping: λ > 0.
        core: C, symmetric (k, k), definite or not; the identity when left out.

    Returns:
        The inverse, with the eigenvalues it keeps and whether the damped matrix is positive definite.

    Raises:
        ValueError: λ is not positive, U or C is not finite, C does not fit or is not symmetric, or
            the damped matrix is singular (only possible for an indefinite C).

    >>> low_rank_inverse(torch.tensor([[2.0], [0.0]]), damping=1.0) @ torch.tensor([5.0, 1.0])
    tensor([1., 1.])

    Max A. Woodbury, Inverting modified matrices (1950).
    """
    _check(factor, damping, core)
    orthonormal, triangle = torch.linalg.qr(factor)
    middle = triangle @ triangle.mT if core is None else triangle @ core @ triangle.mT
    eigenvalues, rotation = torch.linalg.eigh((middle + middle.mT) / 2)
    if core is None:
        eigenvalues = eigenvalues.clamp(min=0.0)
    return LowRankInverse(orthonormal @ rotation, eigenvalues, float(damping))


def _check(factor: Tensor, damping: float | int, core: Tensor | None) -> None:
    if not (damping > 0 and math.isfinite(damping)):
        raise ValueError(f"damping must be positive and finite, got {damping}")
    if not bool(torch.isfinite(factor).all()):
        raise ValueError("factor must be finite, got NaN or infinity")
    if core is None:
        return
    rank = factor.shape[1]
    if core.shape != (rank, rank):
        raise ValueError(f"core must have shape {(rank, rank)}, got {tuple(core.shape)}")
    if not bool(torch.isfinite(core).all()):
        raise ValueError("core must be finite, got NaN or infinity")
    asymmetry = float((core - core.mT).abs().max())
    if asymmetry > math.sqrt(torch.finfo(core.dtype).eps) * float(core.abs().max()):
        raise ValueError(f"core must be symmetric, got an asymmetry of {asymmetry:.2e}")
