import pytest
import torch
from ctc_oracle import enumerated, padded, random_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence import ctc_lattice as module
from hnrc_lib.sequence.ctc_lattice import (
    ctc_lattice,
    extended_labels,
    gather_states,
    scatter_states,
    valid_states,
)
from hnrc_lib.sequence.ctc_tangent import covariance_product


def build(scores, targets, lengths, blank=0):
    labels, sizes = padded(targets, fill=blank)
    extended = extended_labels(labels, sizes, blank)
    return ctc_lattice(scores, extended, torch.tensor(lengths), sizes), extended


def test_extended_labels_put_blanks_between_and_beyond():
    labels = extended_labels(torch.tensor([[3, 3], [1, 9]]), torch.tensor([2, 1]), 4)
    assert labels.mT.tolist() == [[4, 3, 4, 3, 4], [4, 1, 4, 4, 4]]


def test_valid_states_end_with_the_frames_and_with_the_target():
    valid = valid_states(3, 5, torch.tensor([3, 1]), torch.tensor([1, 2]))
    assert valid[..., 0].tolist() == [[True] * 3 + [False] * 2] * 3
    assert valid[..., 1].tolist() == [[True] * 5, [False] * 5, [False] * 5]


def test_gather_and_scatter_are_adjoint():
    labels = torch.randint(0, 4, (5, 3))
    scores, values = (
        torch.randn(2, 6, 3, 4, dtype=torch.float64),
        torch.randn(2, 6, 5, 3, dtype=torch.float64),
    )
    gathered = gather_states(scores, labels)
    assert gathered[1, 2, 4, 0] == scores[1, 2, 0, labels[4, 0]]
    torch.testing.assert_close((gathered * values).sum(), (scores * scatter_states(values, labels, 4)).sum())


def test_log_partition_and_posteriors_are_those_of_all_paths():
    scores, targets, lengths = random_batch(7, 5, 3, 3, 2)
    lattice, labels = build(scores, targets, lengths)
    folded = scatter_states(lattice.posteriors, labels, 3)
    for i, (target, size) in enumerate(zip(targets, lengths, strict=True)):
        log_partition, occupancy, _ = enumerated(scores[:size, i], target, 0)
        torch.testing.assert_close(lattice.log_partition[i], log_partition)
        torch.testing.assert_close(folded[:size, i], occupancy)


@settings(max_examples=25)
@given(st.integers(1, 7), st.floats(0.1, 300.0), st.integers(0, 2**31), st.booleans())
def test_every_frame_is_in_some_state(longest, scale, seed, single):
    scores, targets, lengths = random_batch(seed, 2 * longest + 3, 4, 4, longest)
    scores = scale * (scores.float() if single else scores)
    lattice, _ = build(scores, targets, lengths)
    frames = torch.arange(scores.shape[0]).unsqueeze(1) < torch.tensor(lengths)
    tolerance = 1e-5 if single else 1e-9
    torch.testing.assert_close(
        lattice.posteriors.sum(1), frames.to(scores.dtype), rtol=tolerance, atol=tolerance
    )
    arrivals = lattice.transitions.sum(0)
    torch.testing.assert_close(arrivals, torch.ones_like(arrivals), rtol=tolerance, atol=tolerance)
    assert lattice.transitions.dtype == scores.dtype


@pytest.mark.parametrize("block", [1, 7, 200])
def test_the_size_of_a_block_changes_nothing(block, monkeypatch):
    scores, targets, lengths = random_batch(8, 150, 3, 5, 20)
    valid = valid_states(150, 41, torch.tensor(lengths), torch.tensor([len(target) for target in targets]))
    direction = torch.randn(1, *valid.shape, dtype=torch.float64)

    def results():
        lattice, _ = build(scores, targets, lengths)
        product = covariance_product(direction, lattice.posteriors, lattice.transitions, valid)
        return lattice.log_partition, lattice.posteriors, product

    expected = results()
    monkeypatch.setattr(module, "BLOCK", block)
    torch.testing.assert_close(results(), expected, rtol=1e-11, atol=1e-11)


def test_forced_alignment_against_all_odds():
    """Every label must take its only frame although the blank is e^500 times likelier."""
    labels = torch.arange(1, 41).unsqueeze(0)
    scores = torch.full((40, 1, 41), -500.0, dtype=torch.float64)
    scores[..., 0] = 0.0
    lattice = ctc_lattice(
        scores, extended_labels(labels, torch.tensor([40]), 0), torch.tensor([40]), torch.tensor([40])
    )
    assert lattice.log_partition.item() == pytest.approx(-500.0 * 40)
    torch.testing.assert_close(lattice.posteriors[:, 1::2, 0], torch.eye(40, dtype=torch.float64))


def test_no_alignment_no_posterior():
    lattice, _ = build(torch.randn(2, 1, 3, dtype=torch.float64), [[1, 1]], [2])
    assert lattice.log_partition.item() == -torch.inf
    assert not lattice.posteriors.any()
    assert lattice.transitions.isfinite().all()
