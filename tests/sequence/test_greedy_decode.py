"""Greedy decoding: the best of all paths, its frames and its confidence."""

import itertools
import math

import pytest
import torch
from ctc_oracle import collapse
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence import greedy_decode


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(2, 3), st.integers(0, 2), st.integers(0, 10**6))
def test_it_reads_the_best_of_all_paths(frames, classes, blank, seed):
    blank = min(blank, classes - 1)
    scores = torch.randn(
        frames, 1, classes, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    log_probs = scores.log_softmax(-1)
    rows = log_probs[:, 0].tolist()
    best = max(
        itertools.product(range(classes), repeat=frames),
        key=lambda path: sum(row[k] for row, k in zip(rows, path, strict=True)),
    )
    (found,) = greedy_decode(log_probs, [frames], blank)
    assert list(found.symbols) == collapse(best, blank)
    total = sum(row[k] for row, k in zip(rows, best, strict=True))
    assert found.confidence == pytest.approx(math.exp(total / frames))
    for symbol, (start, end), confidence in zip(
        found.symbols, found.frames, found.symbol_confidences, strict=True
    ):
        assert set(best[start : end + 1]) == {symbol}
        assert confidence == pytest.approx(math.exp(max(rows[t][symbol] for t in range(start, end + 1))))
        assert start == 0 or best[start - 1] != symbol
        assert end == frames - 1 or best[end + 1] != symbol


def test_padding_is_not_read():
    path = torch.tensor([[1, 2], [0, 2], [2, 1]])
    log_probs = torch.nn.functional.one_hot(path, 3).double().add(1e-3).log()
    first, second = greedy_decode(log_probs, torch.tensor([2, 3]))
    assert (first.symbols, first.frames) == ((1,), ((0, 0),))
    assert (second.symbols, second.frames) == ((2, 1), ((0, 1), (2, 2)))


def test_no_frames_read_as_nothing():
    (nothing,) = greedy_decode(torch.zeros(3, 1, 2), [0])
    assert (nothing.symbols, nothing.confidence) == ((), 1.0)
