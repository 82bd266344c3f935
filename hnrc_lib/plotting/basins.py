"""Which start ends where: a plane of starts, coloured by the kind of point that a method came to."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from hnrc_lib._shapes import Float, Int


def draw_basins(
    ax: Axes,
    x: Float[np.ndarray, " x"],
    y: Float[np.ndarray, " y"],
    kinds: Int[np.ndarray, "x y"],
    names: Sequence[str],
    *,
    colors: Sequence[str] | None = None,
) -> list[Patch]:
    """Cells of the plane in one colour a kind.

    Args:
        ax: where to draw.
        x: starts along the axis, ascending.
        y: starts up the axis, ascending.
        kinds: index into ``names`` for the start (xᵢ, yⱼ).
        names: of the kinds, at most six.
        colors: one for each; the first colours of the page's cycle when left out.

    Returns:
        A patch a kind, for a legend.

    Raises:
        ValueError: a kind without a name, more names than colours.
    """
    colors = [f"C{index}" for index in range(6)] if colors is None else colors
    if len(names) > len(colors):
        raise ValueError(f"names must be at most {len(colors)}, one a colour, got {len(names)}")
    if kinds.min() < 0 or kinds.max() >= len(names):
        raise ValueError(f"kinds must lie in 0 to {len(names) - 1}, got {kinds.min()} to {kinds.max()}")
    shades = ListedColormap(list(colors[: len(names)]))
    norm = BoundaryNorm(np.arange(len(names) + 1) - 0.5, len(names))
    ax.pcolormesh(x, y, kinds.T, cmap=shades, norm=norm, shading="nearest", rasterized=True)
    return [Patch(facecolor=color, label=name) for color, name in zip(colors, names, strict=False)]
