"""The best path of a labelling, against all of its paths."""

import itertools

import numpy as np
import pytest
from ctc_oracle import alignments
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence.ctc_alignment import ctc_align


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(1, 2), max_size=3), st.integers(0, 10**6))
def test_it_is_the_best_of_all_paths(frames, symbols, seed):
    scores = np.random.default_rng(seed).normal(size=(frames, 3))
    paths = alignments(frames, 3, symbols, 0)
    if not paths:
        with pytest.raises(ValueError, match="must fit into"):
            ctc_align(scores, symbols)
        return
    best = max(paths, key=lambda path: sum(scores[t, k] for t, k in enumerate(path)))
    ends = itertools.accumulate(len(list(run)) for _, run in itertools.groupby(best))
    runs = [(k, len(list(run))) for k, run in itertools.groupby(best)]
    expected = tuple((end - size, end - 1) for (k, size), end in zip(runs, ends, strict=True) if k != 0)
    assert ctc_align(scores, symbols) == expected


def test_another_class_may_be_the_blank():
    scores = np.log(np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]))
    assert ctc_align(scores, [0, 0], blank=2) == ((0, 0), (2, 2))


def test_bad_symbols_and_impossible_paths_are_named():
    scores = np.zeros((2, 3))
    with pytest.raises(ValueError, match="without the blank 0"):
        ctc_align(scores, [0])
    with pytest.raises(ValueError, match=r"of 0 … 2"):
        ctc_align(scores, [3])
    scores[:, 1] = -np.inf
    with pytest.raises(ValueError, match="above zero"):
        ctc_align(scores, [1])
