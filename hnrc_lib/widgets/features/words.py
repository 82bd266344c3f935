"""The explorer's state in a sentence; ``words.js`` says the same."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hnrc_lib.widgets.clips import RATE
from hnrc_lib.widgets.features import reference
from hnrc_lib.widgets.number_format import format_number

_NOTHING = 1e-9  # what rounding leaves where every coefficient is kept


def tell_frame(shown: reference.Stages) -> str:
    """Which frame of how many, and when."""
    seconds = format_number(shown.index * reference.HOP / RATE)
    return f"frame {shown.index} of 0 … {shown.count - 1}, at {seconds} s"


def tell_state(shown: reference.Stages, state: Mapping[str, Any], title: str) -> str:
    """The sound, the frame, and what its coefficients keep."""
    emphasis = ", with pre-emphasis" if state["emphasis"] == "on" else ""
    strongest = format_number(int(shown.power.argmax()) * RATE / reference.SIZE, 4)
    kept = f"{state['n_mfcc']} coefficient{'' if state['n_mfcc'] == 1 else 's'}"
    values = ", ".join(
        f"c{'₀₁₂'[n]} = {format_number(float(c))}" for n, c in enumerate(shown.coefficients[:3])
    )
    missed = float(np.sqrt(np.square(shown.log - shown.envelope).mean()))
    rest = f"which miss the log bands by {format_number(missed)} on average"
    if missed < _NOTHING:
        rest = "which give the log bands back"
    frame = tell_frame(shown)
    return (
        f"{frame[0].upper()}{frame[1:]} of {title}{emphasis}: strongest at {strongest} Hz; "
        f"{state['n_mels']} mel bands; {kept} kept ({values}), {rest}."
    )
