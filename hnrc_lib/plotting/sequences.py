"""Speech over time: waveform, frames, states, and what a recogniser believes at each frame."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from hnrc_lib._shapes import Float, Int
from hnrc_lib.plotting.colors import sequential_colormap

_NUM_COLORS = 10  # C0 … C9
_MOST_POINTS = 2_000  # of a waveform; more cannot be told apart over a page's width


def draw_waveform(ax: Axes, samples: Float[np.ndarray, " time"], sample_rate: float) -> Line2D:
    """Samples against time in seconds; of a long sound the extremes of each short stretch.

    Args:
        ax: where to draw.
        samples: x, shape (T,), full scale ±1.
        sample_rate: in hertz, > 0.

    Returns:
        The line.
    """
    shown = _extremes(samples, _MOST_POINTS)
    (line,) = ax.plot(shown / sample_rate, samples[shown], linewidth=0.5, color="C0")
    ax.set_xlim(0, len(samples) / sample_rate)
    ax.set_ylabel("sound")
    ax.set_yticks([])
    return line


def draw_frames(
    ax: Axes,
    frames: Float[np.ndarray, "frames rows"],
    frame_seconds: float,
    *,
    names: Sequence[str] = (),
    label: str = "mel band",
) -> AxesImage:
    """A matrix over time as an image, row 0 at the bottom; frame t is centred at t · ``frame_seconds``.

    Args:
        ax: where to draw.
        frames: one column of the picture per frame, shape (T, R).
        frame_seconds: from frame to frame, > 0.
        names: of the R rows, written at the axis; then the values are probabilities, drawn from nothing to
            one colour. Without names they are drawn in the page's colours.
        label: of the vertical axis.

    Returns:
        The image.

    Raises:
        ValueError: names that are not one for each row.
    """
    size = frames.shape[1]
    if names and len(names) != size:
        raise ValueError(f"names must be one for each of {size} rows, got {len(names)}")
    left, right = -frame_seconds / 2, (len(frames) - 0.5) * frame_seconds
    scale = {"cmap": sequential_colormap(), "vmin": 0, "vmax": 1} if names else {}
    image = ax.imshow(
        frames.T,
        extent=(left, right, -0.5, size - 0.5),
        aspect="auto",
        origin="lower",
        interpolation="none",  # the matrix itself goes into a vector drawing, not a picture of it
        **scale,
    )
    if names:
        ax.set_yticks(range(size), names)
    ax.set_ylabel(label)
    return image


def draw_state_path(
    ax: Axes, states: Int[np.ndarray, " frames"], frame_seconds: float, *, color: str = "C1"
) -> Line2D:
    """The state of each frame as steps, on a vertical axis of its own at the right.

    Args:
        ax: holds the frames' picture.
        states: place in the chain, shape (T,).
        frame_seconds: from frame to frame, > 0.
        color: of the steps and their axis.

    Returns:
        The line.
    """
    right = ax.twinx()
    edges = (np.arange(len(states) + 1) - 0.5) * frame_seconds
    (line,) = right.plot(edges, np.append(states, states[-1]), drawstyle="steps-post", color=color)
    right.set_ylabel("state", color=color)
    right.set_yticks(range(int(states.min()), int(states.max()) + 1))
    right.grid(visible=False)
    return line


def draw_symbol_posteriors(
    ax: Axes,
    posteriors: Float[np.ndarray, "frames symbols"],
    symbols: Sequence[str],
    frame_seconds: float,
    *,
    read: Sequence[tuple[int, int]] = (),
    least: float = 0.2,
) -> list[Line2D]:
    """Probability of each symbol over time; the blank, symbol 0, as a dotted line in the text's colour.

    Args:
        ax: where to draw.
        posteriors: P(symbol | frame), shape (T, C).
        symbols: names of the C symbols, the blank's first.
        frame_seconds: from frame to frame, > 0.
        read: (symbol, frame) of what was read; the name is written above that frame.
        least: symbols that stay below it everywhere are left out.

    Returns:
        The lines, the blank's first.

    Raises:
        ValueError: symbols that are not one for each column.
    """
    size = posteriors.shape[1]
    if len(symbols) != size:
        raise ValueError(f"symbols must be one for each of {size} columns, got {len(symbols)}")
    seconds = np.arange(len(posteriors)) * frame_seconds
    ink = mpl.rcParams["text.color"]
    style = {"color": ink, "linestyle": ":", "linewidth": 1.0, "label": symbols[0]}
    lines = ax.plot(seconds, posteriors[:, 0], **style)
    for symbol in range(1, size):
        if posteriors[:, symbol].max() >= least:
            color = f"C{(symbol - 1) % _NUM_COLORS}"
            lines += ax.plot(seconds, posteriors[:, symbol], color=color, label=symbols[symbol])
    for symbol, frame in read:
        ax.annotate(
            symbols[symbol],
            (seconds[frame], 1.06),
            ha="center",
            va="bottom",
            annotation_clip=False,
            color=f"C{(symbol - 1) % _NUM_COLORS}",
        )
    ax.set_ylim(0, 1.03)
    ax.set_ylabel("probability")
    return lines


def _extremes(samples: np.ndarray, most: int) -> np.ndarray:
    """Places, in order, of the lowest and the highest sample of each of at most ``most`` / 2 stretches."""
    length = max(1, -(-2 * len(samples) // most))
    if length < 3:  # two of three samples and more
        return np.arange(len(samples))
    stretches = np.pad(samples, (0, -len(samples) % length), mode="edge").reshape(-1, length)
    places = np.stack([stretches.argmin(1), stretches.argmax(1)], axis=1)
    places = np.sort(places, axis=1) + length * np.arange(len(stretches))[:, None]
    return np.minimum(places.ravel(), len(samples) - 1)
