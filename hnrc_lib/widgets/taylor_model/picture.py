"""The Taylor model explorer's state as a matplotlib figure, for print, GitHub and readers without scripts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.taylor_model import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.6, 4.2)
_OWN_COLOURS = {"region": ("#7a4a94", "#c9a2df")}
_SAMPLES = 301
_MODELS = (
    ("first", "first order", reference.first_order),
    ("second", "second order", reference.second_order),
)


def draw(state: dict[str, Any], *, dark: bool = False) -> "Figure":
    """The function with its models, and the errors of the models.

    Args:
        state: the widget's traits by name.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark, **_OWN_COLOURS)
    shown = reference.inspect(state)
    figure = Figure(figsize=SIZE)
    _draw_curve(plain_axes(figure, (0.04, 0.075, 0.5, 0.86), colours, grid=0.6), state, shown, colours)
    _draw_errors(plain_axes(figure, (0.62, 0.075, 0.365, 0.86), colours, grid=0.6), state, colours)
    return figure


def _draw_curve(
    axes: "Axes", state: dict[str, Any], shown: reference.Inspection, colours: dict[str, str]
) -> None:
    point, radius = state["point"], state["radius"]
    x = np.linspace(*reference.WINDOW, _SAMPLES)
    axes.axvspan(point - radius, point + radius, color=colours["region"], alpha=0.1, linewidth=0)
    for edge in (point - radius, point + radius):
        axes.axvline(edge, color=colours["region"], linewidth=0.9, linestyle=(0, (3, 3)))
    axes.plot(
        x, reference.evaluate(state["function"], x).value, color=colours["ink"], linewidth=2.4, label="f"
    )
    inside = np.abs(x - point) <= radius
    for name, label, model in _MODELS:
        line = model(shown.here, x - point)
        axes.plot(x, line, color=colours[name], linewidth=1.2, alpha=0.4)
        axes.plot(x[inside], line[inside], color=colours[name], linewidth=1.8, label=label)
    if shown.ratio is not None:
        end = point + shown.step
        promised = float(reference.second_order(shown.here, shown.step))
        found = float(reference.evaluate(state["function"], end).value)
        axes.plot([end, end], [promised, found], color=colours["path"], linewidth=1.4, linestyle=":")
        axes.plot(end, promised, "o", color=colours["second"], markerfacecolor=colours["halo"], mew=1.8)
        axes.plot(end, found, "o", color=colours["path"], markeredgecolor=colours["halo"], mew=1)
    axes.plot(
        point, shown.here.value, "o", color=colours["path"], markersize=10, markeredgecolor=colours["halo"]
    )
    axes.set(xlim=reference.WINDOW, ylim=reference.HEIGHTS[state["function"]])
    axes.legend(
        loc="upper right", fontsize=8, frameon=False, labelcolor=colours["muted"], ncols=3, handlelength=1.4
    )
    ratio = "none" if shown.ratio is None else format_number(shown.ratio)
    add_title(axes, f"x = {format_number(point)}, r = {format_number(radius)}, gain ratio {ratio}", colours)


def _draw_errors(axes: "Axes", state: dict[str, Any], colours: dict[str, str]) -> None:
    sizes = np.geomspace(reference.LEAST_RADIUS, reference.GREATEST_RADIUS, 121)
    errors = reference.model_errors(state["function"], state["point"], sizes)
    at = reference.model_errors(state["function"], state["point"], state["radius"])
    slopes = reference.error_slopes(state["function"], state["point"])
    for (name, _, _), order, line, here in zip(_MODELS, (2, 3), errors, at, strict=True):
        guide = line[0] * (sizes / sizes[0]) ** order
        axes.loglog(sizes, guide, color=colours["muted"], linewidth=0.8, linestyle="--")
        axes.loglog(sizes, line, color=colours[name], linewidth=1.8)
        axes.loglog(state["radius"], here, "o", color=colours[name], markeredgecolor=colours["halo"])
    axes.axvline(state["radius"], color=colours["region"], linewidth=0.9, linestyle=(0, (3, 3)))
    axes.minorticks_off()
    axes.set(xlim=(sizes[0], sizes[-1]), ylim=(1e-9, 1e2))
    first, second = (format_number(slope) for slope in slopes)
    add_title(axes, f"Error against |Δ|: slopes {first} and {second}", colours)
