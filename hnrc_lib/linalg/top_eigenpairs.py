"""Extreme eigenpairs by restarted Lanczos, residuals controlled and multiplicities checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hnrc_lib.linalg.checks import check_count, check_square
from hnrc_lib.linalg.hidden_eigenvalue import HiddenEigenvalue
from hnrc_lib.linalg.krylov_space import KrylovSpace
from hnrc_lib.linalg.operators import LinearOperator

Which = Literal["largest", "smallest", "magnitude", "both"]

_Rank = Callable[[Tensor], Tensor]
# What is sorted, and the ends of the spectrum (top +1, bottom −1) that the wanted eigenvalues lie at.
_WHICH: dict[str, tuple[tuple[_Rank, ...], tuple[int, ...]]] = {
    "largest": ((torch.clone,), (1,)),
    "smallest": ((torch.neg,), (-1,)),
    "magnitude": ((torch.abs,), (1, -1)),
    "both": ((torch.clone, torch.neg), (1, -1)),
}


@dataclass(frozen=True)
class Eigenpairs:
    """Result of ``top_eigenpairs``.

    Attributes:
        eigenvalues: most extreme first, shape (k,); for "both" k from the top, then k from the bottom.
        eigenvectors: orthonormal columns, shape (n, k) or (n, 2k), in the same order.
        residuals: ‖A u − λu‖ of each pair.
        converged: every residual met its tolerance and, where asked for, multiplicities were checked.
        num_products: products with A that were needed.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor
    residuals: Tensor
    converged: bool
    num_products: int


def top_eigenpairs(
    A: LinearOperator,
    k: int,
    *,
    which: Which = "largest",
    rtol: float | int = 1e-3,
    atol: float | int | None = None,
    max_products: int = 2000,
    max_basis: int | None = None,
    missed_probability: float | None = 0.01,
    generator: torch.Generator | None = None,
) -> Eigenpairs:
    """The k most extreme eigenpairs of a symmetric operator.

        A u = λu + r,   ‖r‖ ≤ max(rtol·|λ|, atol)

    The basis is orthogonalised in full, so no eigenvalue comes back as a ghost. One start vector holds one
    direction of each eigenspace, so a repeated eigenvalue would come back once; therefore, when all pairs
    have converged, a fresh random direction orthogonal to them is continued until a second copy of any pair
    before the k-th would have shown itself, but for a probability of ``missed_probability``. What it finds
    joins, and the search goes on.

    Args:
        A: symmetric (n, n).
        k: number of pairs, 1 … n; per end for "both".
        which: "largest" and "smallest" algebraically, "magnitude" by |λ|, "both" k from either end.
        rtol: residual relative to |λ|, ≥ 0.
        atol: residual allowed for eigenvalues near zero; eps^(2/3) of the largest |λ| when left out.
        max_products: gives up after this many products.
        max_basis: columns kept before a restart; memory is n·max_basis numbers.
        missed_probability: chance, 0 … 1, that a copy may stay hidden from the second search, which costs
            the more the smaller it is; None leaves the search out, and repeated eigenvalues come once.
        generator: draws the start vectors; torch's default generator when None.

    Returns:
        Eigenvalues, orthonormal eigenvectors and residuals; ``converged`` says whether to trust them.

    Raises:
        ValueError: A is not square or not symmetric, an argument is out of range, or a product not finite.

    >>> from hnrc_lib.linalg.operators import DenseOperator
    >>> A = DenseOperator(torch.diag(torch.tensor([3.0, -5.0, 3.0, 1.0, 0.0])))
    >>> top_eigenpairs(A, 2, generator=torch.Generator().manual_seed(0)).eigenvalues.round(decimals=3)
    tensor([3., 3.])

    Kesheng Wu and Horst Simon, Thick-restart Lanczos method for large symmetric eigenvalue problems (2000).
    """
    if missed_probability is not None and not 0 <= missed_probability <= 1:
        raise ValueError(f"missed_probability must be between 0 and 1, got {missed_probability}")
    capacity = _check(A, k, which, rtol, atol, max_products, max_basis)
    search = _Search(KrylovSpace(A, capacity, generator), which, k, float(rtol), atol, missed_probability)
    converged = search.run(max_products)
    values, coordinates, residuals = search.ritz()
    order = search.wanted(values)
    return Eigenpairs(
        values[order].to(A.dtype).to(A.device),
        search.space.vectors(coordinates[:, order]),
        residuals[order].to(A.dtype).to(A.device),
        converged,
        search.space.num_products,
    )


class _Search:
    """Grows a Krylov space until the wanted Ritz pairs are eigenpairs."""

    def __init__(
        self,
        space: KrylovSpace,
        which: Which,
        k: int,
        rtol: float,
        atol: float | int | None,
        missed_probability: float | None,
    ) -> None:
        self.missed_probability = missed_probability
        self.space, self.k, self.rtol, self.atol = space, k, rtol, atol
        self.ranks, self.signs = _WHICH[which]

    def run(self, max_products: int) -> bool:
        space, next_look = self.space, len(self.ranks) * self.k
        while space.num_products < max_products:
            if space.num_pending == 0 and not space.add_random():
                return True  # the basis spans everything
            chosen = 0
            if space.size >= min(next_look, space.capacity):
                values, coordinates, residuals = self.ritz()
                wanted = self.wanted(values)
                open_ones = wanted[residuals[wanted] > self.tolerance(values, values[wanted])]
                if len(open_ones) == 0:
                    if self.missed_probability is None or self.nothing_missed(max_products):
                        return True
                    next_look = 0
                    continue
                if space.size == space.capacity:
                    self.restart(values, coordinates)
                elif len(open_ones):
                    chosen = int((space.couplings @ coordinates[:, open_ones]).abs().sum(1).argmax())
                next_look = space.size + 1 + space.size // 24
            space.expand(chosen if space.num_pending > chosen else 0)
        return False

    def ritz(self) -> tuple[Tensor, Tensor, Tensor]:
        """Ritz values, coordinates and residual norms of the whole space."""
        values, coordinates = torch.linalg.eigh(self.space.projection)
        return values, coordinates, torch.linalg.vector_norm(self.space.couplings @ coordinates, dim=0)

    def wanted(self, values: Tensor) -> Tensor:
        """Indices of the k most extreme values of each end, most extreme first."""
        return torch.cat([rank(values).argsort(descending=True)[: self.k] for rank in self.ranks])

    def tolerance(self, values: Tensor, of: Tensor) -> Tensor:
        floor = self.atol
        if floor is None:
            floor = torch.finfo(self.space.A.dtype).eps ** (2 / 3) * float(values.abs().max())
        return (self.rtol * of.abs()).clamp(min=float(floor))

    def restart(self, values: Tensor, coordinates: Tensor, spare: int | None = None) -> None:
        """Keep the wanted Ritz vectors and ``spare`` more of each end (half of the room left)."""
        if spare is None:
            spare = (self.space.capacity // len(self.ranks) - self.k) // 2
        best = [rank(values).argsort(descending=True)[: self.k + spare] for rank in self.ranks]
        kept = torch.cat(best).unique()
        self.space.restart(coordinates[:, kept], values[kept])

    def nothing_missed(self, max_products: int) -> bool:
        """Whether a fresh random direction, orthogonal to the pairs found, finds nothing beyond them."""
        values, coordinates, _ = self.ritz()
        slack = float(self.tolerance(values, values[self.wanted(values)]).max())
        ends = self._ends(values, slack)
        if not ends:
            return True
        self.restart(values, coordinates, spare=0)
        self.space.set_aside()
        nothing = self._search_again(ends, slack, max_products)
        self.space.take_back()
        return nothing

    def _search_again(self, ends: list[tuple[int, float, float]], slack: float, max_products: int) -> bool:
        space, doubted = self.space, self.missed_probability or 0.0
        hidden = [HiddenEigenvalue(sign * point, space.A.shape[0]) for sign, _, point in ends]
        start, alive, tridiagonal = space.size, space.add_random(), True
        while alive and space.num_products < max_products:
            if space.size == space.capacity:
                space.restart_tail(start, (space.capacity - start) // 2)
                tridiagonal = False  # the bounds stay true, but a restarted run cannot sharpen them
            alive = space.expand(0)
            found, coordinates = torch.linalg.eigh(space.projection[start:, start:])
            residuals = torch.linalg.vector_norm(space.couplings[:, start:] @ coordinates, dim=0)
            doubt = 0.0
            for (sign, threshold, _), unseen in zip(ends, hidden, strict=True):
                top = int((sign * found).argmax())
                if sign * found[top] > threshold + slack:
                    return False
                if tridiagonal and unseen.probability > doubted:
                    last = float(space.couplings[0, -1]) if alive else 0.0
                    unseen.update(float(space.projection[-1, -1]), last)
                if residuals[top] > slack:
                    doubt = max(doubt, unseen.probability)
            if doubt <= doubted:
                return True
        return not alive

    def _ends(self, values: Tensor, slack: float) -> list[tuple[int, float, float]]:
        """Sign, k-th signed value, and least signed value beyond it, of each end that has one.

        A random start has a part in every eigenspace, so that only copies of what was found can be missing,
        and copies of the k-th value itself would change nothing.
        """
        kth = [float(rank(values).sort(descending=True).values[self.k - 1]) for rank in self.ranks]
        ends = []
        for sign, threshold in zip(self.signs, kth * 2, strict=False):
            signed = sign * values
            beyond = signed[signed > threshold + slack]
            if len(beyond):
                ends.append((sign, threshold, float(beyond.min())))
        return ends


def _check(
    A: LinearOperator,
    k: int,
    which: str,
    rtol: float | int,
    atol: float | int | None,
    max_products: int,
    max_basis: int | None,
) -> int:
    """The capacity of the basis."""
    size = check_square(A)
    if which not in _WHICH:
        raise ValueError(f"which must be one of {list(_WHICH)}, got {which!r}")
    count = k * len(_WHICH[which][0])
    check_count("k", k, 1, size // len(_WHICH[which][0]))
    check_count("max_products", max_products, 1)
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance is not None and not tolerance >= 0:
            raise ValueError(f"{name} must not be negative, got {tolerance}")
    if max_basis is None:
        return min(size, max(100, 4 * count))
    check_count("max_basis", max_basis, min(size, 2 * count + 2))
    return min(size, max_basis)
