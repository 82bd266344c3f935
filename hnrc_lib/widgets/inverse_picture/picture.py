"""The inverse as a picture, as a matplotlib figure: what print, GitHub and readers without scripts see."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.inverse_picture import reference
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.6, 4.4)
WINDOW = 3.2
LARGEST = 3.0
_OWN_COLOURS = {
    "damped": ("#0b5fa5", "#6cb8f5"),
    "rank_one": ("#0b7355", "#4fcaa0"),
    "normalised": ("#7a3a9e", "#c49bf0"),
    "smooth": ("#b0246a", "#f58fbe"),
    "clipped": ("#1f2328", "#e6edf3"),
}
LABELS = {
    "damped": "(H + λI)⁻¹g, damped",
    "rank_one": "(λI + H₁)⁻¹g, rank one",
    "normalised": "g/(λ + ‖g‖²)",
    "smooth": "g/√(λ + ‖g‖²)",
    "clipped": "norm clip at √λ, ÷ √λ",
}
_ANGLES = np.linspace(0, 2 * np.pi, 181)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])


def draw(state: dict[str, Any], *, dark: bool = False) -> "Figure":
    """The unit circle with its images, and the lengths of five steps.

    Args:
        state: the widget's traits by name.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark, **_OWN_COLOURS)
    figure = Figure(figsize=SIZE)
    _draw_plane(plain_axes(figure, (0.03, 0.06, 0.465, 0.87), colours, grid=0.5), state, colours)
    _draw_lengths(plain_axes(figure, (0.56, 0.42, 0.425, 0.51), colours, grid=0.5), state, colours)
    return figure


def _draw_plane(axes: "Axes", state: dict[str, Any], colours: dict[str, str]) -> None:
    from matplotlib.patches import Polygon

    damped, rank_one = reference.damped_map(state), reference.rank_one_map(state)
    axes.plot(*_CIRCLE, color=colours["ink"], linewidth=1.0)
    if damped.matrix is not None:
        bad = {"hatch": "////", "edgecolor": colours["stripe"], "facecolor": "none", "linewidth": 0}
        good = {"facecolor": colours["damped"], "alpha": 0.13, "linewidth": 0}
        image = damped.matrix @ _CIRCLE
        definite = damped.kind == "positive definite"
        axes.add_patch(Polygon(image.T, closed=True, **(good if definite else bad)))
        axes.plot(*image, color=colours["damped"], linewidth=1.8)
    if rank_one.matrix is not None:
        style = "-" if rank_one.kind == "positive definite" else "--"
        axes.plot(*(_CIRCLE / state["damping"]), ":", color=colours["rank_one"], linewidth=1.0)
        axes.plot(*(rank_one.matrix @ _CIRCLE), style, color=colours["rank_one"], linewidth=1.6)
    _draw_semi_axes(axes, state, colours)
    descent = -np.asarray(state["gradient"], dtype=float)
    for tip, colour in ((descent, "path"), (rank_one.step, "rank_one"), (damped.step, "damped")):
        if tip is not None and np.linalg.norm(tip) > 0:
            arrow = {
                "arrowstyle": "-|>",
                "color": colours[colour],
                "linewidth": 2.2,
                "shrinkA": 0,
                "shrinkB": 0,
            }
            axes.annotate("", _pair(np.clip(tip, -50, 50)), (0, 0), arrowprops=arrow, annotation_clip=False)
    axes.annotate(
        "−g", _pair(descent), (5, 3), textcoords="offset points", color=colours["path"], fontsize=10
    )
    axes.set(xlim=(-WINDOW, WINDOW), ylim=(-WINDOW, WINDOW), aspect="equal")
    axes.set(xticks=range(-3, 4), yticks=range(-3, 4))
    add_title(axes, "The unit circle and its images", colours)


def _pair(point: np.ndarray) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _draw_semi_axes(axes: "Axes", state: dict[str, Any], colours: dict[str, str]) -> None:
    """The semi-axes of the damped ellipse with their lengths; a strip's edges where it has no end."""
    vectors = reference.eigenvectors(state["rotation"]).T
    singular = reference.damped_map(state).kind == "singular"
    for i, (vector, h) in enumerate(zip(vectors, state["eigenvalues"], strict=True)):
        total = h + state["damping"]
        if singular and abs(total) <= reference.ROUNDING * (abs(h) + state["damping"]):
            other = state["eigenvalues"][1 - i] + state["damping"]
            for side in (1, -1) if other != 0 else ():
                ends = np.stack([side / other * vectors[1 - i] + t * vector for t in (-9, 9)])
                axes.plot(*ends.T, "--", color=colours["damped"], linewidth=1.6)
            continue
        axes.plot(*np.stack([vector * 0, vector / total]).T, color=colours["damped"], linewidth=1.0)
        side = 1 if vector @ state["gradient"] >= 0 else -1
        where = side * vector * np.clip(1 / abs(total) + 0.3, 0.6, WINDOW - 0.8)
        text = axes.text(
            float(where[0]),
            float(where[1]),
            f"1/(h{'₁₂'[i]} + λ) = {format_number(1 / total)}",
            color=colours["damped"],
            fontsize=8,
            ha="center",
            va="center",
            clip_on=True,
        )
        text.set_bbox({"facecolor": colours["halo"], "alpha": 0.75, "linewidth": 0, "pad": 1})


def _draw_lengths(axes: "Axes", state: dict[str, Any], colours: dict[str, str]) -> None:
    sizes = np.linspace(0, LARGEST, 301)
    size = float(np.hypot(*state["gradient"]))
    lengths, now = reference.step_lengths(state, sizes), reference.step_lengths(state, size)
    root = np.sqrt(state["damping"])
    peak = 1 / (2 * root) if root > 0 else 0.0
    top = 1.3 * max(1.25, peak)
    axes.axvline(size, color=colours["path"], linewidth=1.2)
    for name, label in LABELS.items():
        style = "--" if name == "clipped" else "-"
        value = float(now[name])
        text = f"{label}: {'none' if np.isnan(value) else format_number(value)}"
        axes.plot(sizes, lengths[name], style, color=colours[name], linewidth=1.6, label=text)
        axes.plot(size, min(value, top), "o", color=colours[name], markersize=5, mec=colours["halo"], mew=0.6)
    if root > 0:
        axes.plot(root, peak, "o", color=colours["normalised"], markerfacecolor="none", markersize=7, mew=1.6)
        axes.plot([root, root], [0, peak], ":", color=colours["normalised"], linewidth=1.0)
        left = root < LARGEST / 2
        axes.annotate(
            f"peak 1/(2√λ) = {format_number(peak)} at √λ = {format_number(float(root))}",
            (root, 0),
            (5 if left else -5, 5),
            textcoords="offset points",
            color=colours["normalised"],
            fontsize=8,
            ha="left" if left else "right",
        )
    axes.set(xlim=(0, LARGEST), ylim=(0, top))
    axes.set_xlabel("‖g‖", color=colours["muted"], fontsize=9)
    axes.legend(
        fontsize=8.5,
        labelcolor=colours["ink"],
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(-0.05, -0.2),
        borderaxespad=0,
    )
    add_title(axes, f"Step length against ‖g‖; now ‖g‖ = {format_number(size)}", colours)
