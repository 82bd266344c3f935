"""Spectral density by stochastic Lanczos quadrature, with its statistical error."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_count, check_finite, check_square
from hnrc_lib.linalg.lanczos import Tridiagonal, lanczos
from hnrc_lib.linalg.operators import LinearOperator


@dataclass(frozen=True)
class SpectralDensity:
    """Eigenvalue distribution of an n × n matrix as k quadratures, one a probe vector.

    Attributes:
        nodes: θ, shape (k, m), float64 on the CPU.
        weights: w ≥ 0, shape (k, m), each row sums to 1; a probe that ended early is padded with weight 0.
        size: n.
    """

    nodes: Tensor
    weights: Tensor
    size: int

    def expectation(self, function: Callable[[Tensor], Tensor]) -> tuple[float, float]:
        """Mean of a function over the n eigenvalues, (1/n) Σ f(hᵢ), and its standard error.

        The error is the scatter between probes; it is NaN for a single one. n times the mean estimates
        the trace of f(A).

        Args:
            function: f, applied to a tensor elementwise and smooth on the scale of the node spacing.

        Raises:
            ValueError: f is not finite at a node.
        """
        values = function(self.nodes)
        check_finite("function(nodes)", values)
        per_probe = (self.weights * values).sum(dim=1)
        mean, error = _mean_and_error(per_probe.unsqueeze(1))
        return float(mean), float(error)

    def smoothed(
        self, points: Float[Tensor, " p"], *, width: float | int | None = None
    ) -> tuple[Float[Tensor, " p"], Float[Tensor, " p"]]:
        """Density convolved with a Gaussian, and its standard error, at given points.

            φ(t) = (1/k) Σ_probes Σ_j w_j N(t; θ_j, σ²)

        Args:
            points: t, shape (p,).
            width: σ > 0; a hundredth of the node range when left out.

        Raises:
            ValueError: σ is not positive and finite.
        """
        width = float(self.nodes.max() - self.nodes.min()) / 100 if width is None else float(width)
        if not (width > 0 and math.isfinite(width)):
            raise ValueError(f"width must be positive and finite, got {width}")
        scaled = (points.double().cpu().view(-1, 1, 1) - self.nodes) / width
        heights = torch.exp(-(scaled**2) / 2) / (width * math.sqrt(2 * math.pi))
        return _mean_and_error((self.weights * heights).sum(dim=2).mT)

    def wasserstein_distance(self, eigenvalues: Float[Tensor, " n"]) -> float:
        """∫ |F(t) − F_exact(t)| dt between this distribution and that of given eigenvalues.

        Args:
            eigenvalues: shape (n,), in any order.
        """
        exact = eigenvalues.double().cpu().sort().values
        order = self.nodes.reshape(-1).argsort()
        nodes, weights = self.nodes.reshape(-1)[order], self.weights.reshape(-1)[order] / len(self.nodes)
        places = torch.cat([nodes, exact]).sort().values
        cumulative = torch.cat([torch.zeros(1, dtype=torch.float64), weights.cumsum(0)])
        ours = cumulative[torch.searchsorted(nodes, places[:-1], right=True)]
        theirs = torch.searchsorted(exact, places[:-1], right=True).double() / len(exact)
        return float(((ours - theirs).abs() * places.diff()).sum())


def spectral_density(
    A: LinearOperator,
    *,
    num_vectors: int = 10,
    num_steps: int = 50,
    vectors_at_once: int | None = None,
    generator: torch.Generator | None = None,
) -> SpectralDensity:
    """Distribution of the eigenvalues of a symmetric operator from Lanczos runs on random signs.

        (1/n) tr f(A) ≈ (1/k) Σ_probes Σ_j S[1, j]² f(θ_j),   T = S diag(θ) Sᵀ

    Each run is exact for polynomials up to degree 2m − 1 in the vector it started from; what is left is
    the scatter between vectors, about √(2/nk) for a smooth f.

    Args:
        A: symmetric (n, n).
        num_vectors: k ≥ 1 probe vectors; an error estimate needs two.
        num_steps: m ≥ 1 Lanczos steps each.
        vectors_at_once: probes that run in lock-step, all when left out; memory is n·m numbers for each.
        generator: draws the signs; torch's default generator when None.

    Returns:
        Nodes and weights.

    Raises:
        ValueError: A is not square or not symmetric, an argument out of range, or a product not finite.

    >>> from hnrc_lib.linalg.operators import DenseOperator
    >>> A = DenseOperator(torch.diag(torch.tensor([1.0, 2.0, 3.0])))
    >>> density = spectral_density(A, num_steps=3, generator=torch.Generator().manual_seed(0))
    >>> round(density.expectation(torch.square)[0], 4), round(14 / 3, 4)
    (4.6667, 4.6667)

    Shashanka Ubaru, Jie Chen and Yousef Saad, Fast estimation of tr(f(A)) via stochastic Lanczos
    quadrature (2017); Lin Lin, Yousef Saad and Chao Yang, Approximating spectral densities (2016).
    """
    size = check_square(A)
    check_count("num_vectors", num_vectors, 1)
    check_count("num_steps", num_steps, 1)
    at_once = num_vectors if vectors_at_once is None else vectors_at_once
    check_count("vectors_at_once", at_once, 1)
    tridiagonals: list[Tridiagonal] = []
    while len(tridiagonals) < num_vectors:
        count = min(at_once, num_vectors - len(tridiagonals))
        tridiagonals += lanczos(A, num_steps, num_vectors=count, generator=generator).tridiagonals
    longest = max(len(T.diagonal) for T in tridiagonals)
    nodes, weights = zip(*(_quadrature(T, longest) for T in tridiagonals), strict=True)
    return SpectralDensity(torch.stack(nodes), torch.stack(weights), size)


def _quadrature(T: Tridiagonal, length: int) -> tuple[Tensor, Tensor]:
    """Gauss nodes and weights (Golub and Welsch, 1969), padded with nodes of weight 0."""
    nodes, coordinates, _ = T.ritz()
    missing = length - len(nodes)
    weights = torch.cat([coordinates[0] ** 2, torch.zeros(missing, dtype=torch.float64)])
    return torch.cat([nodes, nodes[-1:].expand(missing)]), weights


def _mean_and_error(per_probe: Tensor) -> tuple[Tensor, Tensor]:
    """Mean over rows and its standard error, NaN for one row."""
    count, mean = len(per_probe), per_probe.mean(dim=0)
    if count == 1:
        return mean, torch.full_like(mean, math.nan)
    return mean, per_probe.std(dim=0) / math.sqrt(count)
