"""The features explorer's state as a matplotlib figure, for print, GitHub and readers without scripts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.widgets.clips import RATE
from hnrc_lib.widgets.drawing import add_title, palette, plain_axes
from hnrc_lib.widgets.features import reference
from hnrc_lib.widgets.features.words import tell_frame
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.6, 5.6)
_DECIBELS = 80.0
_SHADES = np.log(1e6)
_ROWS = ((0.345, 0.215), (0.05, 0.215))
_COLUMNS = ((0.05, 0.27), (0.385, 0.27), (0.715, 0.27))


def draw(
    samples: Float[np.ndarray, "time"], state: Mapping[str, Any], title: str, *, dark: bool = False
) -> "Figure":
    """The sound over time, and the five stages of the frame chosen.

    Args:
        samples: of the clip, shape (T,).
        state: the widget's traits by name.
        title: of the clip.
        dark: for a dark page.
    """
    from matplotlib.figure import Figure

    colours = palette(dark)
    shown = reference.inspect(samples, state)
    energies = reference.band_energies(samples, state)
    figure = Figure(figsize=SIZE)
    _draw_time(figure, samples, energies, shown, state, colours)
    boxes = [(left, bottom, width, height) for bottom, height in _ROWS for left, width in _COLUMNS]
    draws = (_draw_frame, _draw_spectrum, _draw_mel, _draw_log, _draw_cepstrum)
    for box, one in zip(boxes, draws, strict=False):
        one(
            plain_axes(figure, box, colours, grid=0.6),
            shown,
            float(np.log(energies.max() + reference.FLOOR)),
            colours,
        )
    left, bottom, _, _ = boxes[-1]
    said = f"{title}\n{tell_frame(shown)}\n{state['n_mels']} mel bands\n{state['n_mfcc']} coefficients kept"
    figure.text(left, bottom + 0.2, said, color=colours["muted"], fontsize=9, va="top", linespacing=1.7)
    return figure


def _draw_time(
    figure: "Figure",
    samples: np.ndarray,
    energies: np.ndarray,
    shown: reference.Stages,
    state: Mapping[str, Any],
    colours: dict[str, str],
) -> None:
    from matplotlib.colors import to_rgb

    wave = plain_axes(figure, (0.05, 0.81, 0.935, 0.145), colours, grid=0.6)
    entering = reference.shaped(samples, state["emphasis"])
    wave.plot(np.arange(len(entering)) / RATE, entering, color=colours["ink"], linewidth=0.6)
    wave.set(yticks=[], xticklabels=[])
    add_title(wave, f"Waveform and log mel bands: {tell_frame(shown)}", colours)
    bands = plain_axes(figure, (0.05, 0.65, 0.935, 0.145), colours, grid=0.6)
    log = reference.logarithm(energies).T
    shades = np.ones((*log.shape, 4))
    shades[..., :3] = to_rgb(colours["first"])
    shades[..., 3] = np.clip(1 + (log - log.max()) / _SHADES, 0, 1)
    step = reference.HOP / RATE
    extent = (-step / 2, (log.shape[1] - 0.5) * step, -0.5, len(log) - 0.5)
    bands.imshow(shades, aspect="auto", origin="lower", interpolation="nearest", extent=extent)
    bands.set_yticks([])
    at, half = shown.index * step, reference.WINDOW / RATE / 2
    for axes in (wave, bands):
        axes.axvspan(at - half, at + half, color=colours["path"], alpha=0.18, linewidth=0)
        axes.set_xlim(0, len(samples) / RATE)


def _draw_frame(axes: "Axes", shown: reference.Stages, loudest: float, colours: dict[str, str]) -> None:
    time = (np.arange(reference.SIZE) - reference.SIZE // 2) * 1000 / RATE
    axes.plot(time, shown.cut, color=colours["muted"], linewidth=0.7)
    axes.plot(time, shown.windowed, color=colours["path"], linewidth=1.3)
    axes.set(yticks=[], xticks=[-12.5, 0, 12.5], xlim=(time[0], time[-1]))
    axes.set_xticklabels(["−12.5 ms", "0", "12.5 ms"])
    add_title(axes, "Frame × Hann window", colours)


def _draw_spectrum(axes: "Axes", shown: reference.Stages, loudest: float, colours: dict[str, str]) -> None:
    frequency = np.arange(len(shown.power)) * RATE / reference.SIZE / 1000
    level = 10 * np.log10(np.maximum(shown.power, reference.FLOOR))
    axes.plot(frequency, level, color=colours["first"], linewidth=1.3)
    axes.set(xlim=(0, RATE / 2000), ylim=(level.max() - _DECIBELS, level.max() + 4))
    axes.set_xticks(range(4), ["0", "1 kHz", "2 kHz", "3 kHz"])
    add_title(axes, "Power spectrum, dB", colours)


def _draw_mel(axes: "Axes", shown: reference.Stages, loudest: float, colours: dict[str, str]) -> None:
    axes.bar(np.arange(len(shown.energies)), shown.energies, color=colours["second"])
    axes.set(xticks=[], yticks=[0])
    add_title(axes, f"{len(shown.energies)} mel energies", colours)


def _draw_log(axes: "Axes", shown: reference.Stages, loudest: float, colours: dict[str, str]) -> None:
    base = loudest - np.log(1e8)
    band = np.arange(len(shown.log))
    axes.bar(band, np.maximum(shown.log - base, 0), bottom=base, color=colours["second"])
    axes.plot(band, np.maximum(shown.envelope, base), color=colours["halo"], linewidth=3.4)
    axes.plot(band, np.maximum(shown.envelope, base), color=colours["path"], linewidth=1.7)
    axes.set(xticks=[], ylim=(base, loudest + 1))
    add_title(axes, "ln of the energies; line: what is kept", colours)


def _draw_cepstrum(axes: "Axes", shown: reference.Stages, loudest: float, colours: dict[str, str]) -> None:
    axes.bar(np.arange(1, len(shown.coefficients)), shown.coefficients[1:], color=colours["path"])
    axes.set(xlim=(0.4, reference.MOST_KEPT - 0.4), xticks=[1, 4, 8, 12])
    level = format_number(float(shown.coefficients[0]))
    add_title(axes, f"MFCC: {len(shown.coefficients)} kept, c₀ = {level}", colours)
