"""Errors over two settings on logarithmic axes, as a table of coloured cells."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize

from hnrc_lib._shapes import Float
from hnrc_lib.plotting.colors import sequential_colormap
from hnrc_lib.plotting.matrices import ink_on

# Below this share a cell lets so much of the page through that the page's own ink reads best on it.
_FULL = 0.75


def draw_error_grid(
    ax: Axes,
    across: Float[np.ndarray, "columns"],
    up: Float[np.ndarray, "rows"],
    errors: Float[np.ndarray, "_ _"],
    *,
    xlabel: str,
    ylabel: str,
    limits: tuple[float, float],
) -> QuadMesh:
    """Errors in percent, a cell for each pair of settings, the best of each row ringed.

    Cells are drawn where they lie in the logarithms of their settings; cells of NaN stay empty.

    Args:
        ax: where to draw.
        across: setting of each column, > 0, ascending by equal factors.
        up: setting of each row, likewise.
        errors: fractions; NaN where there is none.
        xlabel: name of the setting across.
        ylabel: name of the setting up.
        limits: errors at the two ends of the colours, which may be shared by several tables.

    Returns:
        The cells; their array holds the errors.

    Raises:
        ValueError: the table has not a row and a column for each setting.
    """
    if errors.shape != (len(up), len(across)):
        raise ValueError(f"errors must have shape {(len(up), len(across))}, got {errors.shape}")
    x, y = np.log10(across), np.log10(up)
    mesh = ax.pcolormesh(x, y, errors, cmap=sequential_colormap(), shading="nearest", norm=Normalize(*limits))
    for row, column in zip(*np.nonzero(np.isfinite(errors)), strict=True):
        share = float(np.clip(mesh.norm(errors[row, column]), 0, 1))
        ink = ink_on(share if share > _FULL else 0.0)
        text = f"{100 * errors[row, column]:.0f}"
        ax.text(float(x[column]), float(y[row]), text, ha="center", va="center", fontsize="small", color=ink)
    for row, values in enumerate(errors):
        for column in np.nonzero(values == np.nanmin(values))[0]:
            ax.plot(x[column], y[row], "o", markersize=19, markerfacecolor="none", color="C1", linewidth=1.5)
    ax.set_xticks(x, [_shown(value) for value in across])
    ax.set_yticks(y, [_shown(value) for value in up])
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.tick_params(length=0)
    return mesh


def _shown(value: float) -> str:
    """A setting in as few digits as tell it apart.

    >>> [_shown(value) for value in (1e-5, 0.0316228, 3.16228, 10.0)]
    ['1e-5', '.03', '3', '10']
    """
    if value < 5e-3:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.1g}".removeprefix("0") if value < 1 else f"{value:.0f}"
