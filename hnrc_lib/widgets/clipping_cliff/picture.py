"""The clipping cliff's state as a matplotlib figure: what print, GitHub and readers without scripts see."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib.widgets.clipping_cliff import reference
from hnrc_lib.widgets.drawing import add_title, palette, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.6, 4.7)
_OWN_COLOURS = {
    "basin": ("#8fbbe4", "#24598a"),
    "plain": ("#6b7682", "#97a3af"),
    "veil": ("#963c82", "#e18ccb"),
}
LEVELS = 0.4 * 10 ** (-np.arange(13) / 4)
_PIECES = 200
_NORMS = np.logspace(-3, 3, 241)
_FLOOR = 1e-6


def draw(state: dict[str, Any], *, dark: bool = False) -> "Figure":
    """Parameter plane, rule and step lengths of a state.

    Args:
        state: the widget's traits by name.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark, **_OWN_COLOURS)
    run = reference.descend(state)
    plain = None if state["rule"] == "none" else reference.descend(state | {"rule": "none"})
    k = min(state["current"], len(run.moves))
    figure = Figure(figsize=SIZE)
    _draw_plane(plain_axes(figure, (0.04, 0.065, 0.5, 0.92), colours), run, plain, k, colours)
    _draw_response(plain_axes(figure, (0.6, 0.6, 0.385, 0.33), colours), state, run, k, colours)
    _draw_lengths(plain_axes(figure, (0.6, 0.065, 0.385, 0.38), colours), run, plain, k, colours)
    return figure


def level_outputs() -> np.ndarray:
    """The outputs at the levels, upwards: below the target from the highest level on, then above it."""
    above = reference.TARGET + np.sqrt(LEVELS)
    return np.concatenate([reference.TARGET - np.sqrt(LEVELS), above[above < 1][::-1]])


def drawn_points(run: reference.Run) -> np.ndarray:
    """The points of a run as far as the plane reaches."""
    if not run.left:
        return run.points
    return np.vstack([run.points[:-1], reference.to_edge(run.points[-2], run.points[-1])])


def _draw_surface(axes: "Axes", colours: dict[str, str]) -> None:
    from matplotlib.colors import to_rgb

    (left, right), (_, top) = reference.WINDOW
    weights = np.linspace(left, right, _PIECES + 1)
    outputs = level_outputs()
    curves = reference.level_curve(outputs[:, None], weights)
    uppers = [*curves[1:], np.full(weights.shape, top)]
    losses = ((np.append(outputs[1:], 1.0) + outputs) / 2 - reference.TARGET) ** 2
    middles = np.clip(losses, LEVELS[-1], LEVELS[0])
    depth = np.log(LEVELS[0] / middles) / np.log(LEVELS[0] / LEVELS[-1])
    for lower, upper, alpha in zip(curves, uppers, depth, strict=True):
        axes.fill_between(weights, lower, upper, color=(*to_rgb(colours["basin"]), alpha), linewidth=0)
        axes.plot(weights, lower, color=colours["level"], linewidth=0.6)


def _draw_path(axes: "Axes", run: reference.Run, style: dict[str, Any]) -> None:
    path = drawn_points(run)
    axes.plot(*path.T, **style)
    if run.left:
        away = path[-1] - path[-2]
        tail = path[-1] - away * min(1.0, 0.3 / np.linalg.norm(away))
        arrow = {"arrowstyle": "-|>", "color": style["color"], "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", path[-1], tail, arrowprops=arrow)


def _draw_plane(
    axes: "Axes", run: reference.Run, plain: reference.Run | None, k: int, colours: dict[str, str]
) -> None:
    _draw_surface(axes, colours)
    if plain is not None:
        _draw_path(axes, plain, {"color": colours["plain"], "linewidth": 1.2, "linestyle": (0, (3, 2))})
    _draw_path(axes, run, {"color": colours["path"], "linewidth": 1.6})
    inside = run.points[: len(run.moves)] if run.left else run.points
    axes.plot(
        *inside[1:].T, "o", color=colours["path"], markersize=3.5, markeredgecolor=colours["halo"], mew=0.6
    )
    axes.plot(*inside[0], "o", color=colours["path"], markersize=10, markeredgecolor=colours["halo"], mew=2)
    if k > 1:
        point = run.points[k - 1]
        axes.plot(*point, "o", markersize=6, mew=2, color=colours["path"], markerfacecolor=colours["halo"])
    (left, right), (low, high) = reference.WINDOW
    axes.annotate("θ₀", inside[0], (9, 6), textcoords="offset points", color=colours["ink"], fontsize=10)
    labels = ["2", "3", "4", "w = 5", "6", "7"]
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal", yticks=range(-4, 1))
    axes.set_xticks(range(2, 8), labels)
    axes.annotate("b", (left, -0.5), (-9, -3), textcoords="offset points", color=colours["muted"], fontsize=8)


def _draw_response(
    axes: "Axes", state: dict[str, Any], run: reference.Run, k: int, colours: dict[str, str]
) -> None:
    gradient = run.gradients[k - 1]
    size = float(np.linalg.norm(gradient))
    direction = gradient / size if size > 0 else np.array([1.0, 0.0])
    rate = state["learning_rate"]
    lengths = [rate * np.linalg.norm(reference.clipped(state, norm * direction)) for norm in _NORMS]
    axes.loglog(_NORMS, rate * _NORMS, color=colours["plain"], linewidth=1.2, linestyle=(0, (3, 2)))
    axes.loglog(_NORMS, lengths, color=colours["path"], linewidth=1.6)
    shown = np.clip([size, run.lengths[k - 1]], [1e-3, 1e-4], [1e3, 1e2])
    axes.plot(
        *shown, "o", color=colours["path"], markeredgecolor=colours["halo"], markersize=8, clip_on=False
    )
    axes.set(xlim=(1e-3, 1e3), ylim=(1e-4, 1e2))
    _finish_lengths(axes, colours, 1e2)
    add_title(axes, "Step length against gradient norm", colours)


def _finish_lengths(axes: "Axes", colours: dict[str, str], top: float) -> None:
    """The zone of throws, and calm lines."""
    axes.axhspan(reference.THROWN, top, color=colours["veil"], alpha=0.1, linewidth=0)
    axes.grid(axis="y", color=colours["grid"], linewidth=0.6)
    axes.minorticks_off()


def _draw_lengths(
    axes: "Axes", run: reference.Run, plain: reference.Run | None, k: int, colours: dict[str, str]
) -> None:
    from matplotlib.ticker import MaxNLocator

    top = 10.0
    if plain is not None:
        steps = np.arange(1, len(plain.moves) + 1)
        lengths = np.maximum(plain.lengths, _FLOOR)
        axes.semilogy(steps, lengths, color=colours["plain"], linewidth=1.2, linestyle=(0, (3, 2)))
        top = max(top, float(lengths.max()))
    lengths = np.maximum(run.lengths, _FLOOR)
    top = 2 * max(top, float(lengths.max()))
    axes.semilogy(
        np.arange(1, len(lengths) + 1), lengths, "-o", color=colours["path"], linewidth=1.6, markersize=3
    )
    axes.plot(
        k, lengths[k - 1], "o", color=colours["path"], markerfacecolor=colours["halo"], markersize=7, mew=2
    )
    axes.set_ylim(top=top)
    _finish_lengths(axes, colours, top)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    add_title(axes, "Length of each step", colours)
