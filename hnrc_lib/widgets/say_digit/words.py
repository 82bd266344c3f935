"""The recogniser's state in a sentence; ``words.js`` says the same."""

import math
from collections.abc import Mapping
from typing import Any

from hnrc_lib.widgets.clips import RATE
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.say_digit import reference


def percent(share: float) -> str:
    """A share as a reader writes it, to a tenth of a percent.

    >>> percent(0.12345)
    '12.3 %'
    """
    return f"{format_number(math.floor(1000 * share + 0.5) / 10, 4)} %"


def tell_part(num_samples: int, part: Any) -> str:
    """Which part of the sound is heard."""
    first, last = (_hundredths(place / RATE) for place in reference.bounds(num_samples, part))
    return f"heard from {first} to {last} s"


def tell_state(
    title: str, num_samples: int, state: Mapping[str, Any], verdicts: Mapping[str, tuple[int, float]]
) -> str:
    """The sound, the part heard and its noise, and what each set of weights hears how surely."""
    digit, sure = verdicts[state["weights"]]
    others = ", ".join(
        f"{name}: {verdicts[name][0]} ({percent(verdicts[name][1])})"
        for name in reference.SETS
        if name != state["weights"]
    )
    part, noise = tell_part(num_samples, state["part"]), format_number(state["snr"])
    return (
        f"{title}, {part} with noise {noise} dB below: "
        f"the {state['weights']} weights hear {digit}, {percent(sure)} sure; {others}."
    )


def _hundredths(seconds: float) -> str:
    return format_number(math.floor(100 * seconds + 0.5) / 100)
