"""Losses of many optimisers over one measure of effort."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Shaped


def draw_races(
    ax: Axes,
    runs: Mapping[str, tuple[Shaped[np.ndarray, "_ _"], Shaped[np.ndarray, "_ _"]]],
    *,
    shown: Sequence[str],
    xlabel: str,
    ylabel: str = "training loss, nats",
    target: float | None = None,
) -> None:
    """Mean loss over the splits against the mean effort, some by name and colour, the others in grey.

    Args:
        ax: where to draw.
        runs: name to effort and loss, each (splits, points); points after the end of a run are NaN, and a
            mean is drawn where all splits have a value.
        shown: names to draw in the colours and dashes of a cycle, in this order.
        xlabel: the effort, with its unit.
        ylabel: what the loss is.
        target: a loss to mark by a dotted line.

    Raises:
        ValueError: a name in ``shown`` that is not in ``runs``, or effort and loss of different shapes.
    """
    unknown = [name for name in shown if name not in runs]
    if unknown:
        raise ValueError(f"shown must be names of runs, {unknown} are not")
    others = [name for name in runs if name not in shown]
    for number, name in enumerate([*others, *shown]):
        effort, loss = runs[name]
        if np.shape(effort) != np.shape(loss):
            raise ValueError(f"runs[{name!r}] must have one shape, got {effort.shape} and {loss.shape}")
        x, y = effort.mean(axis=0), loss.mean(axis=0)
        if name in shown:
            style = ("-", "--", "-.", ":")[(number - len(others)) % 4]
            ax.plot(x, y, linestyle=style, linewidth=2, label=name)
        else:
            label = "the others" if number == 0 else None
            ax.plot(x, y, color="0.55", linewidth=0.8, label=label, zorder=1)
    if target is not None:
        ax.axhline(target, color="0.55", linestyle=":", linewidth=1)
    ax.set_yscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.grid(axis="y")
