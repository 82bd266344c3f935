"""Where a labelling lies in time: its most probable CTC path."""

import itertools
from collections.abc import Sequence

import numpy as np

from hnrc_lib._shapes import Float


def ctc_align(
    log_probs: Float[np.ndarray, "frames classes"], symbols: Sequence[int], blank: int = 0
) -> tuple[tuple[int, int], ...]:
    """First and last frame of each symbol on the most probable path that reads as a labelling.

        argmax_π Σ_t x_t(π_t)  subject to  B(π) = symbols

    Args:
        log_probs: x, natural logarithms, (T, C).
        symbols: the labelling, S indices other than the blank.
        blank: class of the blank.

    Returns:
        S pairs of frames, in order, none overlapping.

    Raises:
        ValueError: a symbol is the blank or no class, or no path of T frames reads as the labelling.

    >>> probs = np.array([[0.1, 0.9], [0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    >>> ctc_align(np.log(probs), [1, 1])
    ((0, 0), (2, 3))

    Alex Graves, Santiago Fernández, Faustino Gomez, Jürgen Schmidhuber, Connectionist temporal
    classification (2006), for the lattice.
    """
    labels = np.full(2 * len(symbols) + 1, blank)
    labels[1::2] = symbols
    classes = log_probs.shape[1]
    if any(symbol == blank or not 0 <= symbol < classes for symbol in symbols):
        raise ValueError(f"symbols must be of 0 … {classes - 1} without the blank {blank}, got {symbols}")
    repeats = sum(a == b for a, b in itertools.pairwise(symbols))
    if len(log_probs) < len(symbols) + repeats:
        raise ValueError(
            f"symbols must fit into the {len(log_probs)} frames, got {len(symbols)} with {repeats} repeats"
        )
    if not len(symbols):
        return ()
    path = _best_path(log_probs[:, labels], labels, blank)
    return tuple(
        (int(frames[0]), int(frames[-1]))
        for frames in (np.flatnonzero(path == state) for state in range(1, len(labels), 2))
    )


def _best_path(scores: Float[np.ndarray, "frames states"], labels: np.ndarray, blank: int) -> np.ndarray:
    """State of each frame on the best path; a state is left for the next, or skips one blank."""
    frames, states = scores.shape
    skips = np.zeros(states, bool)
    skips[3::2] = labels[3::2] != labels[1:-2:2]
    best = np.full(states, -np.inf)
    best[:2] = scores[0, :2]
    moves = np.zeros((frames, states), np.int8)
    for t in range(1, frames):
        choices = np.full((3, states), -np.inf)
        choices[0] = best
        choices[1, 1:] = best[:-1]
        choices[2, 2:] = np.where(skips[2:], best[:-2], -np.inf)
        moves[t] = choices.argmax(0)
        best = choices.max(0) + scores[t]
    if best[-2:].max() == -np.inf:
        raise ValueError("symbols must have a path of probability above zero, got none")
    state = states - 1 if best[-1] >= best[-2] else states - 2
    path = np.empty(frames, np.int64)
    for t in range(frames - 1, -1, -1):
        path[t] = state
        state -= int(moves[t, state])
    return path
