"""When each run of the edge-of-stability experiment reached its limit, and what came after."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Crossing(NamedTuple):
    """What a run did before and after it reached level 1.

    Attributes:
        initial: sharpness at the start.
        peak: the largest seen.
        last: the last seen.
        step: at which the level was first seen to have risen to 1; None where it never was, and then the rest
            is None too.
        level: median of the level from there on.
        rises: share of the steps from there on in which the loss rose.
        long_rises: the same of the spans of ``span`` steps.
    """

    initial: float
    peak: float
    last: float
    step: int | None
    level: float | None
    rises: float | None
    long_rises: float | None


def crossings(arrays: Mapping[str, np.ndarray], span: int = 200) -> list[Crossing]:
    """Where each run reached the limit of its stability, and how sharpness and loss went on.

    Args:
        arrays: of the record.
        span: steps of the long view.
    """
    found = []
    for loss, sharpness, level in zip(
        *(arrays[name] for name in ("loss", "sharpness", "level")), strict=True
    ):
        ends = float(sharpness[0]), float(sharpness.max()), float(sharpness[-1])
        risen = np.nonzero((level[1:] >= 1) & (level[:-1] < 1))[0] + 1
        if len(risen) == 0:
            found.append(Crossing(*ends, None, None, None, None))
            continue
        step = int(arrays["steps"][risen[0]])
        after = loss[step:]
        shares = [float((after[gap:] > after[:-gap]).mean()) for gap in (1, span)]
        found.append(Crossing(*ends, step, float(np.median(level[risen[0] :])), *shares))
    return found
