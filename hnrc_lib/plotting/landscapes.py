"""A slice through a loss: contours and surface."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.contour import QuadContourSet
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from hnrc_lib._shapes import Float
from hnrc_lib.plotting.legends import legend_above


def draw_landscape(
    ax: Axes,
    alpha: Float[np.ndarray, " a"],
    beta: Float[np.ndarray, " b"],
    values: Float[np.ndarray, "a b"],
    *,
    num_levels: int = 14,
    colorbar: bool = True,
) -> QuadContourSet:
    """Contours of L(θ + αu + βv), at equal ratios of the loss; θ is the cross.

    Where the loss is not finite nothing is interpolated: the gap stays and is hatched. A loss that
    reaches 0 or below has no logarithm; its contours are at equal differences.

    Args:
        ax: where to draw.
        alpha: α, ascending, shape (a,).
        beta: β, ascending, shape (b,).
        values: values[i, j] = L(θ + αᵢu + βⱼv), shape (a, b).
        num_levels: number of contours, ≥ 2.
        colorbar: whether to add one.

    Returns:
        The filled contours; their array and levels are those drawn.

    Raises:
        ValueError: fewer than two points a side, or no two finite values that differ.
    """
    masked, norm = _finite(alpha, beta, values)
    levels = _levels(norm, num_levels)
    left, right, bottom, top = alpha[0], alpha[-1], beta[0], beta[-1]
    ink = mpl.rcParams["text.color"]
    if np.ma.is_masked(masked):
        gap = Rectangle((left, bottom), right - left, top - bottom, facecolor="none", edgecolor=ink)
        gap.set(hatch="xxx", linewidth=0, alpha=0.35, zorder=0, label="loss not finite")
        ax.add_patch(gap)
        legend_above(ax)
    filled = ax.contourf(alpha, beta, masked.T, levels=levels, norm=norm, zorder=1)
    ax.contour(alpha, beta, masked.T, levels=levels, colors=ink, linewidths=0.4, alpha=0.5, zorder=2)
    ax.plot(0, 0, "+", color="C1", markersize=9, markeredgewidth=1.6, zorder=3)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.locator_params(nbins=5)  # the labels of a small panel must not meet
    ax.set_xlabel("α, along u")
    ax.set_ylabel("β, along v")
    if colorbar:
        bar = ax.figure.colorbar(
            filled,
            cax=ax.inset_axes((1.03, 0, 0.05, 1)),
            ticks=levels[:: max(1, num_levels // 5)],
            format="%.3g",
        )
        bar.set_label("loss")
        bar.minorticks_off()
    return filled


def draw_landscape_surface(
    ax: Axes3D,
    alpha: Float[np.ndarray, " a"],
    beta: Float[np.ndarray, " b"],
    values: Float[np.ndarray, "a b"],
    *,
    elevation: float = 35.0,
    azimuth: float = -60.0,
) -> Poly3DCollection:
    """The same slice as a surface in space, its height the logarithm of the loss where it has one.

    Args:
        ax: axes with ``projection="3d"``.
        alpha: α, ascending, shape (a,).
        beta: β, ascending, shape (b,).
        values: values[i, j] = L(θ + αᵢu + βⱼv), shape (a, b); corners that are not finite are left
            out, and patches with them.
        elevation: of the eye above the plane, degrees.
        azimuth: of the eye around the vertical, degrees.

    Returns:
        The surface.

    Raises:
        ValueError: as for ``draw_landscape``.
        TypeError: flat axes.
    """
    if not isinstance(ax, Axes3D):
        raise TypeError(f"ax must have projection='3d', got {type(ax).__name__}")
    masked, norm = _finite(alpha, beta, values)
    logarithmic = isinstance(norm, LogNorm)
    raised = np.ma.log10(masked) if logarithmic else masked
    height = np.asarray(raised.filled(np.nan), dtype=np.float64)
    across, along = np.meshgrid(alpha, beta, indexing="ij")
    colors = ScalarMappable(norm, mpl.rcParams["image.cmap"]).to_rgba(masked)
    detail = {"rcount": len(alpha), "ccount": len(beta), "linewidth": 0, "shade": False, "antialiased": False}
    surface = ax.plot_surface(across, along, height, facecolors=colors, **detail)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.pane.set_facecolor("none")  # pyright: ignore[reportAttributeAccessIssue]
        axis.set_major_locator(MaxNLocator(4))
    ax.view_init(elev=elevation, azim=azimuth)
    ax.set_xlabel("α, along u")
    ax.set_ylabel("β, along v")
    ax.set_zlabel("log₁₀ loss" if logarithmic else "loss")
    return surface


def _finite(alpha: np.ndarray, beta: np.ndarray, values: np.ndarray) -> tuple[np.ma.MaskedArray, Normalize]:
    """Values with what is not finite masked, and a logarithmic scale if they are all positive."""
    if len(alpha) < 2 or len(beta) < 2:
        raise ValueError(f"alpha and beta must have at least two points, got {len(alpha)} and {len(beta)}")
    masked = np.ma.masked_invalid(values.astype(np.float64))
    if masked.count() == 0 or masked.min() == masked.max():
        raise ValueError("values must hold two finite values that differ")
    low, high = float(masked.min()), float(masked.max())
    return masked, LogNorm(low, high) if low > 0 else Normalize(low, high)


def _levels(norm: Normalize, num_levels: int) -> np.ndarray:
    space = np.geomspace if isinstance(norm, LogNorm) else np.linspace
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    levels = space(low, high, num_levels)
    levels[0], levels[-1] = low, high  # geomspace may round just inside and lose the extremes
    return levels
