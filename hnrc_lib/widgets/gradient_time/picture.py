"""The gradient through time as a matplotlib figure, for print, GitHub and readers without scripts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.gradient_time import reference
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.6, 4.4)
_OWN_COLOURS = {"third": ("#7a3a9e", "#c49bf0")}
_DECADES = 4


def draw(state: dict[str, Any], *, dark: bool = False) -> "Figure":
    """The gain from every step back to every earlier one, and its last row as a curve.

    Args:
        state: the widget's traits by name.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark, **_OWN_COLOURS)
    shown = reference.inspect(state)
    figure = Figure(figsize=SIZE)
    _draw_heat(plain_axes(figure, (0.05, 0.06, 0.455, 0.87), colours, grid=0.4), shown, colours)
    _draw_curve(plain_axes(figure, (0.575, 0.06, 0.41, 0.87), colours, grid=0.5), state, shown, colours)
    return figure


def _draw_heat(axes: "Axes", shown: reference.Inspection, colours: dict[str, str]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    ends = [colours["first"], colours["halo"], colours["path"]]
    mapped = LinearSegmentedColormap.from_list("gain", ends)
    with np.errstate(divide="ignore"):
        decades = np.log10(shown.gains)
    image = axes.imshow(decades, cmap=mapped, vmin=-_DECADES, vmax=_DECADES, interpolation="nearest")
    image.set_rasterized(True)
    edge = reference.LARGEST_LENGTH + 0.5
    axes.plot([-0.5, edge], [-0.5, edge], color=colours["muted"], linewidth=0.9)
    axes.set(xlim=(-0.5, edge), ylim=(edge, -0.5))
    axes.set_axisbelow(False)
    key = "orange: gain 10⁴ or more\nblank: 1\nblue: 10⁻⁴ or less"
    axes.text(edge - 2, 2, key, color=colours["muted"], fontsize=8, ha="right", va="top")
    add_title(axes, "Gain from step τ (down) back to t (across)", colours)


def _draw_curve(
    axes: "Axes", state: dict[str, Any], shown: reference.Inspection, colours: dict[str, str]
) -> None:
    row = shown.gains[-1]
    steps, back = np.arange(len(row)), np.arange(len(row))[::-1]
    axes.axhspan(reference.VANISHED, reference.EXPLODED, color=colours["second"], alpha=0.07, linewidth=0)
    lines = [(shown.rate, "second", "--", "rʲ, r = {}"), (shown.bound, "third", ":", "bound ‖ρW‖ʲ, {}")]
    for base, colour, style, label in lines:
        if base is not None:
            text = label.format(format_number(base))
            axes.semilogy(steps, base**back, style, color=colours[colour], linewidth=1.4, label=text)
    axes.semilogy(
        steps, row, color=colours["ink"], linewidth=2.2, label=f"gain back from T = {state['length']}"
    )
    if shown.scale < 1:
        axes.semilogy(steps, shown.scale * row, color=colours["path"], linewidth=2.0, label="after the clip")
    axes.axhline(state["threshold"], color=colours["path"], linewidth=0.9, linestyle=(0, (3, 3)))
    axes.set(xlim=(0, state["length"]), ylim=(1e-9, 1e9))
    axes.minorticks_off()
    axes.legend(loc="upper left", fontsize=8, frameon=False, labelcolor=colours["muted"])
    add_title(
        axes,
        f"{state['cell']}, ρ = {format_number(state['radius'])}, norm {format_number(shown.norm)}",
        colours,
    )
