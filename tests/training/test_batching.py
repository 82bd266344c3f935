"""Batches: every utterance once, alike in length, cut among processes without loss."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.training.batching import bucketed_batches, mix_seed, share_of_process


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 20), st.integers(0, 5))
def test_every_utterance_comes_once_an_epoch(lengths, batch_size, epoch):
    batches = bucketed_batches(torch.tensor(lengths), batch_size, seed=1, epoch=epoch)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // batch_size)
    assert batches == bucketed_batches(torch.tensor(lengths), batch_size, seed=1, epoch=epoch)


def test_neighbours_are_alike_in_length_and_change_from_epoch_to_epoch():
    lengths = torch.arange(100, 1100)
    first, second = (bucketed_batches(lengths, 10, seed=0, epoch=epoch) for epoch in (1, 2))
    padded = sum(10 * int(lengths[batch].max()) for batch in first)
    assert padded < 1.2 * int(lengths.sum())
    assert first != second


@pytest.mark.parametrize("num_processes", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_shares_add_up_to_the_batch(size, num_processes):
    batch = list(range(10, 10 + size))
    shares = [share_of_process(batch, rank, num_processes) for rank in range(num_processes)]
    assert all(mine for mine, _ in shares)
    assert sorted(index for mine, count in shares for index in mine[:count]) == batch


def test_seeds_differ_and_fit_a_generator():
    seeds = {mix_seed(a, b) for a in range(30) for b in range(30)}
    assert len(seeds) == 900
    torch.Generator().manual_seed(max(seeds))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="batch_size must be positive, got 0"):
        bucketed_batches(torch.ones(2), 0, seed=0, epoch=1)
    with pytest.raises(ValueError, match="at least one utterance"):
        bucketed_batches(torch.empty(0), 1, seed=0, epoch=1)
