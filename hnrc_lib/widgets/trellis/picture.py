"""The trellis explorer's state as a matplotlib figure, for print, GitHub and readers without scripts."""

from typing import TYPE_CHECKING

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.trellis import reference
from hnrc_lib.widgets.trellis.lattice import BLANK_NAME, Lattice, symbol_name
from hnrc_lib.widgets.trellis.readings import shown_classes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hnrc_lib.widgets.trellis.widget import TrellisExplorer

SIZE = (8.6, 4.6)
RANGE = 15.0  # nats below the best of a frame where the shading ends
FAINTEST = 0.06


def shades(
    what: str, grid: Float[np.ndarray, "frames states"], frame: int
) -> Float[np.ndarray, "frames states"]:
    """Opacity of the cells; 0 where the recursion has not come.

    Args:
        what: a name from ``reference.PASSES``.
        grid: its values.
        frame: where it has come to, from 0.
    """
    if what == "posterior":
        return grid
    best = grid.max(1, keepdims=True)
    with np.errstate(invalid="ignore"):
        found = np.where(np.isneginf(grid), 0.0, np.clip(1 + (grid - best) / RANGE, FAINTEST, 1.0))
    times = np.arange(len(grid))[:, None]
    return found * (times >= frame if what == "backward" else times <= frame)


def draw(widget: "TrellisExplorer", *, dark: bool = False) -> "Figure":
    """The trellis and, below each other's frames, the gradient.

    Args:
        widget: whose state is drawn.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark)
    lattice, passes = widget.lattice(), widget.passes()
    figure = Figure(figsize=SIZE)
    _draw_trellis(plain_axes(figure, (0.075, 0.4, 0.91, 0.54), colours), widget, lattice, passes, colours)
    _draw_gradient(plain_axes(figure, (0.075, 0.1, 0.91, 0.22), colours), widget, lattice, colours)
    figure.text(0.075, 0.012, widget.caption, color=colours["muted"], fontsize=6)
    return figure


def _label(axes: "Axes", names: list[str], title: str, colours: dict[str, str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(labelsize=7)
    add_title(axes, title, colours)


def _image(axes: "Axes", opacity: np.ndarray, colour: str) -> None:
    from matplotlib.colors import to_rgb

    pixels = np.empty((*opacity.T.shape, 4))
    pixels[..., :3], pixels[..., 3] = to_rgb(colour), np.clip(opacity.T, 0, 1)
    height, width = opacity.T.shape
    axes.imshow(pixels, aspect="auto", interpolation="nearest", extent=(0.5, width + 0.5, height - 0.5, -0.5))


def _draw_trellis(
    axes: "Axes",
    widget: "TrellisExplorer",
    lattice: Lattice,
    passes: reference.Passes,
    colours: dict[str, str],
) -> None:
    frame, row = widget.cell()
    grids = {
        "viterbi": passes.delta,
        "forward": passes.alpha,
        "backward": passes.beta,
        "posterior": passes.posterior,
    }
    _image(axes, shades(widget.quantity, grids[widget.quantity], frame), colours["first"])
    path = passes.path
    if widget.quantity == "viterbi":
        path = reference.trace(passes.pointers, frame, row)
    if widget.quantity in ("viterbi", "posterior") and passes.log_likelihood > -np.inf:
        axes.plot(np.arange(len(path)) + 1, path, color=colours["path"], linewidth=1.6)
    axes.plot(frame + 1, row, "s", color="none", markeredgecolor=colours["path"], markersize=9, mew=1.8)
    axes.set_xticks([])
    subject = f"label {widget.label}" if widget.mode == "ctc" else f"model of digit {widget.digit}"
    title = f"{widget.mode.upper()}, {subject}: {widget.quantity}, frame {frame + 1} of {len(lattice.scores)}"
    _label(axes, [name.replace(BLANK_NAME, "–") for name in lattice.names], title, colours)


def _draw_gradient(
    axes: "Axes", widget: "TrellisExplorer", lattice: Lattice, colours: dict[str, str]
) -> None:
    gradient, names = widget.gradient(), list(lattice.names)
    if widget.mode == "ctc":
        classes = shown_classes(widget.numbers("logits"), lattice.classes)
        gradient = gradient[:, classes]
        names = [BLANK_NAME if c == 0 else symbol_name(widget.symbols[c - 1]) for c in classes]
    _image(axes, gradient, colours["path"])
    _image(axes, -gradient, colours["first"])
    axes.axvline(widget.cell()[0] + 1, color=colours["muted"], linewidth=0.8, linestyle=":")
    title = "Gradient: softmax − posterior" if widget.mode == "ctc" else "Gradient in log b: −posterior"
    _label(axes, names, f"{title} (orange above 0, blue below)", colours)
