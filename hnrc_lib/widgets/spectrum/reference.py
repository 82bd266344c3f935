"""The spectrum viewer's mathematics in NumPy; its ES modules are tested against these functions."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float

SCALES = ("symlog", "linear")
SOURCES = ("exact", "lanczos")
UNIT = 1e-4  # the symmetric logarithm is linear within
POINTS = 241
BINS = 28
WIDTHS = 90  # of the smoothing Gaussian's standard deviations in the axis
MARGIN = 0.04  # of the axis beyond the outermost eigenvalue
NULL = 1e-10  # of the largest magnitude: below, an eigenvalue is zero but for rounding

Numbers = Float[np.ndarray, "*numbers"]


@dataclass(frozen=True)
class Inspection:
    """What the page says of a spectrum under a damping.

    Args:
        smallest: h_min.
        largest: h_max.
        negative: eigenvalues below zero, beyond rounding.
        zero: eigenvalues that are zero but for rounding.
        drowned: share of eigenvalues with |hᵢ| < λ.
        indefinite: eigenvalues with hᵢ + λ ≤ 0.
        needed: −h_min, above which H + λI is positive definite; 0 where H itself has no negative one.
        condition: (h_max + λ)/(h_min + λ); None where H + λI is not positive definite.
    """

    smallest: float
    largest: float
    negative: int
    zero: int
    drowned: float
    indefinite: int
    needed: float
    condition: float | None


def to_axis(values: Numbers | float, scale: str) -> Any:
    """An eigenvalue's place on the axis: asinh(λ/unit), or λ itself.

    >>> to_axis(np.array([0.0, 1e-4]), "symlog").round(4)
    array([0.    , 0.8814])
    """
    return np.arcsinh(np.asarray(values) / UNIT) if scale == "symlog" else np.asarray(values, dtype=float)


def axis_domain(eigenvalues: Float[np.ndarray, "stages n"], scale: str) -> tuple[float, float]:
    """The ends of the axis, which all stages share."""
    low, high = to_axis(np.array([min(eigenvalues.min(), 0.0), eigenvalues.max()]), scale)
    return float(low - MARGIN * (high - low)), float(high + MARGIN * (high - low))


def density(
    places: Float[np.ndarray, " nodes"],
    weights: Float[np.ndarray, " nodes"],
    points: Float[np.ndarray, " points"],
    width: float,
) -> Float[np.ndarray, " points"]:
    """A quadrature smoothed by a Gaussian: φ(t) = Σ_j w_j exp(−(t − u_j)²/2σ²) / (σ√2π).

    Args:
        places: u_j, the nodes on the axis.
        weights: w_j ≥ 0, which sum to 1.
        points: t.
        width: σ > 0.

    >>> density(np.zeros(1), np.ones(1), np.zeros(1), 1.0).round(4)
    array([0.3989])

    Lin Lin, Yousef Saad and Chao Yang, Approximating spectral densities of large matrices (2016).
    """
    distance = (points[:, None] - places[None]) / width
    return np.exp(-(distance**2) / 2) @ weights / (width * math.sqrt(2 * math.pi))


def curve(
    nodes: Float[np.ndarray, " nodes"],
    weights: Float[np.ndarray, " nodes"],
    scale: str,
    domain: tuple[float, float],
) -> Float[np.ndarray, "points two"]:
    """The density over the axis: places and values, POINTS of each."""
    points = np.linspace(*domain, POINTS)
    width = (domain[1] - domain[0]) / WIDTHS
    return np.stack([points, density(to_axis(nodes, scale), weights, points, width)], axis=1)


def shrinkage(values: Numbers | float, damping: float) -> Numbers:
    """hᵢ/(hᵢ + λ), the share of Newton's step that is left along an eigenvector; NaN at the pole.

    >>> shrinkage(np.array([1.0, -0.5]), 1.0)
    array([ 0.5, -1. ])
    """
    given = np.asarray(values, dtype=float)
    moved = given + damping
    return np.divide(given, moved, out=np.full_like(given, np.nan), where=moved != 0)


def bins(
    nodes: Float[np.ndarray, " nodes"],
    weights: Float[np.ndarray, " nodes"],
    scale: str,
    domain: tuple[float, float],
    damping: float,
) -> list[tuple[float, float, float]]:
    """Stretches of the axis that hold eigenvalues: mean, share, and what λ leaves of the mean's step.

    Args:
        nodes: eigenvalues or quadrature nodes.
        weights: of each.
        scale: a name from ``SCALES``.
        domain: of the axis.
        damping: λ ≥ 0.
    """
    place = (to_axis(nodes, scale) - domain[0]) / (domain[1] - domain[0])
    index = np.clip(np.floor(place * BINS).astype(int), 0, BINS - 1)
    share = np.bincount(index, weights, BINS)
    total = np.bincount(index, weights * nodes, BINS)
    found = []
    for k in np.flatnonzero(share > 0):
        mean = float(total[k] / share[k])
        found.append((mean, float(share[k]), float(shrinkage(mean, damping))))
    return found


def inspect(eigenvalues: Float[np.ndarray, " n"], damping: float) -> Inspection:
    """What is said of all eigenvalues of one stage.

    Args:
        eigenvalues: hᵢ, shape (n,).
        damping: λ ≥ 0.
    """
    smallest, largest = float(eigenvalues.min()), float(eigenvalues.max())
    null = NULL * max(abs(smallest), abs(largest))
    indefinite = int((eigenvalues + damping <= 0).sum())
    return Inspection(
        smallest=smallest,
        largest=largest,
        negative=int((eigenvalues < -null).sum()),
        zero=int((np.abs(eigenvalues) <= null).sum()),
        drowned=float((np.abs(eigenvalues) < damping).mean()),
        indefinite=indefinite,
        needed=max(0.0, -smallest),
        condition=None if indefinite else (largest + damping) / (smallest + damping),
    )


def optimum(needed: float) -> float:
    """The least λ of three digits that is greater than −h_min.

    >>> optimum(0.80857), optimum(0.0)
    (0.809, 0.0)
    """
    if needed <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(needed)) - 2)
    above = math.floor(needed / unit) + 1
    # The quotient of a number of three digits may come out a little too small.
    found = float(f"{above * unit:.3g}")
    return found if found > needed else float(f"{(above + 1) * unit:.3g}")
