"""How sure a recogniser is of each word: its share among the hypotheses, aligned word by word."""

from collections.abc import Sequence


def word_confidences(texts: Sequence[str], shares: Sequence[float]) -> list[float]:
    """Posterior of each word of the first text among several.

        c_i = Σ_k p_k · [text k, aligned with the first by least edits, has the same word at i]

    Args:
        texts: the chosen text, then its rivals.
        shares: p, of each text, ≥ 0, with sum 1.

    Returns:
        One number within 0 … 1 for each word of the first text.

    Raises:
        ValueError: no text, or not one share for each.

    >>> word_confidences(["GO HOME", "GO ROME", "HOME"], [0.5, 0.3, 0.2])
    [0.8, 0.7]

    Frank Wessel, Ralf Schlüter, Klaus Macherey, Hermann Ney, Confidence measures for large vocabulary
    continuous speech recognition (2001), for posteriors over an N-best list.
    """
    if not texts or len(texts) != len(shares):
        raise ValueError(f"shares must be one for each of the texts ({len(texts)}), got {len(shares)}")
    chosen = texts[0].split()
    confidences = [0.0] * len(chosen)
    for text, share in zip(texts, shares, strict=True):
        for index in matching_words(chosen, text.split()):
            confidences[index] += share
    return [min(confidence, 1.0) for confidence in confidences]


def matching_words(words: Sequence[str], others: Sequence[str]) -> list[int]:
    """Indices of the words that an alignment of least edits keeps unchanged.

    >>> matching_words("A B C".split(), "B C D".split())
    [1, 2]
    """
    rows = [list(range(len(others) + 1))]
    for i, word in enumerate(words, start=1):
        row = [i]
        for j, other in enumerate(others, start=1):
            row.append(min(rows[-1][j - 1] + (word != other), rows[-1][j] + 1, row[-1] + 1))
        rows.append(row)
    kept, i, j = [], len(words), len(others)
    while i and j:
        if words[i - 1] == others[j - 1] and rows[i][j] == rows[i - 1][j - 1]:
            kept.append(i - 1)
            i, j = i - 1, j - 1
        elif rows[i][j] == rows[i - 1][j - 1] + 1:
            i, j = i - 1, j - 1
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return kept[::-1]
