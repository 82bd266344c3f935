"""Descents beside the limits of their stability: a curve a run, a dotted line at its limit."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Shaped


def draw_descents(
    ax: Axes,
    steps: Shaped[np.ndarray, " p"],
    curves: Shaped[np.ndarray, "r p"],
    labels: Sequence[str],
    *,
    limits: Sequence[float] = (),
    ylabel: str,
    log: bool = False,
) -> None:
    """One curve a run over the steps, and in its colour a dotted line where its method becomes unstable.

    Args:
        ax: where to draw.
        steps: of the points, shape (p,).
        curves: sharpness, level or loss, shape (r, p).
        labels: of the runs.
        limits: one a run, or none; a limit far above all curves lies outside the axes and is not drawn.
        ylabel: what the curves are, with its unit.
        log: draw the curves on a logarithmic axis.

    Raises:
        ValueError: as many labels, or limits, as there are runs are not given.
    """
    if len(labels) != len(curves):
        raise ValueError(f"labels must be {len(curves)}, one a run, got {len(labels)}")
    if len(limits) not in (0, len(curves)):
        raise ValueError(f"limits must be none or {len(curves)}, one a run, got {len(limits)}")
    for number, (curve, label) in enumerate(zip(curves, labels, strict=True)):
        (line,) = ax.plot(steps, curve, linewidth=1.4, label=label)
        if limits and limits[number] < 2 * curves.max():
            ax.axhline(limits[number], color=line.get_color(), linestyle=":", linewidth=1.6)
    if log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    ax.set_xlabel("step")
    ax.set_ylabel(ylabel)
