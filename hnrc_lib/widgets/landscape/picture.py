"""The landscape viewer's state as a matplotlib figure, for print, GitHub and readers without scripts."""

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.landscape import reference
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hnrc_lib.widgets.landscape.widget import LandscapeViewer

SIZE = (8.6, 5.6)
_LINE = 180  # characters
_OWN_COLOURS = {
    "basin": ("#7fb0df", "#1b4a74"),
    "high": ("#f4f6f8", "#39424d"),
    "undamped": ("#c24a00", "#ff8f4d"),
    "clipped": ("#0b7355", "#4fcaa0"),
    "damped": ("#0b4f8a", "#8cc8fa"),
    "decayed": ("#7a4a94", "#c9a2df"),
}
_LABELS = {"undamped": "undamped", "clipped": "clipped", "damped": "damped", "decayed": "with decay"}
_LIGHT = np.array([-0.45, -0.35, 0.82])


def draw(widget: "LandscapeViewer", *, dark: bool = False) -> "Figure":
    """The surface, its level lines and the losses by step.

    Args:
        widget: whose state is drawn.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark, **_OWN_COLOURS)
    figure = Figure(figsize=SIZE)
    relief = figure.add_axes((0.01, 0.40, 0.52, 0.56))
    relief.set_axis_off()
    relief.set_aspect("equal")
    _draw_relief(relief, widget, colours)
    twin = plain_axes(figure, (0.57, 0.37, 0.385, 0.385 * SIZE[0] / SIZE[1]), colours)
    _draw_twin(twin, widget, colours)
    losses = plain_axes(figure, (0.06, 0.12, 0.9, 0.17), colours, grid=0.5)
    _draw_losses(losses, widget, colours)
    lines = textwrap.fill(widget.caption, _LINE)
    figure.text(0.02, 0.012, lines, color=colours["muted"], fontsize=6, linespacing=1.2)
    return figure


def _draw_relief(axes: "Axes", widget: "LandscapeViewer", colours: dict[str, str]) -> None:
    """Cells from far to near, then the runs over them."""
    from matplotlib.collections import PolyCollection

    surface = widget.surface()
    rows, columns = surface.shape
    x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    places = _projected(widget, np.stack([x.ravel(), y.ravel(), surface.ravel()], axis=1))
    cells = reference.painters_order(widget.turn, columns, rows)
    corner = cells // (columns - 1) * columns + cells % (columns - 1)
    quads = places[np.stack([corner, corner + 1, corner + columns + 1, corner + columns], axis=1)]
    shades = _shades(surface, colours)[cells]
    axes.add_collection(PolyCollection(list(quads), facecolors=shades, edgecolors=shades, linewidths=0.3))
    for name in _LABELS:
        path = widget.path(name)
        places = _on_surface(widget, surface, path)
        axes.plot(*places.T, color=colours[name], linewidth=2.2 if name == widget.run else 0.9)
    foot = widget.path(widget.run)[widget.step()]
    _draw_pin(axes, widget, surface, foot, colours)
    axes.plot(*_on_surface(widget, surface, [widget.mark]).T, "+", color=colours["ink"], ms=9, mew=1.6)
    axes.autoscale_view()


def _draw_pin(
    axes: "Axes",
    widget: "LandscapeViewer",
    surface: Float[np.ndarray, "rows columns"],
    foot: Float[np.ndarray, " 2"],
    colours: dict[str, str],
) -> None:
    """From the surface below the step to the run's own loss."""
    low, high = widget.log_range
    own = (np.log10(widget.own_losses(widget.run)[widget.step()]) - low) / (high - low)
    ends = np.array([[*foot, reference.height_at(surface, foot)], [*foot, own]])
    (fx, fy), (hx, hy) = _projected(widget, ends)
    colour = colours[widget.run]
    axes.plot([fx, hx], [fy, hy], color=colour, linewidth=1.6)
    axes.plot(fx, fy, "o", color=colour, markeredgecolor=colours["halo"], markersize=7)
    axes.plot(hx, hy, "o", color=colours["halo"], markeredgecolor=colour, markersize=6, mew=1.8)


def _projected(
    widget: "LandscapeViewer", points: Float[np.ndarray, "points 3"]
) -> Float[np.ndarray, "points 2"]:
    return reference.project(points, widget.turn, widget.tilt)[:, :2]


def _on_surface(
    widget: "LandscapeViewer", surface: Float[np.ndarray, "rows columns"], points: "np.ndarray | list"
) -> Float[np.ndarray, "points 2"]:
    lifted = [[*point, reference.height_at(surface, point)] for point in points]
    return _projected(widget, np.array(lifted))


def _shades(
    surface: Float[np.ndarray, "rows columns"], colours: dict[str, str]
) -> Float[np.ndarray, "cells 3"]:
    """Each cell's colour, by its height and by how it faces the light."""
    from matplotlib.colors import to_rgb

    rows, columns = surface.shape
    a, b, c, d = surface[:-1, :-1], surface[:-1, 1:], surface[1:, 1:], surface[1:, :-1]
    slope_x, slope_y = (b + c - a - d) / 4 * (columns - 1), (c + d - a - b) / 4 * (rows - 1)
    lit = (_LIGHT[2] - _LIGHT[0] * slope_x - _LIGHT[1] * slope_y) / np.sqrt(slope_x**2 + slope_y**2 + 1)
    height = ((a + b + c + d) / 4)[..., None]
    shade = 0.35 * np.clip(1 - lit, 0, 1)[..., None]
    low, high, ink = (np.array(to_rgb(colours[name])) for name in ("basin", "high", "ink"))
    mixed = low + (high - low) * height
    return (mixed + (ink - mixed) * shade).reshape(-1, 3)


def _draw_twin(axes: "Axes", widget: "LandscapeViewer", colours: dict[str, str]) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgb

    surface, (low, high) = widget.surface(), widget.log_range
    pixels = np.empty((*surface.shape, 4))
    pixels[..., :3], pixels[..., 3] = to_rgb(colours["basin"]), 1 - surface
    axes.imshow(pixels, origin="lower", extent=(-1, 1, -1, 1), interpolation="bilinear")
    heights = [(np.log10(level) - low) / (high - low) for level in reference.nice_levels(low, high)]
    pieces = np.concatenate([reference.contour(surface, height) for height in heights])
    axes.add_collection(
        LineCollection(list(pieces[:, 1:].reshape(-1, 2, 2)), colors=colours["level"], lw=0.6)
    )
    for name in _LABELS:
        path = widget.path(name)
        axes.plot(*path.T, color=colours[name], linewidth=2 if name == widget.run else 0.9)
    foot = widget.path(widget.run)[widget.step()]
    axes.plot(*foot, "o", color=colours[widget.run], markeredgecolor=colours["halo"], markersize=7)
    axes.plot(*widget.mark, "+", color=colours["ink"], markersize=9, mew=1.6)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
    u, v = (format_number(float(value)) for value in widget.coordinates(widget.mark))
    marked = format_number(widget.plane_loss(widget.mark))
    add_title(axes, f"From above; + is loss {marked} at ({u}, {v})", colours)


def _draw_losses(axes: "Axes", widget: "LandscapeViewer", colours: dict[str, str]) -> None:
    k = widget.step()
    for name, label in _LABELS.items():
        own = widget.own_losses(name)
        steps, chosen = np.arange(len(own)) * widget.every, name == widget.run
        axes.plot(steps, own, color=colours[name], linewidth=2 if chosen else 0.9, label=label)
        if chosen:
            below = [widget.plane_loss(point) for point in widget.path(name)]
            axes.plot(steps, below, color=colours[name], linewidth=1.2, linestyle="--")
            axes.plot(steps[k], own[k], "o", color=colours["halo"], markeredgecolor=colours[name], mew=1.8)
    axes.set_yscale("log")
    axes.minorticks_off()
    low, high = np.log10(axes.get_ylim())
    levels = reference.nice_levels(low, high)
    axes.set_yticks(levels, [format_number(level) for level in levels])
    axes.set_xmargin(0.01)
    axes.legend(ncols=4, frameon=False, fontsize=7, labelcolor=colours["muted"], loc="upper right")
    add_title(axes, "Loss by step; dashed: the plane's", colours)
