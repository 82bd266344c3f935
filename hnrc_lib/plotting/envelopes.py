"""The spectrum of a sound and smooth envelopes over it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Float

_STYLES = ("-", "--", "-.", ":")


def draw_envelopes(
    ax: Axes,
    frequencies: Float[np.ndarray, " n"],
    power: Float[np.ndarray, " n"],
    envelopes: Mapping[str, Float[np.ndarray, " n"]],
) -> None:
    """Power in decibels over frequency: the frame in grey, each envelope in a colour and dash of its own.

    Args:
        ax: where to draw.
        frequencies: in Hz, ascending.
        power: of the frame, > 0.
        envelopes: name to power, > 0.

    Raises:
        ValueError: a power that is not positive.
    """
    for name, values in {"power": power, **envelopes}.items():
        if not (values > 0).all():
            raise ValueError(f"{name} must be positive, got {values.min()}")
    ax.plot(frequencies, 10 * np.log10(power), color="0.55", linewidth=0.8, label="the frame")
    for number, (name, values) in enumerate(envelopes.items()):
        ax.plot(frequencies, 10 * np.log10(values), _STYLES[number % 4], linewidth=2, label=name)
    ax.set_xlabel("frequency, Hz")
    ax.set_ylabel("power, dB")
    ax.legend(loc="lower left", ncols=2)
