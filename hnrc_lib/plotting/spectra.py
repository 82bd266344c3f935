"""Eigenvalues of a Hessian: bulk, outliers, negative part, and what a damping makes of them."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Float
from hnrc_lib.plotting.legends import legend_above

NULL = 1e-10  # of the largest magnitude: float64 rounding of an exact zero lies below


def draw_spectrum(
    ax: Axes,
    eigenvalues: Float[np.ndarray, " n"],
    damping: float | None = None,
    *,
    decades: float = 5.0,
    bins_per_decade: int = 5,
) -> None:
    """Histogram of eigenvalues on a symmetric logarithmic axis, with one mark per eigenvalue below it.

    Negative, (numerically) zero and positive eigenvalues have colours and counts of their own. With a
    damping λ, the line at −λ is where eigenvalues of H + λI change sign: what lies left of it, hatched,
    stays negative. H + λI is positive definite once the line has passed the smallest eigenvalue.

    Args:
        ax: where to draw.
        eigenvalues: of H, shape (n,), any order.
        damping: λ ≥ 0.
        decades: orders of magnitude shown on either side; smaller ones fall into the central bin.
        bins_per_decade: resolution.

    Raises:
        ValueError: no eigenvalue, one that is not finite, all zero, or a negative damping.
    """
    values = np.asarray(eigenvalues, dtype=np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError("eigenvalues must be finite and at least one")
    largest = float(np.abs(values).max())
    if largest == 0:
        raise ValueError("eigenvalues must not all be zero")
    if damping is not None and not damping >= 0:
        raise ValueError(f"damping must be at least 0, got {damping}")
    top = 10 ** (np.ceil(np.log10(largest) * bins_per_decade) / bins_per_decade)
    smallest = top * 10**-decades
    edges = np.geomspace(smallest, top, round(decades * bins_per_decade) + 1)
    null = np.abs(values) < NULL * largest
    parts = {
        "negative": (values[(values < 0) & ~null], np.concatenate([-edges[::-1], [0.0]]), "C0"),
        "positive": (values[(values > 0) & ~null], np.concatenate([[0.0], edges]), "C1"),
        "zero": (values[null], np.array([-smallest, smallest]) / 3, "C2"),
    }
    for name, (part, bounds, color) in parts.items():
        if part.size:
            counts, _ = np.histogram(part, bounds)
            ax.stairs(counts, bounds, fill=True, color=color, alpha=0.55, label=f"{part.size} {name}")
            ax.plot(part, np.full(part.size, 0.5), "|", color=color, markersize=7, markeredgewidth=0.7)
    ax.set_xscale("symlog", linthresh=smallest, linscale=1 / bins_per_decade)
    ax.set_xlim(-top * 1.3, top * 1.3)
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.35)
    ax.set_xticks(_ticks(smallest, top))
    ax.minorticks_off()
    if damping is not None and damping > 0:
        _draw_damping(ax, values, damping, top)
    ax.set_xlabel("eigenvalue of H")
    ax.set_ylabel("number of eigenvalues")
    legend_above(ax, columns=2)


def _ticks(smallest: float, top: float) -> list[float]:
    exponents = np.arange(np.floor(np.log10(top)), np.log10(smallest) + 1.4, -2)
    positive = [float(10.0**exponent) for exponent in exponents]
    return [-tick for tick in positive] + [0.0, *reversed(positive)]


def _draw_damping(ax: Axes, values: np.ndarray, damping: float, top: float) -> None:
    ink = mpl.rcParams["text.color"]
    left = int((values <= -damping).sum())
    state = "H + λI positive definite" if left == 0 else f"{left} stay negative"
    ax.axvline(-damping, color=ink, linestyle="--", linewidth=1.2, label=f"λ = {damping:.3g}: {state}")
    span = ax.axvspan(-top * 1.3, -damping)
    span.set(facecolor="none", edgecolor=ink, hatch="///", alpha=0.5, linewidth=0)
