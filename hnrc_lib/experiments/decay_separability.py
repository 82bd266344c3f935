"""How far the best decay moves with the learning rate, from a table of errors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hnrc_lib._shapes import Bool, Float

_CELLS_NEEDED = 7
_NEAR_BEST = 1.5


@dataclass(frozen=True)
class Surface:
    """The quadratic that was fitted to the logarithms of errors.

    Attributes:
        slope: octaves by which the best decay moves for each octave of the rate; NaN where the surface has no
            lowest decay.
        curvature: along the logarithm of the decay; a best decay exists where it is positive.
        num_cells: that the fit rests on.
    """

    slope: float
    curvature: float
    num_cells: int


def fitted_surface(
    rates: Float[np.ndarray, " rates"],
    decays: Float[np.ndarray, " decays"],
    errors: Float[np.ndarray, "rates decays"],
    *,
    within: float = 2.0,
) -> Surface:
    """Fit ln error by a quadratic in x = log₂ rate, y = log₂ decay, and see where it is lowest in y.

        ln e ≈ a + b x + c y + d x² + f x y + k y²,   best y = −(c + f x)/(2 k),   slope = −f/(2 k)

    A slope of 0 says that rate and decay are tuned apart; −1 that their product is what has a best value, so
    that rate and rate × decay are tuned apart.

    Args:
        rates: > 0, ascending.
        decays: > 0, ascending.
        errors: > 0.
        within: only cells whose error is at most so many times the smallest are fitted, > 1.

    Returns:
        The surface; its slope and curvature are NaN where fewer than 7 cells are left.

    >>> rates, decays = 2.0 ** np.arange(5), 2.0 ** np.arange(6)
    >>> valley = (np.log2(rates)[:, None] + np.log2(decays) - 4) ** 2
    >>> round(fitted_surface(rates, decays, np.exp(0.01 * valley)).slope, 6)
    -1.0
    """
    x, y = (part.ravel() for part in np.meshgrid(np.log2(rates), np.log2(decays), indexing="ij"))
    values = errors.ravel()
    near = values <= within * values.min()
    if near.sum() < _CELLS_NEEDED:
        return Surface(np.nan, np.nan, int(near.sum()))
    x, y, values = x[near] - x.mean(), y[near] - y.mean(), np.log(values[near])
    columns = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    terms = np.linalg.lstsq(columns, values, rcond=None)[0]
    cross, curvature = float(terms[4]), float(terms[5])
    return Surface(-cross / (2 * curvature) if curvature > 0 else np.nan, curvature, int(near.sum()))


def best_decays(
    rates: Float[np.ndarray, " rates"],
    decays: Float[np.ndarray, " decays"],
    errors: Float[np.ndarray, "rates decays"],
) -> tuple[np.ndarray, np.ndarray]:
    """The rates whose best error is at most 1.5 times the table's, and the best decay of each.

    Equal errors: the geometric mean of their decays.

    >>> errors = np.array([[0.2, 0.1, 0.1], [0.1, 0.3, 0.3], [0.9, 0.9, 0.8]])
    >>> best_decays(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 8.0]), errors)
    (array([1., 2.]), array([4., 1.]))
    """
    lowest = errors.min(axis=1)
    kept = lowest <= _NEAR_BEST * lowest.min()
    chosen = [2 ** np.log2(decays[row == row.min()]).mean() for row in errors[kept]]
    return rates[kept], np.array(chosen)


def by_product(
    rates: Float[np.ndarray, " rates"],
    decays: Float[np.ndarray, " decays"],
    errors: Float[np.ndarray, "rates decays"],
) -> tuple[np.ndarray, np.ndarray]:
    """The same table with a column for each rate × decay, both axes ascending by half decades.

    Returns:
        The products, and errors (rates, products), NaN where no run has that product at that rate.

    >>> products, errors = by_product(np.array([1.0, 10.0]), np.array([0.1, 1.0]), np.eye(2))
    >>> products, errors.shape, errors[1, 2]
    (array([ 0.1,  1. , 10. ]), (2, 3), np.float64(1.0))
    """
    steps = np.round(2 * np.log10(np.outer(rates, decays))).astype(int)
    columns = np.unique(steps)
    table = np.full((len(rates), len(columns)), np.nan)
    np.put_along_axis(table, np.searchsorted(columns, steps), errors, axis=1)
    return 10 ** (columns / 2), table


def octaves(values: Float[np.ndarray, " n"]) -> float:
    """log₂ of largest over smallest.

    >>> octaves(np.array([2.0, 16.0, 4.0]))
    3.0
    """
    return float(np.log2(values.max() / values.min()))


def resampled_errors(
    wrong: Bool[np.ndarray, "rates decays seeds utterances"], *, num_samples: int, seed: int
) -> Iterator[np.ndarray]:
    """Tables of errors from seeds and held-out utterances drawn anew, with replacement.

    All cells share the draw: they were trained with the same seeds and tested on the same utterances.
    A table with an error of 0 gets half an utterance there, as its logarithm is taken.

    Args:
        wrong: whether each utterance was misread, for each rate, decay and seed.
        num_samples: tables.
        seed: of the draws.

    Yields:
        Errors (rates, decays).
    """
    generator = np.random.default_rng(seed)
    num_seeds, num_utterances = wrong.shape[-2:]
    for _ in range(num_samples):
        seeds = generator.integers(num_seeds, size=num_seeds)
        counts = np.bincount(
            generator.integers(num_utterances, size=num_utterances), minlength=num_utterances
        )
        errors = wrong[:, :, seeds].mean(axis=2) @ counts / num_utterances
        yield np.maximum(errors, 0.5 / num_utterances)
