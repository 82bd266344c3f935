"""The spectrum viewer's state as a matplotlib figure, for print, GitHub and readers without scripts."""

from typing import TYPE_CHECKING

import numpy as np

from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.spectrum import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hnrc_lib.widgets.spectrum.widget import SpectrumViewer

SIZE = (8.6, 3.9)
DECADES = 4  # of the density on the linear axis


def draw(widget: "SpectrumViewer", *, dark: bool = False) -> "Figure":
    """The density with the band that λ drowns, and what λ leaves of each step.

    Args:
        widget: whose state is drawn.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark)
    domain = reference.axis_domain(widget.numbers("eigenvalues"), widget.scale)
    figure = Figure(figsize=SIZE)
    _draw_density(plain_axes(figure, (0.03, 0.15, 0.5, 0.76), colours), widget, domain, colours)
    _draw_factors(plain_axes(figure, (0.6, 0.15, 0.385, 0.76), colours, grid=0.6), widget, domain, colours)
    figure.text(0.03, 0.02, widget.caption, color=colours["muted"], fontsize=6)
    return figure


def _ticks(axes: "Axes", scale: str, domain: tuple[float, float]) -> None:
    sizes = [10.0**power for power in range(-4, 2)]
    values = np.array([*(-size for size in sizes[1::2]), 0, *sizes[1::2]])
    if scale == "linear":
        values = np.arange(np.ceil(2 * domain[0]) / 2, domain[1], 0.5)
    places = reference.to_axis(values, scale)
    inside = (places > domain[0]) & (places < domain[1])
    axes.set_xticks(places[inside], [format_number(float(value)) for value in values[inside]])
    axes.set_xlim(domain)


def _draw_density(
    axes: "Axes", widget: "SpectrumViewer", domain: tuple[float, float], colours: dict[str, str]
) -> None:
    place, height = widget.curve().T
    low = height.max() * 10.0**-DECADES if widget.scale == "linear" else 0.0
    if widget.scale == "linear":
        axes.set_yscale("log")
    negative = place < place[1] - place[0]  # and the first point beyond zero, so that no gap is left
    for side, colour in ((negative, colours["path"]), (place >= 0, colours["first"])):
        axes.fill_between(
            place[side], low, np.maximum(height[side], low), color=colour, alpha=0.22, linewidth=0
        )
        axes.plot(place[side], np.maximum(height[side], low), color=colour, linewidth=1.6)
    edges = reference.to_axis(np.array([-widget.damping, widget.damping]), widget.scale)
    axes.axvspan(*edges, facecolor="none", edgecolor=colours["stripe"], hatch="///", linewidth=0)
    axes.axvline(float(edges[1]), color=colours["second"], linewidth=1.6)
    axes.set_yticks([])
    axes.set_ylim(low, height.max() * (2 if widget.scale == "linear" else 1.06))
    _ticks(axes, widget.scale, domain)
    epoch = widget.numbers("epochs")[widget.index(), 0]
    title = f"Eigenvalues after epoch {format_number(epoch)}, λ = {format_number(widget.damping)}"
    add_title(axes, title, colours)


def _draw_factors(
    axes: "Axes", widget: "SpectrumViewer", domain: tuple[float, float], colours: dict[str, str]
) -> None:
    for mean, share, factor in reference.bins(*widget.quadrature(), widget.scale, domain, widget.damping):
        colour = colours["path"] if mean < 0 else colours["first"]
        outside = not abs(factor) <= 2
        axes.plot(
            reference.to_axis(mean, widget.scale),
            np.clip(2.0 if np.isnan(factor) else factor, -2, 2),
            "o",
            markersize=4 + 12 * share**0.5,
            color=colours["halo"] if outside else colour,
            markeredgecolor=colour,
        )
    axes.axhline(0, color=colours["muted"], linewidth=0.8)
    axes.set_ylim(-2.3, 2.3)
    _ticks(axes, widget.scale, domain)
    add_title(axes, "What λ leaves of Newton's step", colours)
