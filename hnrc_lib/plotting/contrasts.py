"""Effects of a factorial design: every replicate, the mean and its interval."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Float


def draw_contrasts(
    ax: Axes,
    names: Sequence[str],
    replicates: Float[np.ndarray, "_ n"],
    intervals: Float[np.ndarray, "_ 2"],
    *,
    xlabel: str,
) -> None:
    """A row for each effect, the first on top: its replicates as points, its interval as a bar, a line at 0.

    Args:
        ax: where to draw.
        names: of the effects.
        replicates: the effect in each replicate, shape (effects, n).
        intervals: low and high of its mean, shape (effects, 2).
        xlabel: what the effect is of, with its unit.

    Raises:
        ValueError: names, replicates and intervals are of different numbers.
    """
    if len(names) != len(replicates) or np.shape(intervals) != (len(names), 2):
        found = f"got {len(replicates)} and {len(intervals)}"
        raise ValueError(f"replicates and intervals must have {len(names)} rows, {found}")
    rows = np.arange(len(names))
    ax.axvline(0.0, color="0.55", linestyle=":", linewidth=1)
    ax.hlines(rows, intervals[:, 0], intervals[:, 1], color="C0", linewidth=2)
    ax.plot(replicates.mean(1), rows, "D", color="C0", label="mean, with its interval")
    for place, values in enumerate(replicates.T):
        ax.plot(
            values, rows, "o", color="C1", alpha=0.7, markersize=4, label=None if place else "one replicate"
        )
    ax.set_yticks(rows, list(names))
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    ax.grid(axis="x")


def draw_settings(
    ax: Axes,
    steps: Float[np.ndarray, " points"],
    curves: Mapping[str, Float[np.ndarray, "n points"]],
    *,
    ylabel: str,
) -> None:
    """Curves of settings on a logarithmic axis: the replicates thin, their geometric mean thick.

    Args:
        ax: where to draw.
        steps: of each point, shape (points,).
        curves: setting to the values of its replicates, all > 0.
        ylabel: what the values are, with their unit.
    """
    for number, (name, values) in enumerate(curves.items()):
        color, dashes = f"C{number % 10}", ("-", "--", "-.", ":")[number % 4]
        ax.plot(steps, values.T, linewidth=0.6, alpha=0.5, color=color, linestyle=dashes)
        mean = np.exp(np.log(values).mean(0))
        ax.plot(steps, mean, linewidth=2, label=name, color=color, linestyle=dashes)
    ax.set_yscale("log")
    ax.set_xlabel("step")
    ax.set_ylabel(ylabel)
    ax.grid(axis="y")
    ax.legend()
