"""The sweep explorer's mathematics in NumPy; its ES modules are tested against these functions."""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from hnrc_lib._shapes import Float, Int

MEASURES = ("loss", "error")
MU = 255  # of the µ-law
MIDDLE, LEVELS = 128, 127
LEAST_LOSS = 1e-6  # on the logarithmic scale


@dataclass(frozen=True)
class Summary:
    """A curve of several runs that differ by their seed alone; NaN where none was left.

    Args:
        mean: over the runs that had not diverged.
        low: the least of them.
        high: the greatest of them.
    """

    mean: Float[np.ndarray, " marks"]
    low: Float[np.ndarray, " marks"]
    high: Float[np.ndarray, " marks"]


def summarise(values: Float[np.ndarray, "seeds marks"]) -> Summary:
    """Mean and spread over seeds.

    Args:
        values: a row for each run, NaN from where it diverged on.

    >>> summarise(np.array([[1.0, 2.0], [3.0, np.nan]])).mean
    array([2., 2.])
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all runs of a mark diverged: NaN is the answer
        return Summary(np.nanmean(values, 0), np.nanmin(values, 0), np.nanmax(values, 0))


def shade(value: float, measure: str, domain: tuple[float, float]) -> float:
    """A colour's place from 0, the least of the domain, to 1; logarithmic for the loss.

    Args:
        value: a final loss, or a test error.
        measure: ``loss`` or ``error``.
        domain: its least and greatest value.

    >>> shade(0.1, "loss", (0.01, 1.0))
    0.5
    """
    low, high, at = (
        (math.log(max(number, LEAST_LOSS)) if measure == "loss" else number) for number in (*domain, value)
    )
    return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.0


def misread(
    heard: Int[np.ndarray, "seeds clips"], digits: Int[np.ndarray, " clips"]
) -> list[tuple[int, list[int]]]:
    """The clips that some run misreads and what each run heard, most often misread first.

    Args:
        heard: by each run in each clip; −1 throughout where the run diverged, which is left out.
        digits: what was said.

    >>> misread(np.array([[1, 2], [1, 7]]), np.array([1, 2]))
    [(1, [2, 7])]
    """
    finished = heard[(heard >= 0).all(1)]
    wrong = (finished != digits).sum(0)
    order = sorted(np.flatnonzero(wrong).tolist(), key=lambda clip: (-wrong[clip], clip))
    return [(clip, finished[:, clip].tolist()) for clip in order]


def mean_misread(heard: Int[np.ndarray, "seeds clips"], digits: Int[np.ndarray, " clips"]) -> float:
    """Clips that a run misreads, on average over those that did not diverge; NaN where none is left."""
    finished = heard[(heard >= 0).all(1)]
    return float((finished != digits).sum() / len(finished)) if len(finished) else math.nan


def to_mu_law(samples: Float[np.ndarray, " time"]) -> Int[np.ndarray, " time"]:
    """A sound in eight bits: fine steps where it is quiet (ITU-T G.711's continuous law, 1972).

        F(x) = sgn(x) ln(1 + µ|x|) / ln(1 + µ),  µ = 255

    Args:
        samples: within ±1.

    Raises:
        ValueError: samples beyond ±1.

    >>> to_mu_law(np.array([-1.0, 0.0, 1.0]))
    array([  1, 128, 255])
    """
    if not (np.abs(samples) <= 1).all():
        raise ValueError(f"samples must lie within ±1, got {np.abs(samples).max():g}")
    bent = np.sign(samples) * np.log1p(MU * np.abs(samples)) / math.log1p(MU)
    return np.round(LEVELS * bent).astype(int) + MIDDLE


def from_mu_law(codes: Int[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """The sound again.

    Args:
        codes: as ``to_mu_law`` made them.

    >>> from_mu_law(np.array([1, 128, 255]))
    array([-1.,  0.,  1.])
    """
    bent = (np.asarray(codes) - MIDDLE) / LEVELS
    return np.sign(bent) * ((1 + MU) ** np.abs(bent) - 1) / MU
