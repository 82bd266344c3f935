"""Say a digit as a matplotlib figure, for print, GitHub and readers without scripts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.widgets.clips import RATE
from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.say_digit import reference
from hnrc_lib.widgets.say_digit.words import percent, tell_part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (7.8, 3.9)
_OWN_COLOURS = {"third": ("#7a3a9e", "#c49bf0")}
_SET_COLOURS = dict(zip(reference.SETS, ("first", "second", "third"), strict=True))


def draw(
    samples: Float[np.ndarray, "time"],
    state: Mapping[str, Any],
    image: Float[np.ndarray, "frames features"],
    probabilities: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
    *,
    dark: bool = False,
) -> "Figure":
    """The sound, the word as the network sees it, and the probabilities of the ten digits.

    Args:
        samples: of the clip, shape (T,).
        state: the widget's traits by name.
        image: levels and slopes, shape (T′, 2·M).
        probabilities: by set of weights, each of shape (10,).
        card: where the weights come from.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark, **_OWN_COLOURS)
    figure = Figure(figsize=SIZE)
    _draw_sound(plain_axes(figure, (0.03, 0.6, 0.47, 0.33), colours, grid=0.6), samples, state, colours)
    for i, (name, part) in enumerate(zip(("level", "slope"), np.split(image, 2, axis=1), strict=True)):
        axes = plain_axes(figure, (0.03 + 0.24 * i, 0.08, 0.23, 0.38), colours)
        _draw_image(axes, part, f"Seen: {name}", colours)
    _draw_bars(plain_axes(figure, (0.57, 0.44, 0.42, 0.49), colours, grid=0.6), state, probabilities, colours)
    for row, name in enumerate(reference.SETS):
        measured = card["sets"][name]
        said = f"{name}: {percent(measured['accuracy'])} → {percent(measured['accuracy_int8'])} in 8 bits"
        figure.text(0.57, 0.25 - 0.06 * row, said, color=colours[_SET_COLOURS[name]], fontsize=9)
    said = f"Accuracy on {card['held_out']}, never heard in training:"
    figure.text(0.57, 0.31, said, color=colours["muted"], fontsize=9)
    return figure


def _draw_sound(axes: "Axes", samples: np.ndarray, state: Mapping[str, Any], colours: dict[str, str]) -> None:
    first, last = reference.bounds(len(samples), state["part"])
    axes.plot(np.arange(len(samples)) / RATE, samples, color=colours["muted"], linewidth=0.6)
    heard = reference.heard_part(samples, state)
    axes.plot(np.arange(first, last) / RATE, heard, color=colours["ink"], linewidth=0.6)
    axes.axvspan(first / RATE, last / RATE, color=colours["path"], alpha=0.12, linewidth=0)
    axes.set(xlim=(0, len(samples) / RATE), yticks=[])
    add_title(axes, f"Waveform: {tell_part(len(samples), state['part'])}", colours)


def _draw_image(axes: "Axes", values: np.ndarray, title: str, colours: dict[str, str]) -> None:
    from matplotlib.colors import to_rgb

    share = values.T / max(float(np.abs(values).max()), 1e-9)
    shades = np.empty((*share.shape, 4))
    shades[..., :3] = np.where(share[..., None] > 0, to_rgb(colours["first"]), to_rgb(colours["path"]))
    shades[..., 3] = np.abs(share)
    axes.imshow(shades, aspect="auto", origin="lower", interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    add_title(axes, title, colours)


def _draw_bars(
    axes: "Axes",
    state: Mapping[str, Any],
    probabilities: Mapping[str, np.ndarray],
    colours: dict[str, str],
) -> None:
    for i, name in enumerate(reference.SETS):
        style: dict[str, Any] = {"color": colours[_SET_COLOURS[name]], "label": name}
        strength = 1.0 if name == state["weights"] else 0.5
        axes.bar(np.arange(10) + 0.27 * (i - 1), probabilities[name], 0.25, alpha=strength, **style)
    axes.set(xticks=range(10), ylim=(0, 1.14), xlim=(-0.6, 9.6))
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.legend(fontsize=8, frameon=False, labelcolor=colours["muted"], ncols=3, loc="upper right")
    digit = int(probabilities[state["weights"]].argmax())
    add_title(axes, f"The {state['weights']} weights hear {digit}", colours)
