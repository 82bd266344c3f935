"""Randomised low-rank approximation of a positive semi-definite operator, and preconditioners from it."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_count, check_finite, check_square, gaussian
from hnrc_lib.linalg.low_rank import LowRankInverse
from hnrc_lib.linalg.operators import LinearOperator


class NystromApproximation(LinearOperator):
    """Â = U diag(μ) Uᵀ ⪯ A of rank r.

    Attributes:
        eigenvectors: U, shape (n, r), orthonormal columns.
        eigenvalues: μ ≥ 0, shape (r,), largest first.
    """

    def __init__(self, eigenvectors: Float[Tensor, "n r"], eigenvalues: Float[Tensor, " r"]) -> None:
        size = eigenvectors.shape[0]
        super().__init__((size, size), eigenvectors.dtype, eigenvectors.device)
        self.eigenvectors, self.eigenvalues = eigenvectors, eigenvalues

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return self.eigenvectors @ (self.eigenvalues.unsqueeze(1) * (self.eigenvectors.mT @ block))

    def inverse(self, damping: float | int) -> LowRankInverse:
        """(Â + λI)⁻¹, an approximate solve by itself.

        Args:
            damping: λ > 0.
        """
        _check_damping(damping)
        return LowRankInverse(self.eigenvectors.flip(1), self.eigenvalues.flip(0), damping)

    def preconditioner(self, damping: float | int) -> LowRankInverse:
        """M ≈ (A + λI)⁻¹ for conjugate gradients on ``A.damped(damping)``.

            M = U diag(1/(μ + λ)) Uᵀ + (I − UUᵀ)/(μ_r + λ)

        Outside U it takes the smallest kept eigenvalue for all that are left. With a rank of about twice the
        effective dimension at λ the number of steps no longer depends on the condition number.

        Args:
            damping: λ > 0.
        """
        _check_damping(damping)
        ascending = self.eigenvalues.flip(0)
        least = float(ascending[0])
        return LowRankInverse(self.eigenvectors.flip(1), ascending - least, least + damping)


def nystrom(
    A: LinearOperator,
    rank: int,
    *,
    generator: torch.Generator | None = None,
    test: Float[Tensor, "n r"] | None = None,
) -> NystromApproximation:
    """Approximate a positive semi-definite operator from r products.

        Â = Y (ΩᵀY)⁻¹ Yᵀ,   Y = A Ω,   Ω orthonormal and random

    A shift ν ≈ √n·eps·‖Y‖ keeps the Cholesky factor of ΩᵀY in existence and is taken off the eigenvalues
    again. The error is near that of the best approximation of a somewhat smaller rank.

    Args:
        A: symmetric positive semi-definite (n, n), such as a Gauss–Newton or Fisher matrix.
        rank: r, 1 … n.
        generator: draws Ω; torch's default generator when None.
        test: vectors to take for Ω, shape (n, r), such as the eigenvectors of an earlier approximation; they
            are made orthonormal.

    Returns:
        Â with its eigenpairs; ``inverse`` and ``preconditioner`` build on it.

    Raises:
        ValueError: A is not square or not positive semi-definite on Ω, r is out of range, or a product is
            not finite.

    >>> from hnrc_lib.linalg.operators import DenseOperator
    >>> A = DenseOperator(torch.diag(torch.tensor([4.0, 0.0, 0.0, 0.0])))
    >>> nystrom(A, 2, generator=torch.Generator().manual_seed(0)).eigenvalues.round(decimals=3)
    tensor([4., 0.])

    Zachary Frangella, Joel A. Tropp and Madeleine Udell, Randomized Nyström preconditioning (2023).
    """
    size = check_square(A)
    check_count("rank", rank, 1, size)
    if test is not None and test.shape != (size, rank):
        raise ValueError(f"test must have shape {(size, rank)}, got {tuple(test.shape)}")
    chosen: Tensor = torch.linalg.qr(gaussian(A, rank, generator) if test is None else test)[0]
    sketch = A @ chosen
    check_finite("A @ test", sketch)
    return nystrom_of_sketch(chosen, sketch)


def nystrom_of_sketch(test: Float[Tensor, "n r"], sketch: Float[Tensor, "n r"]) -> NystromApproximation:
    """The same from products that were taken already.

    Args:
        test: Ω with orthonormal columns, shape (n, r).
        sketch: AΩ, finite.

    Raises:
        ValueError: A is not symmetric or not positive semi-definite on Ω.

    >>> nystrom_of_sketch(torch.eye(2), torch.diag(torch.tensor([4.0, 1.0]))).eigenvalues.round(decimals=3)
    tensor([4., 1.])
    """
    size, rank = test.shape
    norm = float(torch.linalg.matrix_norm(sketch))
    if norm == 0:
        return NystromApproximation(test, torch.zeros_like(sketch[0]))
    core, least = _core(test.mT @ sketch, norm)
    shift = max(math.sqrt(size) * torch.finfo(test.dtype).eps * norm, -2 * least)
    factor = torch.linalg.cholesky(core + shift * torch.eye(rank, dtype=test.dtype, device=test.device))
    whitened = torch.linalg.solve_triangular(factor, (sketch + shift * test).mT, upper=False).mT
    eigenvectors, singular, _ = torch.linalg.svd(whitened, full_matrices=False)
    return NystromApproximation(eigenvectors, (singular**2 - shift).clamp(min=0.0))


def _core(core: Tensor, norm: float) -> tuple[Tensor, float]:
    """ΩᵀAΩ made symmetric, and its smallest eigenvalue, where both defects are no more than rounding."""
    rounding = torch.finfo(core.dtype).eps ** (2 / 3) * norm  # 2e-5 in float32, 4e-11 in float64
    asymmetry = float((core - core.mT).abs().max())
    if asymmetry > 100 * rounding:
        raise ValueError(f"A must be symmetric, got an asymmetry of {asymmetry:.1e} on the test vectors")
    core = (core + core.mT) / 2
    least = float(torch.linalg.eigvalsh(core)[0])
    if least < -rounding:
        raise ValueError(
            f"A must be positive semi-definite, got a curvature of {least:.3e} on the test vectors"
        )
    return core, least


def _check_damping(damping: float | int) -> None:
    if not (damping > 0 and math.isfinite(damping)):
        raise ValueError(f"damping must be positive and finite, got {damping}")
