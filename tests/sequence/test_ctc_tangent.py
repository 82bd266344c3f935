import torch
from ctc_oracle import enumerated, padded, random_batch

from hnrc_lib.sequence.ctc_lattice import (
    ctc_lattice,
    extended_labels,
    gather_states,
    scatter_states,
    valid_states,
)
from hnrc_lib.sequence.ctc_tangent import covariance_product


def build(seed):
    scores, targets, lengths = random_batch(seed, 5, 3, 3, 2)
    labels, sizes = padded(targets)
    extended, frames = extended_labels(labels, sizes, 0), torch.tensor(lengths)
    lattice = ctc_lattice(scores, extended, frames, sizes)
    valid = valid_states(5, extended.shape[0], frames, sizes)

    def product(directions):
        return covariance_product(directions, lattice.posteriors, lattice.transitions, valid)

    return scores, targets, lengths, extended, valid, product


def test_product_is_that_of_the_covariance_over_all_paths():
    scores, targets, lengths, labels, _, product = build(0)
    vectors = torch.randn(4, *scores.shape, dtype=torch.float64)
    ours = scatter_states(product(gather_states(vectors, labels)), labels, 3)
    for i, (target, size) in enumerate(zip(targets, lengths, strict=True)):
        covariance = enumerated(scores[:size, i], target, 0)[2]
        expected = vectors[:, :size, i].flatten(1) @ covariance
        torch.testing.assert_close(ours[:, :size, i].flatten(1), expected)
        assert not ours[:, size:, i].any()


def test_a_shift_per_frame_has_no_covariance():
    _, _, _, labels, _, product = build(1)
    shift = 1e6 * torch.randn(1, 5, 1, 3, dtype=torch.float64)
    assert product(shift.expand(1, 5, *labels.shape)).abs().max() < 1e-8


def test_what_lies_outside_an_utterance_is_not_read():
    _, _, _, labels, valid, product = build(2)
    direction = torch.randn(1, 5, *labels.shape, dtype=torch.float64)
    other = torch.where(valid, direction, 1e9)
    assert torch.equal(product(direction), product(other))


def test_symmetric_and_positive_semi_definite_on_states():
    _, _, _, labels, _, product = build(3)
    size = 5 * labels.numel()
    matrix = product(torch.eye(size, dtype=torch.float64).view(size, 5, *labels.shape)).flatten(1)
    torch.testing.assert_close(matrix, matrix.mT, rtol=0, atol=1e-13)
    assert torch.linalg.eigvalsh(matrix).min() > -1e-12
