"""Greedy CTC decoding: the most probable class of each frame, repeats merged, blanks dropped."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.decoding_arguments import utterance_scores


@dataclass(frozen=True)
class GreedyPath:
    """What the best path of one utterance reads as, and where.

    Attributes:
        symbols: indices, blanks and repeats gone.
        frames: first and last frame of each symbol.
        symbol_confidences: largest probability of each symbol on its frames, 0 … 1.
        confidence: geometric mean over the frames of the path's probability, 0 … 1; 1 without frames.
    """

    symbols: tuple[int, ...]
    frames: tuple[tuple[int, int], ...]
    symbol_confidences: tuple[float, ...]
    confidence: float


def greedy_decode(
    log_probs: Float[Tensor, "time batch classes"],
    lengths: Int[Tensor, "batch"] | Sequence[int],
    blank: int = 0,
) -> list[GreedyPath]:
    """The labelling of the single most probable path of each utterance.

        B(argmax_k x_1(k), …, argmax_k x_T(k)),  B merges repeats, then drops blanks

    A labelling is the sum of many paths, so the best path's need not be the most probable one:
    ``beam_search`` finds that.

    Args:
        log_probs: x, natural logarithms, (T, N, C).
        lengths: frames of each utterance, 0 … T, (N,).
        blank: class of the blank.

    Returns:
        One path for each utterance.

    Raises:
        ValueError: naming the argument, what was expected and what came.

    >>> import torch
    >>> path = torch.tensor([1, 1, 0, 1, 2])
    >>> log_probs = torch.nn.functional.one_hot(path, 3).double().log().unsqueeze(1)
    >>> greedy = greedy_decode(log_probs, [5])[0]
    >>> greedy.symbols, greedy.frames, greedy.confidence
    ((1, 1, 2), ((0, 1), (3, 3), (4, 4)), 1.0)

    Alex Graves, Santiago Fernández, Faustino Gomez, Jürgen Schmidhuber, Connectionist temporal
    classification (2006), section 3.2.
    """
    return [_decode(scores, blank) for scores in utterance_scores(log_probs, lengths, blank)]


def _decode(scores: Float[np.ndarray, "frames classes"], blank: int) -> GreedyPath:
    best = scores.argmax(1)
    chosen = scores.max(1, initial=-np.inf)
    symbols, frames, confidences = [], [], []
    start = 0
    for symbol, run in itertools.groupby(best.tolist()):
        end = start + len(list(run))
        if symbol != blank:
            symbols.append(symbol)
            frames.append((start, end - 1))
            confidences.append(float(np.exp(chosen[start:end].max())))
        start = end
    confidence = float(np.exp(chosen.mean())) if len(scores) else 1.0
    return GreedyPath(tuple(symbols), tuple(frames), tuple(confidences), confidence)
