"""The weight decay explorer's state as a matplotlib figure, for print, GitHub and readers without scripts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.weight_decay import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.6, 4.4)
WINDOW = 2.7
_OWN_COLOURS = {"region": ("#7a4a94", "#c9a2df"), "proximal": ("#0b7355", "#4fcaa0")}
_LABELS = {
    "subgradient": "subgradient steps",
    "proximal": "proximal steps",
    "l2": "steps with L2",
    "decoupled": "steps with decoupled decay",
}
_TURN = np.linspace(0, 2 * np.pi, 181)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)])


def draw(state: dict[str, Any], *, dark: bool = False) -> "Figure":
    """The plane of parameters, the minimum against λ, and the steps against 0.

    Args:
        state: the widget's traits by name.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark, **_OWN_COLOURS)
    figure = Figure(figsize=SIZE)
    boxes = ((0.04, 0.06, 0.47, 0.87), (0.58, 0.60, 0.405, 0.33), (0.58, 0.34, 0.405, 0.14))
    plane, path, first = (plain_axes(figure, box, colours, grid=0.5) for box in boxes)
    second = plain_axes(figure, (0.58, 0.12, 0.405, 0.14), colours, grid=0.5)
    runs = {method: reference.run(method, state) for method in reference.methods(state)}
    _draw_plane(plane, state, runs, colours)
    _draw_path(path, state, colours)
    for i, axes in enumerate((first, second)):
        _draw_steps(axes, i, state, runs, colours)
    add_title(first, "Steps from θ*; dashed: the minimum", colours)
    return figure


def _border(state: dict[str, Any]) -> np.ndarray:
    kind, radius = reference.constraint(state)
    if kind == "diamond":
        return radius * np.array([[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])
    return radius * (_CIRCLE if kind == "ball" else _ellipse(state))


def _ellipse(state: dict[str, Any]) -> np.ndarray:
    """The points with θᵀHθ = 1."""
    values, vectors = np.linalg.eigh(reference.hessian(state))
    return vectors @ (_CIRCLE / np.sqrt(values)[:, None])


def _draw_plane(
    axes: "Axes", state: dict[str, Any], runs: dict[str, reference.Run], colours: dict[str, str]
) -> None:
    optimum, theta = np.asarray(state["optimum"], dtype=float), reference.minimiser(state)
    unit = _ellipse(state)
    off = theta - optimum
    touching = float(np.sqrt(off @ reference.hessian(state) @ off))
    for size in (0.35, 0.8, 1.3, 1.9, 2.6, 3.5):
        axes.plot(*(optimum[:, None] + size * unit), color=colours["grid"], linewidth=0.9)
    axes.plot(*(optimum[:, None] + touching * unit), color=colours["ink"], linewidth=1.3)
    border = _border(state)
    axes.fill(*border, color=colours["region"], alpha=0.13, linewidth=0)
    axes.plot(*border, color=colours["region"], linewidth=1.6)
    for line in ("axhline", "axvline"):
        getattr(axes, line)(0, color=colours["muted"], linewidth=0.9)
    strengths = _strengths(state)
    whole = np.array([reference.minimiser(state, strength) for strength in strengths])
    walked = np.vstack([whole[np.array(strengths) < state["strength"]], theta])
    axes.plot(*whole.T, color=colours["first"], linewidth=1.6, alpha=0.4)
    axes.plot(*walked.T, color=colours["first"], linewidth=2.6, label="minimum as λ grows")
    for method, made in runs.items():
        inside = made.points[np.abs(made.points).max(axis=1) < 1e4]
        colour = colours.get(method, colours["path"])
        axes.plot(*inside.T, ".-", color=colour, linewidth=0.8, markersize=3.5, label=_LABELS[method])
    axes.plot(*theta, "o", color=colours["first"], markersize=8, markeredgecolor=colours["halo"])
    axes.plot(*optimum, "o", color=colours["path"], markersize=9, markeredgecolor=colours["halo"])
    axes.annotate("θ*", (optimum[0], optimum[1]), (7, 5), textcoords="offset points", color=colours["ink"])
    axes.set(xlim=(-WINDOW, WINDOW), ylim=(-WINDOW, WINDOW), aspect="equal")
    axes.legend(loc="lower left", fontsize=8, frameon=False, labelcolor=colours["muted"], handlelength=1.4)
    kind, radius = reference.constraint(state)
    add_title(
        axes, f"λ = {format_number(state['strength'])}: a {kind} of radius {format_number(radius)}", colours
    )


def _strengths(state: dict[str, Any]) -> list[float]:
    """The corners of L1's path, or samples of a smooth one."""
    if state["penalty"] == "l1":
        return [0.0, *reference.breakpoints(state), reference.LARGEST_STRENGTH]
    return np.linspace(0, reference.LARGEST_STRENGTH, 101).tolist()


def _draw_path(axes: "Axes", state: dict[str, Any], colours: dict[str, str]) -> None:
    strengths = _strengths(state)
    path = np.array([reference.minimiser(state, strength) for strength in strengths])
    axes.axvline(state["strength"], color=colours["region"], linewidth=1.0, linestyle=(0, (3, 3)))
    for i, style in enumerate(("-", "--")):
        axes.plot(strengths, path[:, i], style, color=colours["first"], linewidth=1.6, label=f"θ{'₁₂'[i]}")
    if state["penalty"] == "l1":
        zeros = reference.zero_strengths(state)
        axes.plot(zeros, [0] * len(zeros), "o", color=colours["first"], markerfacecolor="none", mew=1.6)
    axes.set(xlim=(0, reference.LARGEST_STRENGTH))
    axes.legend(loc="upper right", fontsize=8, frameon=False, labelcolor=colours["muted"], ncols=2)
    add_title(axes, "The minimum against λ; rings: exactly 0", colours)


def _draw_steps(
    axes: "Axes", i: int, state: dict[str, Any], runs: dict[str, reference.Run], colours: dict[str, str]
) -> None:
    target = float(reference.minimiser(state)[i])
    axes.axhline(target, color=colours["first"], linewidth=1.2, linestyle="--")
    shown = [target, 0.0]
    for method, made in runs.items():
        values = np.clip(made.points[:, i], -2, 2)
        shown += [float(values.min()), float(values.max())]
        axes.plot(values, color=colours.get(method, colours["path"]), linewidth=1.4)
    room = 0.1 * (max(shown) - min(shown)) + 0.04
    axes.set(xlim=(0, reference.NUM_STEPS), ylim=(min(shown) - room, max(shown) + room))
    axes.set_ylabel(f"θ{'₁₂'[i]}", color=colours["muted"], fontsize=9, rotation=0, labelpad=8)
