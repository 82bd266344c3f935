"""Error rates against edit distances by recursion, their intervals, and the alignment for reading."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence import alignment_lines, character_error_rate, word_error_rate

TEXTS = st.lists(st.sampled_from(["a", "b", "cc"]), max_size=5).map(" ".join)


@functools.cache
def distance(one, other):
    if not one or not other:
        return len(one) + len(other)
    return min(
        distance(one[1:], other[1:]) + (one[0] != other[0]),
        distance(one[1:], other) + 1,
        distance(one, other[1:]) + 1,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_the_rate_is_least_edits_over_reference_length(pairs):
    references, hypotheses = zip(*pairs, strict=True)
    for rate, split in ((word_error_rate, str.split), (character_error_rate, list)):
        found = rate(references, hypotheses, num_resamples=3)
        edits = [distance(tuple(split(a)), tuple(split(b))) for a, b in pairs]
        length = sum(len(split(a)) for a in references)
        expected = sum(edits) / length if length else (math.inf if sum(edits) else 0.0)
        assert found.rate == pytest.approx(expected)
        assert found.substitutions + found.deletions + found.insertions == sum(edits)
        lengths = sum(len(split(b)) for b in hypotheses) - length
        assert found.insertions - found.deletions == lengths
        assert found.reference_length == length
        assert found.wrong_utterances == sum(edit > 0 for edit in edits)


def test_an_empty_reference_counts_what_is_heard_as_inserted():
    found = word_error_rate(["", "GO"], ["UH HUH", "GO"])
    assert (found.insertions, found.reference_length, found.rate) == (2, 1, 2.0)
    assert word_error_rate([""], [""]).rate == 0
    assert word_error_rate([""], ["UH"]).rate == math.inf
    assert word_error_rate([""], ["UH"]).high == math.inf


def test_the_interval_covers_what_sampling_does():
    """Of many test sets of a known error rate, nine in ten intervals of 90 % hold it."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        wrong = generator.random(80) < 0.2
        found = word_error_rate(
            ["a b"] * 80,
            ["a x" if flag else "a b" for flag in wrong],
            seed=generator,
            num_resamples=150,
            coverage=0.9,
        )
        held += found.low <= 0.1 <= found.high
    assert 46 <= held <= 60


def test_the_interval_is_that_of_the_seed():
    texts = ["a b c"] * 9, ["a b c"] * 5 + ["a x", "", "b", "c"]
    one, again, other = (word_error_rate(*texts, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert (one.low, one.high) != (one.rate, one.rate)
    assert one.rate == other.rate
    wide = word_error_rate(*texts, coverage=0.99)
    assert wide.low <= one.low < one.high <= wide.high


def test_alignments_read_column_by_column():
    assert alignment_lines("A BB C D", "A C D EEE").splitlines() == [
        "REF: A BB C D ***",
        "HYP: A ** C D EEE",
        "        D       I",
    ]
    assert alignment_lines("ONE", "ELEVEN").splitlines() == ["REF: ONE", "HYP: ELEVEN", "          S"]
    assert alignment_lines("", "") == "REF:\nHYP:\n"


@pytest.mark.parametrize(
    ("references", "hypotheses", "options", "message"),
    [
        ([], [], {}, "got 0 for 0"),
        (["a"], ["a", "b"], {}, "got 2 for 1"),
        (["a"], ["a"], {"num_resamples": 0}, "num_resamples must be at least 1"),
        (["a"], ["a"], {"coverage": 1.0}, "coverage must lie between"),
    ],
)
@pytest.mark.parametrize("rate", [word_error_rate, character_error_rate])
def test_bad_arguments_are_named(rate, references, hypotheses, options, message):
    with pytest.raises(ValueError, match=message):
        rate(references, hypotheses, **options)
