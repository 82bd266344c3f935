"""A growing subspace with A's projection on it, from which single directions can be continued."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_finite, gaussian
from hnrc_lib.linalg.lanczos import check_symmetric, orthogonalize, rounding
from hnrc_lib.linalg.operators import LinearOperator


class KrylovSpace:
    """An orthonormal basis V with A V = V T + W B, where W are pending directions orthonormal to V.

    A plain Lanczos run has one pending direction. Here there may be more: random ones can join at any time,
    which is how eigenvectors come in that the first start vector does not contain.

    Args:
        A: symmetric (n, n).
        capacity: largest number of columns of V, ≤ n.
        generator: draws the random directions.

    Attributes:
        size: columns of V.
        num_products: products with A so far.
    """

    def __init__(self, A: LinearOperator, capacity: int, generator: torch.Generator | None) -> None:
        self.A, self.capacity, self.generator = A, capacity, generator
        self._rows = torch.empty(capacity, A.shape[0], dtype=A.dtype, device=A.device)
        self._projection = torch.zeros(capacity, capacity, dtype=torch.float64)
        self._pending: list[Tensor] = []
        self._couplings: list[Tensor] = []
        self._aside: list[tuple[Tensor, Tensor]] = []
        self._scale = 0.0
        self.size = self.num_products = 0

    @property
    def num_pending(self) -> int:
        """Columns of W."""
        return len(self._pending)

    @property
    def projection(self) -> Float[Tensor, "m m"]:
        """T, float64 on the CPU."""
        return self._projection[: self.size, : self.size]

    @property
    def couplings(self) -> Float[Tensor, "p m"]:
        """B, float64 on the CPU."""
        if not self._couplings:
            return torch.zeros(0, self.size, dtype=torch.float64)
        return torch.stack(self._couplings)[:, : self.size]

    def vectors(self, coordinates: Float[Tensor, "m k"]) -> Float[Tensor, "n k"]:
        """V times coordinates."""
        return self._rows[: self.size].mT @ coordinates.to(self._rows)

    def add_random(self) -> bool:
        """Append a random pending direction; False when V and W span everything already."""
        if self.size + len(self._pending) >= self.A.shape[0]:
            return False
        vector = gaussian(self.A, 1, self.generator)[:, 0]
        for _ in range(2):
            vector = self._outside(vector / torch.linalg.vector_norm(vector))
        self._append(vector / torch.linalg.vector_norm(vector))
        return True

    def expand(self, index: int) -> bool:
        """Move pending direction ``index`` into V; whether its own continuation is pending, as the last."""
        direction, coupling = self._pending.pop(index), self._couplings.pop(index)
        product = self.A @ direction
        self.num_products += 1
        check_finite(f"A @ v (product {self.num_products})", product)
        self._scale = max(self._scale, float(torch.linalg.vector_norm(product)))
        own = float(direction @ product)
        near = coupling.abs() > 0  # what is known to be there goes first, and leaves little to correct
        left = product - own * direction - coupling[near].to(product) @ self._rows[near.to(product.device)]
        for other, pending in zip(self._couplings, self._pending, strict=True):
            other[self.size] = float(pending @ product)
        left = orthogonalize(left, torch.stack([*self._pending, direction]))
        left, corrections = self._corrected(left)
        if bool(near.any()):
            difference = float(corrections[near[: self.size]].abs().max())
            check_symmetric(difference, self._scale, product.dtype)
        self._insert(direction, coupling[: self.size] + corrections, own)
        remainder = float(torch.linalg.vector_norm(left))
        self._scale = max(self._scale, abs(own), remainder)
        whole = self.size + len(self._pending) >= self.A.shape[0]
        if whole or remainder <= rounding(left) * self._scale:
            return False
        self._append(left / remainder)
        self._couplings[-1][self.size - 1] = remainder
        return True

    def restart(self, coordinates: Float[Tensor, "m k"], values: Float[Tensor, " k"]) -> None:
        """Keep the Ritz vectors V S with their values, and every pending direction (thick restart)."""
        kept = coordinates.shape[1]
        self._rows[:kept] = self.vectors(coordinates).mT
        for coupling in [*self._couplings, *(coupling for _, coupling in self._aside)]:
            short = coordinates.mT @ coupling[: self.size]
            coupling.zero_()
            coupling[:kept] = short
        self._projection.zero_()
        self._projection[:kept, :kept] = torch.diag(values)
        self.size = kept

    def set_aside(self) -> None:
        """Take every pending direction out, so that a fresh one may have components along them."""
        self._aside = list(zip(self._pending, self._couplings, strict=True))
        self._pending, self._couplings = [], []

    def take_back(self) -> None:
        """Bring back what of the directions set aside the space does not contain by now.

        T holds their part in V already, as its entries are measured; the rest belongs to W and B.
        """
        aside, self._aside = self._aside, []
        for direction, coupling in aside:
            for pending, own in zip(self._pending, self._couplings, strict=True):
                own += float(pending @ direction) * coupling
            left = self._outside(direction)
            length = float(torch.linalg.vector_norm(left))
            if length > rounding(left) and self.size + len(self._pending) < self.A.shape[0]:
                self._append(self._outside(left / length))
                self._couplings[-1] += length * coupling

    def restart_tail(self, start: int, kept: int) -> None:
        """Keep columns before ``start``, and the ``kept`` outermost Ritz vectors of those behind it."""
        values, tail = torch.linalg.eigh(self.projection[start:, start:])
        outermost = values.abs().argsort(descending=True)[:kept]
        outermost = torch.cat([outermost, torch.stack([values.argmin(), values.argmax()])]).unique()
        coordinates = torch.block_diag(torch.eye(start, dtype=torch.float64), tail[:, outermost])
        self.restart(coordinates, torch.cat([self.projection.diagonal()[:start], values[outermost]]))

    def _corrected(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        """The part outside V, and the coordinates of the part inside."""
        rows, before = self._rows[: self.size], torch.linalg.vector_norm(vector)
        inside = rows @ vector
        left = vector - inside @ rows
        if bool(torch.linalg.vector_norm(left) < 0.7 * before):
            again = rows @ left
            left, inside = left - again @ rows, inside + again
        return left, inside.double().cpu()

    def _insert(self, direction: Tensor, entries: Tensor, own: float) -> None:
        index = self.size
        self._rows[index] = direction
        self._projection[index, :index] = self._projection[:index, index] = entries
        self._projection[index, index] = own
        self.size += 1

    def _outside(self, vector: Tensor) -> Tensor:
        if self._pending:
            vector = orthogonalize(vector, torch.stack(self._pending))
        return orthogonalize(vector, self._rows[: self.size])

    def _append(self, vector: Tensor) -> None:
        self._pending.append(vector)
        self._couplings.append(torch.zeros(self.capacity, dtype=torch.float64))
