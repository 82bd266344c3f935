"""Main effects and interactions of a two-level factorial design, with intervals over its replicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hnrc_lib._shapes import Float


@dataclass(frozen=True)
class Effect:
    """One contrast of a two-level design.

    Attributes:
        factors: those whose signs are multiplied: one for a main effect, two or more for an interaction.
        replicates: the effect in each replicate, shape (n,), in the unit of the response.
        mean: of the replicates.
        low, high: Student's interval of the mean.
    """

    factors: tuple[str, ...]
    replicates: Float[np.ndarray, " n"]
    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval does."""
        return self.low > 0 or self.high < 0


def factorial_effects(
    responses: Float[np.ndarray, "*factors n"], names: Sequence[str], *, coverage: float = 0.95
) -> list[Effect]:
    """Every main effect and interaction of a full 2ᵏ design, estimated in each replicate by itself.

        E_S = 2^(1−k) Σ_x (Π_{i∈S} x_i) y(x),  x ∈ {−1, 1}ᵏ,  S any set of factors but the empty one

    A main effect is the mean response where the factor is on less that where it is off; an interaction of
    two is half of what switching on the second adds to the effect of the first. What all runs of a replicate
    share cancels. The interval is mean ± t s/√n, with s over the n replicates and t of n − 1 degrees of
    freedom; it takes the replicates' effects for draws of one normal distribution.

    Args:
        responses: y, shape (2, …, 2, n), finite: an axis for each factor, off before on, then replicates.
        names: of the k factors, in the order of the axes.
        coverage: of the interval, 0 … 1.

    Returns:
        2ᵏ − 1 effects: main effects in the order of the names, then interactions of two, and so on.

    Raises:
        ValueError: a shape that is not that of the design, fewer than two replicates, a response that is
            not finite, or a coverage out of range.

    >>> y = np.array([[[10.0, 20.0], [12.0, 24.0]], [[13.0, 25.0], [19.0, 31.0]]])
    >>> for effect in factorial_effects(y, ("a", "b")):
    ...     print(effect.factors, effect.replicates)
    ('a',) [5. 6.]
    ('b',) [4. 5.]
    ('a', 'b') [2. 1.]

    George Box, J. Stuart Hunter and William Hunter, Statistics for experimenters (2005).
    """
    from scipy.stats import t as student

    responses = np.asarray(responses, dtype=np.float64)
    count = _check(responses, names, coverage)
    quantile = float(student.ppf((1 + coverage) / 2, count - 1))
    found = []
    for order in range(1, len(names) + 1):
        for chosen in combinations(range(len(names)), order):
            replicates = _contrast(responses, chosen)
            mean, spread = float(replicates.mean()), float(replicates.std(ddof=1))
            half = quantile * spread / count**0.5
            factors = tuple(names[axis] for axis in chosen)
            found.append(Effect(factors, replicates, mean, mean - half, mean + half))
    return found


def _contrast(responses: Float[np.ndarray, "*factors n"], chosen: tuple[int, ...]) -> np.ndarray:
    """Differences along the chosen factors, means along the others; 2^(1−|S|) makes the formula of it."""
    factors = range(responses.ndim - 1)
    for axis in reversed(factors):  # the last first, so that those before keep their places
        off, on = np.moveaxis(responses, axis, 0)
        responses = on - off if axis in chosen else (on + off) / 2
    return responses / 2 ** (len(chosen) - 1)


def _check(responses: np.ndarray, names: Sequence[str], coverage: float) -> int:
    """Number of replicates."""
    *factors, count = responses.shape or (0,)
    if not names or factors != [2] * len(names):
        raise ValueError(
            f"responses must have shape {(2,) * len(names)} and replicates for {list(names)}, "
            f"got {responses.shape}"
        )
    if count < 2:
        raise ValueError(f"responses must have at least 2 replicates, got {count}")
    if not np.isfinite(responses).all():
        raise ValueError("responses must be finite, got NaN or infinity: say what a lost run counts as")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, got {coverage}")
    return count
