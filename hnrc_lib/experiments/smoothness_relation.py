"""What is concluded from ``gradient_smoothness``; written down before its run.

Two quantities along a training, such as the smoothness and the gradient's norm, **agree** when the intervals
of both the slope of their logarithms and their rank correlation lie above 0, **oppose** when both lie below,
and the question stays **open** otherwise. The relation **outlasts time** when the rank correlation at equal
step has its interval above 0.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from hnrc_lib._shapes import Shaped


class Interval(NamedTuple):
    """A number and the 95 % interval of its bootstrap."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Relation:
    """How two positive quantities go together along the steps of some trainings.

    Attributes:
        slope: of log y on log x, by least squares.
        rank: correlation of their ranks (Spearman).
        at_equal_step: the same with the rank of the step taken out of both (partial correlation).
        changes: rank correlation of their changes from one look to the next, in logarithms.
    """

    slope: Interval
    rank: Interval
    at_equal_step: Interval
    changes: Interval

    @property
    def verdict(self) -> str:
        """``"agree"``, ``"oppose"`` or ``"open"``."""
        if min(self.slope.low, self.rank.low) > 0:
            return "agree"
        return "oppose" if max(self.slope.high, self.rank.high) < 0 else "open"

    @property
    def outlasts_time(self) -> bool:
        """Whether they still go together at equal step."""
        return self.at_equal_step.low > 0


def relation(
    x: Shaped[np.ndarray, "r p"],
    y: Shaped[np.ndarray, "r p"],
    steps: Shaped[np.ndarray, " p"],
    *,
    draws: int = 2000,
    block: int = 4,
    seed: int = 0,
) -> Relation:
    """Slope and correlations of two quantities, a mean over runs, with intervals.

    Every number is computed in each run and averaged over the runs. Looks that follow one another are
    alike; the bootstrap therefore draws blocks of them, on a circle, in each run for itself. An interval is
    about the looks of these runs, and not about other seeds.

    Args:
        x, y: positive, shape (r, p); NaN where a run had come to an end.
        steps: of the looks, shape (p,).
        draws: of the bootstrap.
        block: looks drawn together, ≥ 1.
        seed: of the draws.

    Raises:
        ValueError: a run has fewer looks than twice a block.

    >>> x = np.array([[1.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0, 9.0]])
    >>> found = relation(x, 2 * x**1.5, np.arange(8))
    >>> round(found.slope.value, 6), round(found.rank.value, 6), found.verdict
    (1.5, 1.0, 'agree')

    Hans Künsch, The jackknife and the bootstrap for general stationary observations (1989), for the blocks.
    """
    random, values, drawn = np.random.default_rng(seed), [], []
    for row_x, row_y in zip(x, y, strict=True):
        kept = np.isfinite(row_x) & np.isfinite(row_y)
        if kept.sum() < 2 * block:
            raise ValueError(f"a run must have at least {2 * block} looks, got {kept.sum()}")
        levels = np.stack([np.log(row_x[kept]), np.log(row_y[kept]), steps[kept].astype(float)])
        moves = np.diff(levels[:2])
        values.append(_numbers(levels[:, None], moves[:, None])[:, 0])
        chosen, between = (_blocks(n, block, draws, random) for n in (levels.shape[1], moves.shape[1]))
        drawn.append(_numbers(levels[:, chosen], moves[:, between]))
    value = np.mean(values, axis=0)
    low, high = np.nanquantile(np.mean(drawn, axis=0), [0.025, 0.975], axis=1)
    return Relation(*(Interval(*map(float, found)) for found in zip(value, low, high, strict=True)))


def _blocks(size: int, block: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Places of ``size`` looks, drawn in blocks on a circle, shape (draws, size)."""
    firsts = random.integers(size, size=(draws, -(-size // block), 1))
    return ((firsts + np.arange(block)) % size).reshape(draws, -1)[:, :size]


def _numbers(levels: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The four numbers, shape (4, draws), of levels (3, draws, p) and moves (2, draws, p − 1)."""
    log_x, log_y, _ = levels
    centred = log_x - log_x.mean(-1, keepdims=True)
    ranks = rankdata(levels, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):  # a draw of one block alone has no spread
        slope = (centred * log_y).sum(-1) / np.square(centred).sum(-1)
        xy, xt, yt = (_correlation(ranks[i], ranks[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
        partial = (xy - xt * yt) / np.sqrt((1 - xt**2) * (1 - yt**2))
        changes = _correlation(*rankdata(moves, axis=-1))
    return np.stack([slope, xy, partial, changes])


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = (v - v.mean(-1, keepdims=True) for v in (a, b))
    return (a * b).sum(-1) / np.sqrt(np.square(a).sum(-1) * np.square(b).sum(-1))
