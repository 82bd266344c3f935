"""Lanczos tridiagonalisation with full re-orthogonalisation, several start vectors in lock-step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_count, check_finite, check_square, rademacher
from hnrc_lib.linalg.operators import LinearOperator


@dataclass(frozen=True)
class Tridiagonal:
    """T = QᵀAQ of one start vector, in float64 on the CPU.

    Attributes:
        diagonal: α, shape (m,).
        off_diagonal: β₁ … βₘ₋₁, shape (m − 1,).
        remainder: βₘ ≥ 0, the norm of A Q − Q T; 0 where the basis spans an invariant subspace.
    """

    diagonal: Tensor
    off_diagonal: Tensor
    remainder: float

    def to_dense(self) -> Float[Tensor, "m m"]:
        """T in full."""
        off = torch.diag(self.off_diagonal, 1)
        return torch.diag(self.diagonal) + off + off.mT

    def ritz(self) -> tuple[Float[Tensor, " m"], Float[Tensor, "m m"], Float[Tensor, " m"]]:
        """Ritz values θ (ascending), their coordinates S in the basis, and residual norms βₘ|S[m, :]|."""
        values, coordinates = torch.linalg.eigh(self.to_dense())
        return values, coordinates, self.remainder * coordinates[-1].abs()


@dataclass(frozen=True)
class LanczosResult:
    """Result of ``lanczos``, one entry a start vector.

    Attributes:
        tridiagonals: T; shorter than asked where an invariant subspace ended it.
        bases: Q, shape (n, m), orthonormal columns; the first is the start vector over its norm.
    """

    tridiagonals: tuple[Tridiagonal, ...]
    bases: tuple[Tensor, ...]


def lanczos(
    A: LinearOperator,
    num_steps: int,
    *,
    vectors: Float[Tensor, "n k"] | None = None,
    num_vectors: int = 1,
    generator: torch.Generator | None = None,
) -> LanczosResult:
    """Project A on the Krylov spaces of k start vectors, one block product a step.

        A Q = Q T + βₘ qₘ₊₁ eₘᵀ,   QᵀQ = I

    Every new vector is orthogonalised against its whole basis, so that no eigenvalue comes back as a ghost
    copy; the k runs share products and nothing else. A run whose next vector vanishes has found an
    invariant subspace and ends there. Memory: n·k·num_steps numbers.

    Args:
        A: symmetric (n, n).
        num_steps: m ≥ 1, at most n are taken.
        vectors: start vectors, shape (n, k), none of them zero; random signs when left out.
        num_vectors: k ≥ 1 random start vectors, where ``vectors`` is left out.
        generator: draws them; torch's default generator when None.

    Returns:
        T and Q of every start vector.

    Raises:
        ValueError: A is not square or not symmetric, a product or start vector is not finite, or a start
            vector is zero.

    >>> from hnrc_lib.linalg.operators import DenseOperator
    >>> A = DenseOperator(torch.diag(torch.tensor([1.0, 2.0, 4.0])))
    >>> lanczos(A, 3, vectors=torch.ones(3, 1)).tridiagonals[0].ritz()[0]
    tensor([1.0000, 2.0000, 4.0000], dtype=torch.float64)

    Cornelius Lanczos, An iteration method for the solution of the eigenvalue problem (1950).
    """
    size = check_square(A)
    check_count("num_steps", num_steps, 1)
    check_count("num_vectors", num_vectors, 1)
    starts = rademacher(A, num_vectors, generator) if vectors is None else vectors
    norms = _start_norms(A, starts)
    current = (starts / norms).mT.contiguous()
    runs = active = [_Run(start, min(num_steps, size)) for start in current]
    while active:
        products = (A @ current.mT).mT
        check_finite(f"A @ vectors (step {len(active[0].diagonal) + 1})", products)
        remains = _remains(active, current, products)
        lengths = torch.linalg.vector_norm(remains, dim=1)
        going_on = [
            run.extend(row, length)
            for run, row, length in zip(active, remains, lengths.tolist(), strict=True)
        ]
        active = [run for run, goes_on in zip(active, going_on, strict=True) if goes_on]
        if active:
            current = torch.stack([run.last() for run in active])
    return LanczosResult(tuple(run.tridiagonal() for run in runs), tuple(run.basis() for run in runs))


class _Run:
    """One start vector: its basis as rows and the entries of T."""

    def __init__(self, start: Tensor, num_steps: int) -> None:
        self.rows = start.new_empty(num_steps, len(start))
        self.rows[0] = start
        self.diagonal: list[float] = []
        self.off_diagonal: list[float] = []
        self.remainder = self.scale = 0.0

    def last(self) -> Tensor:
        return self.rows[len(self.diagonal)]

    def known(self) -> Tensor:
        """The basis as rows, with the vector that was multiplied last."""
        return self.rows[: len(self.off_diagonal) + 1]

    def extend(self, remains: Tensor, length: float) -> bool:
        """Take in what A q has outside the basis; whether another step follows."""
        index = len(self.diagonal)
        self.remainder = length
        self.scale = max(self.scale, abs(self.diagonal[-1]), length)
        if length <= rounding(remains) * self.scale or index == remains.numel():
            self.remainder = 0.0
            return False
        if index == len(self.rows):
            return False
        self.off_diagonal.append(length)
        torch.div(remains, length, out=self.rows[index])
        return True

    def tridiagonal(self) -> Tridiagonal:
        as_double = [torch.tensor(x, dtype=torch.float64) for x in (self.diagonal, self.off_diagonal)]
        return Tridiagonal(as_double[0], as_double[1], self.remainder)

    def basis(self) -> Tensor:
        return self.rows[: len(self.diagonal)].mT


def _remains(
    active: list[_Run], current: Float[Tensor, "k n"], products: Float[Tensor, "k n"]
) -> Float[Tensor, "k n"]:
    """What the products have outside the bases, after their entries of T have been noted."""
    own = torch.linalg.vecdot(products, current)
    left = torch.addcmul(products, own.unsqueeze(1), current, value=-1)
    if active[0].off_diagonal:
        before = torch.stack([run.known()[-2] for run in active])
        measured = torch.linalg.vecdot(products, before).tolist()
        for run, entry in zip(active, measured, strict=True):
            check_symmetric(abs(entry - run.off_diagonal[-1]), run.scale, products.dtype)
        couplings = left.new_tensor([[run.off_diagonal[-1]] for run in active])
        left.addcmul_(couplings, before, value=-1)
    for run, entry in zip(active, own.tolist(), strict=True):
        run.diagonal.append(entry)
    lengths = torch.linalg.vector_norm(left, dim=1)
    for run, row in zip(active, left, strict=True):  # a basis is read twice while it is in the cache
        row.addmv_(run.known().mT, run.known() @ row, alpha=-1)
    shortened = torch.linalg.vector_norm(left, dim=1) < 0.7 * lengths
    for run, row, again in zip(active, left, shortened.tolist(), strict=True):
        if again:  # see orthogonalize
            row.addmv_(run.known().mT, run.known() @ row, alpha=-1)
    return left


def orthogonalize(vector: Float[Tensor, " n"], rows: Float[Tensor, "m n"]) -> Float[Tensor, " n"]:
    """The part of a vector orthogonal to orthonormal rows, as exactly as the arithmetic allows.

    A pass that takes much away leaves rounding of that size behind, and a second pass removes it
    (Daniel, Gragg, Kaufman and Stewart, 1976).
    """
    before = torch.linalg.vector_norm(vector)
    left = vector - rows.mT @ (rows @ vector)
    if bool(torch.linalg.vector_norm(left) < 0.7 * before):
        left = left - rows.mT @ (rows @ left)
    return left


def rounding(vector: Tensor) -> float:
    """What is left, relative to ‖A‖, of a vector that should have vanished."""
    return 4 * torch.finfo(vector.dtype).eps * vector.numel() ** 0.5


def check_symmetric(difference: float, scale: float, dtype: torch.dtype) -> None:
    """Refuse an operator whose entries above and below the diagonal of QᵀAQ differ.

    Raises:
        ValueError: they differ by more than rounding can explain.
    """
    if difference > torch.finfo(dtype).eps ** (1 / 3) * scale:
        raise ValueError(
            f"A must be symmetric, got products that differ by {difference / scale:.1e} of its norm"
        )


def _start_norms(A: LinearOperator, starts: Tensor) -> Tensor:
    if starts.shape[0] != A.shape[1]:
        raise ValueError(f"vectors must have shape ({A.shape[1]}, k), got {tuple(starts.shape)}")
    check_finite("vectors", starts)
    norms = torch.linalg.vector_norm(starts, dim=0)
    zero = (norms == 0).nonzero().flatten().tolist()
    if zero:
        raise ValueError(f"vectors must not be zero, got zero columns {zero}")
    return norms
