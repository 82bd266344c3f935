"""How a training run went."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Shaped


def draw_training_curves(
    ax: Axes,
    steps: Shaped[np.ndarray, " n"],
    curves: Mapping[str, Shaped[np.ndarray, " n"]],
    *,
    xlabel: str = "epoch",
    ylabel: str = "loss",
    logarithmic: bool = False,
) -> None:
    """One line per quantity, in the colours and then the dashes of a cycle.

    Args:
        ax: where to draw.
        steps: epoch or step of each point, shape (n,).
        curves: name to values, shape (n,) each; values that are not finite leave a gap.
        xlabel: what the steps are.
        ylabel: what the values are, with their unit.
        logarithmic: whether the vertical axis is.

    Raises:
        ValueError: no curve, a curve of another length, or nothing positive on a logarithmic axis.
    """
    if not curves:
        raise ValueError("curves must name at least one")
    for number, (name, values) in enumerate(curves.items()):
        if np.shape(values) != np.shape(steps):
            raise ValueError(f"curves[{name!r}] must have shape {np.shape(steps)}, got {np.shape(values)}")
        shown = np.where(np.isfinite(values), values, np.nan)
        if logarithmic and not (shown > 0).any():
            raise ValueError(f"curves[{name!r}] must have a positive value on a logarithmic axis")
        ax.plot(steps, shown, linestyle=("-", "--", ":")[number % 3], label=name)
    if logarithmic:
        ax.set_yscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.grid(axis="y")
    if len(curves) > 1:
        ax.legend()
