"""Word and character error rates, with the uncertainty that few utterances leave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hnrc_lib._shapes import Int


@dataclass(frozen=True)
class ErrorRate:
    """Errors of hypotheses against references.

    Attributes:
        rate: (S + D + I) / N, ≥ 0; above 1 where much is inserted.
        low, high: bootstrap interval of the rate.
        substitutions, deletions, insertions: S, D, I.
        reference_length: N, words or characters of the references.
        num_utterances: how many were compared.
        wrong_utterances: how many of them hold an error.
    """

    rate: float
    low: float
    high: float
    substitutions: int
    deletions: int
    insertions: int
    reference_length: int
    num_utterances: int
    wrong_utterances: int

    def __str__(self) -> str:
        return (
            f"{100 * self.rate:.2f} % ({100 * self.low:.2f} … {100 * self.high:.2f}), "
            f"{self.substitutions} S, {self.deletions} D, {self.insertions} I of {self.reference_length}"
        )


def word_error_rate(
    references: Sequence[str],
    hypotheses: Sequence[str],
    *,
    seed: int | np.random.Generator = 0,
    num_resamples: int = 1000,
    coverage: float = 0.95,
) -> ErrorRate:
    """Word error rate over a set of utterances: errors of all over words of all.

        WER = (S + D + I) / N,  counted on an alignment of least edits per utterance

    An empty reference adds nothing to N, and each word heard in it is an insertion. If all references are
    empty the rate is 0 when nothing was heard and infinite otherwise. The interval is the percentile
    bootstrap over utterances: its resamples draw utterances with replacement, because errors within one go
    together. Case and punctuation count.

    Args:
        references, hypotheses: texts in the same order, words between spaces.
        seed: of the resampling, or a generator.
        num_resamples: > 0.
        coverage: of the interval, 0 … 1.

    Raises:
        ValueError: no utterance, unequal numbers, or an option out of range.

    >>> print(word_error_rate(["GO HOME", "STOP"], ["GO ROME", "STOP STOP"]))
    66.67 % (50.00 … 100.00), 1 S, 0 D, 1 I of 3

    Maximilian Bisani, Hermann Ney, Bootstrap estimates for confidence intervals in ASR performance
    evaluation (2004).
    """
    import jiwer

    _check(references, hypotheses, num_resamples, coverage)
    alignments = jiwer.process_words(list(references), list(hypotheses)).alignments
    lengths = [len(reference.split()) for reference in references]
    return _rate(_edit_counts(alignments), np.array(lengths), seed, num_resamples, coverage)


def character_error_rate(
    references: Sequence[str],
    hypotheses: Sequence[str],
    *,
    seed: int | np.random.Generator = 0,
    num_resamples: int = 1000,
    coverage: float = 0.95,
) -> ErrorRate:
    """Character error rate: as ``word_error_rate``, by characters, the single spaces between words included.

    >>> print(character_error_rate(["GO HOME"], ["GO  ROME"]))
    14.29 % (14.29 … 14.29), 1 S, 0 D, 0 I of 7
    """
    import jiwer

    _check(references, hypotheses, num_resamples, coverage)
    cleaned, heard = ([" ".join(text.split()) for text in texts] for texts in (references, hypotheses))
    alignments = jiwer.process_characters(cleaned, heard).alignments
    lengths = [len(reference) for reference in cleaned]
    return _rate(_edit_counts(alignments), np.array(lengths), seed, num_resamples, coverage)


def alignment_lines(reference: str, hypothesis: str) -> str:
    """Three lines for reading: the reference, the hypothesis under it, and S, D or I where they differ.

    >>> print(alignment_lines("GO HOME NOW", "GO ROME"))
    REF: GO HOME NOW
    HYP: GO ROME ***
             S    D
    """
    import jiwer

    ref, hyp = reference.split(), hypothesis.split()
    columns: list[tuple[str, str, str]] = []
    for chunk in jiwer.process_words([reference], [hypothesis]).alignments[0]:
        mark = {"equal": "", "substitute": "S", "delete": "D", "insert": "I"}[chunk.type]
        left = ref[chunk.ref_start_idx : chunk.ref_end_idx]
        right = hyp[chunk.hyp_start_idx : chunk.hyp_end_idx]
        columns += [
            (a or "*" * len(b), b or "*" * len(a), mark)
            for a, b in zip(left or [""] * len(right), right or [""] * len(left), strict=True)
        ]
    lines = []
    for row, head in enumerate(("REF:", "HYP:", "    ")):
        cells = [
            (column[row].rjust if row == 2 else column[row].ljust)(max(map(len, column)))
            for column in columns
        ]
        lines.append(" ".join([head, *cells]).rstrip())
    return "\n".join(lines)


def _check(references: Sequence[str], hypotheses: Sequence[str], num_resamples: int, coverage: float) -> None:
    if len(references) != len(hypotheses) or not references:
        raise ValueError(
            f"hypotheses must be as many as references, one at least, got {len(hypotheses)} "
            f"for {len(references)}"
        )
    if num_resamples < 1:
        raise ValueError(f"num_resamples must be at least 1, got {num_resamples}")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, got {coverage}")


def _edit_counts(alignments: list) -> Int[np.ndarray, "utterances edits"]:
    """Substitutions, deletions and insertions of each utterance."""
    columns = {"substitute": 0, "delete": 1, "insert": 2}
    counts = np.zeros((len(alignments), 3), np.int64)
    for row, chunks in zip(counts, alignments, strict=True):
        for chunk in chunks:
            if chunk.type != "equal":
                size = chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx
                row[columns[chunk.type]] += max(size)
    return counts


def _rate(
    counts: Int[np.ndarray, "utterances edits"],
    lengths: Int[np.ndarray, "utterances"],
    seed: int | np.random.Generator,
    num_resamples: int,
    coverage: float,
) -> ErrorRate:
    errors = counts.sum(1)
    generator = np.random.default_rng(seed)
    rates = np.empty(num_resamples)
    for index in range(num_resamples):
        chosen = generator.integers(len(errors), size=len(errors))
        rates[index] = _quotient(int(errors[chosen].sum()), int(lengths[chosen].sum()))
    # Order statistics, not interpolated: a resample may be infinite.
    low, high = np.quantile(rates, [(1 - coverage) / 2, (1 + coverage) / 2], method="nearest")
    substitutions, deletions, insertions = (int(total) for total in counts.sum(0))
    return ErrorRate(
        _quotient(int(errors.sum()), int(lengths.sum())),
        float(low),
        float(high),
        substitutions,
        deletions,
        insertions,
        int(lengths.sum()),
        len(errors),
        int((errors > 0).sum()),
    )


def _quotient(errors: int, length: int) -> float:
    if length:
        return errors / length
    return float("inf") if errors else 0.0
