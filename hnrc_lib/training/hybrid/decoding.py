"""Recognition of any number of utterances."""

from collections.abc import Callable

from torch import Tensor

from hnrc_lib.sequence.hmm import WordLoop
from hnrc_lib.training.hybrid.alignment import Utterances, by_length, padded

Scores = Callable[[Tensor, Tensor], Tensor]
"""(features (N, T, F), lengths (N,)) → log-likelihood of each emission (N, T, E)."""


def decode(
    loop: WordLoop, scores: Scores, utterances: Utterances, *, batch_size: int = 32
) -> list[list[int]]:
    """The best string of words of each utterance, as indices; none where no path exists.

    Args:
        loop: the words and what may follow what.
        scores: the acoustic model, for example a ``GmmHmm`` or a ``ScaledNetwork``.
        utterances: features, shape (T, F) each.
        batch_size: utterances decoded at once, > 0.
    """
    found: dict[int, list[int]] = {}
    for rows in by_length(utterances, batch_size):
        features, lengths = padded([utterances[row] for row in rows])
        decoded = loop.decode(scores(features, lengths), lengths)
        found |= dict(zip(rows, decoded.words, strict=True))
    return [found[row] for row in range(len(utterances))]
