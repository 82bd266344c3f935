"""Smoothness against the gradient's norm along trainings."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from hnrc_lib._shapes import Shaped

_MARKERS = ("o", "^", "s", "D")


def draw_smoothness(
    ax: Axes,
    norms: Sequence[Shaped[np.ndarray, "..."]],
    smoothness: Sequence[Shaped[np.ndarray, "..."]],
    labels: Sequence[str],
    *,
    ylabel: str = "local smoothness",
) -> None:
    """A dot a look, on logarithmic axes, and a dashed line along which smoothness and norm are proportional.

    Args:
        ax: where to draw.
        norms: ‖∇L‖, an array a group; NaN where a run had ended.
        smoothness: of the same shapes.
        labels: of the groups, at most four.
        ylabel: what is drawn upwards.

    Raises:
        ValueError: the groups differ in number or size, or are more than four.
    """
    sizes = [len(norms), len(smoothness), len(labels)]
    if len(set(sizes)) > 1 or sizes[0] > len(_MARKERS):
        raise ValueError(f"groups must be equally many, at most {len(_MARKERS)}, got {sizes}")
    for x, y, label, marker in zip(norms, smoothness, labels, _MARKERS, strict=False):
        if x.shape != y.shape:
            raise ValueError(f"{label!r} must have as many norms as values, got {x.shape} and {y.shape}")
        ax.scatter(x.ravel(), y.ravel(), s=14, marker=marker, alpha=0.75, linewidths=0, label=label)
    x, y = (np.concatenate([part.ravel() for part in parts]) for parts in (norms, smoothness))
    kept = np.isfinite(x) & np.isfinite(y)
    middle = np.exp(np.mean(np.log(y[kept]) - np.log(x[kept])))
    ends = np.array([x[kept].min(), x[kept].max()])
    ax.plot(ends, middle * ends, linestyle="--", linewidth=1.0, color="0.5")
    ax.set(xscale="log", yscale="log", xlabel="‖∇L‖", ylabel=ylabel)
    for axis in (ax.xaxis, ax.yaxis):  # labels of every minor tick would run into one another
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
