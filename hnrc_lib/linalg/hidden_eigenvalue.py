"""How likely it is that a Lanczos run has not yet shown an eigenvalue."""

import math


class HiddenEigenvalue:
    """Chance that an eigenvalue at or beyond a point has stayed hidden from a Lanczos run.

        |uᵀr|² ≤ 1/Σⱼ pⱼ(t)²,   P(|uᵀr|² ≤ c) ≤ √(2nc/π)

    The steps of a run from a random unit vector r determine the orthonormal polynomials pⱼ of its spectral
    measure, and no measure with these moments has more mass at t than the Christoffel function on the left.
    An eigenvector u with its eigenvalue at t would have to be that nearly orthogonal to r. Beyond the
    extreme Ritz value the pⱼ only grow, so that the bound holds for everything further out as well.

    Args:
        point: t, outside the Ritz values.
        size: n.

    Attributes:
        probability: the bound, 1 before the first step.

    >>> run = HiddenEigenvalue(10.0, size=100)
    >>> for _ in range(4):
    ...     run.update(0.0, 1.0)
    >>> run.probability < 0.01
    True

    Naum I. Akhiezer, The classical moment problem (1965), for the bound on the mass.
    """

    def __init__(self, point: float, size: int) -> None:
        self.point, self.size, self.probability = point, size, 1.0
        self._previous, self._current, self._sum, self._coupling = 0.0, 1.0, 1.0, 0.0

    def update(self, diagonal: float, off_diagonal: float) -> None:
        """Take in αⱼ and βⱼ of one step; a run that ended (βⱼ = 0) hides nothing from a random start.

        Args:
            diagonal: αⱼ.
            off_diagonal: βⱼ ≥ 0.
        """
        following = (self.point - diagonal) * self._current - self._coupling * self._previous
        following = following / off_diagonal if off_diagonal > 0 else math.inf
        self._sum += following * following
        if not math.isfinite(self._sum):
            self.probability = 0.0
            return
        self._previous, self._current, self._coupling = self._current, following, off_diagonal
        self.probability = min(1.0, math.sqrt(2 * self.size / (math.pi * self._sum)))
