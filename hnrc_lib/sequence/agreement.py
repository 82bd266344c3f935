"""One string from several readings of an utterance: by networks, or of warped copies."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.beam_search import SymbolScorer
from hnrc_lib.sequence.ctc import ctc_loss

Symbols = tuple[int, ...]


class Reading(NamedTuple):
    """What one network hears in a batch.

    log_probs: natural logarithms, (T, N, C). lengths: frames of each utterance, (N,).
    """

    log_probs: Float[Tensor, "time batch classes"]
    lengths: Int[Tensor, "batch"]


def most_agreed(
    candidates: Sequence[Sequence[Symbols]],
    readings: Sequence[Reading],
    *,
    blank: int = 0,
    language_model: SymbolScorer | None = None,
) -> list[Symbols]:
    """Of each utterance's candidates the one whose mean log-probability over all readings is highest.

        ŷ = argmax_{y ∈ Y} (1/K) Σ_k ln P_k(y | x) + ln P_LM(y)

    P_k(y | x) is CTC's: the sum over every path that reads y. Averaging the networks' outputs frame by frame
    would need them to place a symbol on the same frame, which CTC does not ask of them; strings have no
    frames.

    Args:
        candidates: the strings Y of each utterance, for example what each reading takes for best; blanks
            gone, at least one.
        readings: at least one; they may have different numbers of frames.
        blank: class of the blank.
        language_model: adds its score to each string's.

    Returns:
        A string for each utterance; among equals, and where no candidate is possible, the first.

    Raises:
        ValueError: no readings, no candidates, or not candidates for each utterance of each reading.

    >>> first = torch.tensor([[[0.1, 0.8, 0.1]], [[0.6, 0.2, 0.2]]]).log()
    >>> other = torch.tensor([[[0.1, 0.2, 0.7]], [[0.2, 0.7, 0.1]]]).log()
    >>> lengths = torch.tensor([2])
    >>> most_agreed([[(1,), (2, 1)]], [Reading(first, lengths), Reading(other, lengths)])
    [(1,)]

    Source: Hinton (2002) for products of experts; Fiscus (1997) for votes among recognisers, by words.
    """
    if not readings:
        raise ValueError("readings must hold at least one, got none")
    sizes = {size for heard in readings for size in (len(heard.lengths), heard.log_probs.shape[1])}
    if sizes != {len(candidates)}:
        raise ValueError(
            f"readings must be of the {len(candidates)} utterances of candidates, got {sorted(sizes)}"
        )
    empty = [index for index, strings in enumerate(candidates) if not strings]
    if empty:
        raise ValueError(f"candidates must hold a string for each utterance, {empty[:5]} have none")
    return [
        _chosen(list(dict.fromkeys(strings)), index, readings, blank, language_model)
        for index, strings in enumerate(candidates)
    ]


def _chosen(
    strings: list[Symbols],
    index: int,
    readings: Sequence[Reading],
    blank: int,
    language_model: SymbolScorer | None,
) -> Symbols:
    if len(strings) == 1:
        return strings[0]
    sizes = torch.tensor([len(string) for string in strings])
    labels = torch.tensor([symbol for string in strings for symbol in string], dtype=torch.long)
    scores = torch.zeros(len(strings), dtype=torch.float64)
    for log_probs, lengths in readings:
        frames = int(lengths[index])
        heard = log_probs[:frames, index].detach().cpu().double().unsqueeze(1).expand(-1, len(strings), -1)
        times = torch.full((len(strings),), frames)
        scores -= ctc_loss(heard, labels, times, sizes, blank=blank, reduction="none") / len(readings)
    if language_model is not None:
        scores += torch.tensor([_language_score(language_model, string) for string in strings])
    return strings[int(scores.argmax())]


def _language_score(model: SymbolScorer, string: Symbols) -> float:
    state, total = model.start(), 0.0
    for symbol in string:
        state, added = model.extend(state, symbol)
        total += added
    return total + model.finish(state)
