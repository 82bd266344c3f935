"""Errors of recognisers under conditions, and what a change did to them, split by split."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import ScalarFormatter

from hnrc_lib._shapes import Shaped


def draw_errors(
    ax: Axes,
    condition: Shaped[np.ndarray, "_"],
    curves: Mapping[str, Shaped[np.ndarray, "_"]],
    *,
    xlabel: str,
    ylabel: str = "error, %",
) -> None:
    """Error rates in percent against a condition, a marker and a colour for each curve; the axis starts at 0.

    Args:
        ax: where to draw.
        condition: the horizontal axis.
        curves: name to error rates, fractions, one for each condition.
        xlabel: the condition, with its unit.
        ylabel: what the error is.

    Raises:
        ValueError: a curve has another length than the condition.
    """
    for number, (name, errors) in enumerate(curves.items()):
        if np.shape(errors) != np.shape(condition):
            raise ValueError(f"curves[{name!r}] must have {len(condition)} points, got {len(errors)}")
        marker = "osD^v"[number % 5]
        ax.plot(condition, 100 * np.asarray(errors), marker=marker, color=f"C{number % 10}", label=name)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
    if len(curves) > 1:
        ax.legend()


def draw_effects(ax: Axes, effects: Mapping[str, Shaped[np.ndarray, "_"]], *, ylabel: str) -> None:
    """A ratio for each split as a point, in a column for each name, on a logarithmic axis with a line at 1.

    Args:
        ax: where to draw.
        effects: name of the column to ratios, all > 0; the bar is their geometric mean.
        ylabel: what the ratio is of.

    Raises:
        ValueError: a ratio is not positive.
    """
    for place, (name, ratios) in enumerate(effects.items()):
        if not np.all(np.asarray(ratios) > 0):
            raise ValueError(f"effects[{name!r}] must be positive, got {np.min(ratios)}")
        ax.plot(np.full(len(ratios), place), ratios, "o", color=f"C{place % 10}", alpha=0.7)
        mean = float(np.exp(np.log(ratios).mean()))
        ax.plot([place - 0.25, place + 0.25], [mean, mean], color=f"C{place % 10}", linewidth=2)
    ax.axhline(1.0, color="0.55", linestyle=":", linewidth=1)
    ax.set_yscale("log", base=2)
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.set_xticks(range(len(effects)), list(effects))
    ax.set_xlim(-0.6, len(effects) - 0.4)
    ax.set_ylabel(ylabel)
