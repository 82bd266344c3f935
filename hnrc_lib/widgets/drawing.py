"""What the widgets' static pictures share: a light and a dark page's colours, plain axes, titles."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The same colours as in shared/shared.css, light and dark; `stripe` and `level` are mixed with the page.
_COLOURS = {
    "ink": ("#1f2328", "#e6edf3"),
    "muted": ("#57606a", "#a3adb8"),
    "grid": ("#d5dae0", "#343b44"),
    "halo": ("#ffffff", "#15181c"),
    "first": ("#0b5fa5", "#6cb8f5"),
    "second": ("#0b7355", "#4fcaa0"),
    "path": ("#c24a00", "#ff8f4d"),
    "stripe": ("#c08bb6", "#8f5c84"),
    "level": ("#8fa6c0", "#56708c"),
    "basin": ("#9cc3e8", "#1f527f"),
}


def palette(dark: bool, **own: tuple[str, str]) -> dict[str, str]:
    """Colours by name.

    Args:
        dark: for a dark page.
        own: a widget's further colours, or its own in place of the common ones, each (light, dark).

    >>> palette(True, region=("#7a4a94", "#c9a2df"))["region"]
    '#c9a2df'
    """
    return {name: pair[dark] for name, pair in (_COLOURS | own).items()}


def plain_axes(
    figure: "Figure", box: tuple[float, float, float, float], colours: dict[str, str], *, grid: float = 0.0
) -> "Axes":
    """Transparent axes with thin spines and without tick marks.

    Args:
        figure: the figure.
        box: left, bottom, width, height, in shares of the figure.
        colours: from :func:`palette`.
        grid: the width of grid lines, in points; none at 0.
    """
    axes = figure.add_axes(box)
    axes.set_facecolor("none")
    axes.tick_params(colors=colours["muted"], labelsize=8, length=0, which="both")
    if grid:
        axes.grid(color=colours["grid"], linewidth=grid)
        axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set(color=colours["grid"], linewidth=0.8)
    return axes


def add_title(axes: "Axes", text: str, colours: dict[str, str]) -> None:
    """A small bold title at the left."""
    axes.set_title(text, loc="left", color=colours["muted"], fontsize=9, fontweight="bold")
