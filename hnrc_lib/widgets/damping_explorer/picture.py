"""The damping explorer's state as a matplotlib figure: what print, GitHub and readers without scripts see."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib.widgets.damping_explorer import reference
from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.6, 4.7)
_SAMPLES = 161
_LEVELS = 0.02 * 2.5 ** np.arange(14)
_FAINT_FROM = 60.0
_FLOOR = 1e-18


def draw(state: dict[str, Any], *, dark: bool = False) -> "Figure":
    """Parameter plane, spectrum and loss of a state.

    Args:
        state: the widget's traits by name.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark)
    run = reference.descend(state)
    k = min(state["current"], len(run.points) - 1)
    figure = Figure(figsize=SIZE)
    _draw_plane(plain_axes(figure, (0.035, 0.065, 0.5, 0.92), colours), state, run, k, colours)
    _draw_spectrum(plain_axes(figure, (0.6, 0.66, 0.385, 0.26), colours), state, run, k, colours)
    _draw_losses(plain_axes(figure, (0.6, 0.065, 0.385, 0.43), colours), run, k, colours)
    return figure


def _survey(state: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Grid x and y, the loss and the smallest eigenvalue of H on it."""
    x, y = (np.linspace(low, high, _SAMPLES) for low, high in reference.WINDOW)
    grid = np.stack(np.meshgrid(x, y), -1)
    here = reference.evaluate(state["surface"], grid, state["condition_number"])
    return x, y, np.asarray(here.loss), np.linalg.eigvalsh(here.hessian)[..., 0]


def _draw_plane(
    axes: "Axes", state: dict[str, Any], run: reference.Run, k: int, colours: dict[str, str]
) -> None:
    from matplotlib.colors import to_rgb

    x, y, loss, lowest = _survey(state)
    middles = np.concatenate([[0.0], np.sqrt(_LEVELS[:-1] * _LEVELS[1:])])
    depth = np.maximum(0, 1 - np.log1p(middles / 0.02) / np.log1p(_FAINT_FROM / 0.02))
    bands = [(*to_rgb(colours["basin"]), alpha) for alpha in depth]
    axes.contourf(x, y, loss, levels=[0.0, *_LEVELS], colors=bands)
    axes.contour(x, y, loss, levels=_LEVELS, colors=colours["level"], linewidths=0.6)
    if (lowest + run.dampings[k] <= 0).any():
        regions = axes.contourf(
            x, y, lowest, levels=[-np.inf, -run.dampings[k]], colors="none", hatches=["////"]
        )
        regions.set(edgecolor=colours["stripe"], linewidth=0)
    for minimum in reference.minimisers(state["surface"]):
        axes.plot(*minimum, "x", color=colours["ink"], markersize=6, markeredgewidth=1.8)
    path = np.clip(run.points, -100, 100)
    axes.plot(*path.T, color=colours["path"], linewidth=1.6)
    axes.plot(
        *path[1:].T, "o", color=colours["path"], markersize=3.5, markeredgecolor=colours["halo"], mew=0.6
    )
    axes.plot(*path[0], "o", color=colours["path"], markersize=10, markeredgecolor=colours["halo"], mew=2)
    if k > 0:
        axes.plot(*path[k], "o", markersize=6, mew=2, color=colours["path"], markerfacecolor=colours["halo"])
    (left, right), (low, high) = reference.WINDOW
    axes.annotate("θ₀", path[0], (9, 6), textcoords="offset points", color=colours["ink"], fontsize=10)
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal", xticks=range(-2, 3), yticks=range(-1, 4))


def _draw_spectrum(
    axes: "Axes", state: dict[str, Any], run: reference.Run, k: int, colours: dict[str, str]
) -> None:
    here = reference.evaluate(state["surface"], run.points[k], state["condition_number"])
    damping = float(run.dampings[k])
    ends = []
    for row, (value, name) in enumerate(
        zip(np.linalg.eigvalsh(here.hessian), ("second", "first"), strict=True)
    ):
        colour = colours[name]
        axes.plot([value, value + damping], [row, row], color=colour, linewidth=1.8)
        axes.plot(value, row, "o", color=colour, markerfacecolor="none", markersize=7, mew=1.6)
        axes.plot(value + damping, row, "o", color=colour, markersize=6)
        text = format_number(value) + (f" → {format_number(value + damping)}" if damping else "")
        axes.annotate(text, (value, row), (0, 8), textcoords="offset points", color=colour, fontsize=8.5)
        ends += [float(value), float(value) + damping]
    axes.set_xscale("symlog", linthresh=1.0)
    low, high = min(0.0, 3 * min(ends)) - 0.5, 40 * max(1.0, *ends)
    axes.axvspan(low, 0, facecolor="none", edgecolor=colours["stripe"], hatch="////", linewidth=0)
    axes.axvline(0, color=colours["ink"], linewidth=0.8)
    axes.set(xlim=(low, high), ylim=(-0.6, 1.8), yticks=[0, 1], yticklabels=["e₂", "e₁"])
    for label, name in zip(axes.get_yticklabels(), ("second", "first"), strict=True):
        label.set(color=colours[name], fontweight="bold")
    moved = f", moved by λ = {format_number(damping)}" if damping else ""
    add_title(axes, f"Eigenvalues of H at step {k}{moved}", colours)


def _draw_losses(axes: "Axes", run: reference.Run, k: int, colours: dict[str, str]) -> None:
    from matplotlib.ticker import MaxNLocator

    losses = np.maximum(run.losses, _FLOOR)
    axes.semilogy(losses, "-o", color=colours["path"], linewidth=1.6, markersize=3)
    axes.plot(k, losses[k], "o", color=colours["path"], markerfacecolor=colours["halo"], markersize=7, mew=2)
    axes.grid(axis="y", color=colours["grid"], linewidth=0.6)
    axes.minorticks_off()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    add_title(axes, "Loss by step", colours)
