"""The sweep explorer's state as a matplotlib figure, for print, GitHub and readers without scripts."""

from typing import TYPE_CHECKING

import numpy as np

from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.sweep import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hnrc_lib.widgets.sweep.widget import SweepExplorer

SIZE = (8.6, 3.9)


def draw(widget: "SweepExplorer", *, dark: bool = False) -> "Figure":
    """The matrix of combinations at the chosen decay, and the chosen runs' loss by step.

    Args:
        widget: whose state is drawn.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark)
    figure = Figure(figsize=SIZE)
    _draw_matrix(plain_axes(figure, (0.075, 0.1, 0.41, 0.78), colours), widget, colours)
    _draw_loss(plain_axes(figure, (0.56, 0.15, 0.425, 0.73), colours, grid=0.6), widget, colours)
    figure.text(0.03, 0.02, widget.caption, color=colours["muted"], fontsize=6)
    return figure


def _draw_matrix(axes: "Axes", widget: "SweepExplorer", colours: dict[str, str]) -> None:
    from matplotlib.patches import Rectangle

    finals, (row, layer, column) = widget.finals(), widget.places()
    known = finals[~np.isnan(finals)]
    domain = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    for (i, k), value in np.ndenumerate(finals[:, layer]):
        place = 1.0 if np.isnan(value) else reference.shade(value, widget.measure, domain)
        text = format_number(value) if widget.measure == "loss" else f"{format_number(100 * value)} %"
        axes.add_patch(
            Rectangle((k - 0.48, i - 0.48), 0.96, 0.96, color=colours["first"], alpha=0.5 - 0.44 * place)
        )
        axes.text(
            k,
            i,
            "diverged" if np.isnan(value) else text,
            color=colours["ink"],
            fontsize=9,
            ha="center",
            va="center",
        )
    axes.add_patch(
        Rectangle(
            (column - 0.47, row - 0.47), 0.94, 0.94, fill=False, edgecolor=colours["first"], linewidth=2.5
        )
    )
    dampings, clips = widget.numbers("axis_damping"), widget.numbers("axis_clip")
    axes.set_yticks(range(len(dampings)), [f"λ {format_number(value)}" for value in dampings])
    labels = ["no clip" if np.isinf(value) else f"clip {format_number(value)}" for value in clips]
    axes.set_xticks(range(len(clips)), labels)
    axes.set_xlim(-0.5, len(clips) - 0.5)
    axes.set_ylim(len(dampings) - 0.5, -0.5)
    name = "Training loss" if widget.measure == "loss" else "Test error"
    decay = format_number(widget.numbers("axis_decay")[layer])
    add_title(axes, f"{name} at the end, decay {decay}", colours)


def _draw_loss(axes: "Axes", widget: "SweepExplorer", colours: dict[str, str]) -> None:
    steps, found = widget.numbers("steps"), widget.summary("train_loss")
    axes.fill_between(steps, found.low, found.high, color=colours["first"], alpha=0.2, linewidth=0)
    axes.plot(steps, found.mean, color=colours["first"], linewidth=2)
    axes.set_yscale("log")
    axes.set_xlabel("step", color=colours["muted"], fontsize=8)
    add_title(axes, f"Training loss: {widget.describe()}", colours)
