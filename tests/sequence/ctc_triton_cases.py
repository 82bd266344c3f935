"""The Triton kernels against the torch operations, on a processor in Triton's interpreter.

``test_ctc_triton.py`` runs this file in a process of its own: Triton reads TRITON_INTERPRET only once. The
interpreter takes milliseconds a frame, so the batches are small.
"""

import pytest
import torch
from ctc_oracle import padded, random_batch
from torch.func import grad, jvp, vmap

pytest.importorskip("triton")

from hnrc_lib.sequence import ctc_lattice, ctc_loss, ctc_loss_from_logits, ctc_tangent
from hnrc_lib.sequence import ctc_triton_lattice as triton_lattice
from hnrc_lib.sequence import ctc_triton_tangent as triton_tangent

DTYPES = [torch.float32, torch.float64]
LABELS = torch.tensor([[1, 2, 0], [1, 1, 1], [3, 1, 2], [2, 0, 0], [1, 2, 3]])
SIZES = torch.tensor([2, 3, 0, 1, 3])
FRAMES = torch.tensor([6, 6, 4, 0, 2])  # full; just enough for the repeats; empty; and two that do not fit


def ragged(dtype=torch.float64, scale=1.0):
    generator = torch.Generator().manual_seed(0)
    scores = scale * torch.randn(6, 5, 4, generator=generator, dtype=torch.float64)
    return scores.to(dtype), ctc_lattice.extended_labels(LABELS, SIZES, 0), FRAMES, SIZES


def long_targets(dtype=torch.float64):
    scores, targets, lengths = random_batch(5, 42, 1, 5, 20, blank=3)
    labels, sizes = padded(targets)
    return scores.to(dtype), ctc_lattice.extended_labels(labels, sizes, 3), torch.tensor(lengths), sizes


def assert_same(ours, theirs):
    torch.testing.assert_close(ours.log_partition, theirs.log_partition, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(ours.posteriors, theirs.posteriors)
    # where no path arrives, the two may divide nothing differently, but to one
    reached = torch.zeros_like(theirs.transitions[0], dtype=torch.bool)
    reached[:-1, 0, 1:-1] = theirs.posteriors > 0
    reached[1:, 1, 1:-1] = (theirs.posteriors > 0).flip(0, 1)
    torch.testing.assert_close(ours.transitions * reached, theirs.transitions * reached)
    arrivals = ours.transitions.sum(0)
    torch.testing.assert_close(arrivals, torch.ones_like(arrivals))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_lattice(dtype, scale):
    arguments = ragged(dtype, scale)
    ours = triton_lattice.ctc_lattice(*arguments)
    assert ours.posteriors.dtype == ours.transitions.dtype == dtype
    assert ours.log_partition.isfinite().tolist() == [True, True, True, False, False]
    assert_same(ours, ctc_lattice.ctc_lattice(*arguments))


def test_lattice_of_more_states_than_lanes_a_warp():
    arguments = long_targets()
    assert triton_lattice.launch_options(43) == {"BLOCK": 64, "num_warps": 1, "num_stages": 1}
    assert_same(triton_lattice.ctc_lattice(*arguments), ctc_lattice.ctc_lattice(*arguments))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_impossible_classes_and_nan_stay_in_their_utterance():
    scores, *rest = ragged()
    scores[:, 0, 3] = -torch.inf  # not in its target
    scores[2, 1, 2] = torch.nan  # not in its target either
    scores[1, 2, 0] = torch.nan  # its blank
    ours, theirs = triton_lattice.ctc_lattice(scores, *rest), ctc_lattice.ctc_lattice(scores, *rest)
    assert ours.log_partition[:2].isfinite().all()
    assert ours.log_partition[2].isnan()
    torch.testing.assert_close(ours.log_partition, theirs.log_partition, equal_nan=True)
    torch.testing.assert_close(ours.posteriors, theirs.posteriors, equal_nan=True)
    scores[:, 1, 1] = -torch.inf  # its target
    assert triton_lattice.ctc_lattice(scores, *rest).log_partition[1] == -torch.inf


def test_scores_of_any_strides():
    scores, *rest = ragged()
    other = scores.transpose(0, 1).contiguous().transpose(0, 1)
    assert not other.is_contiguous()
    first, second = (triton_lattice.ctc_lattice(x, *rest) for x in (scores, other))
    assert all(map(torch.equal, first, second))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", [ctc_lattice, triton_lattice])
def test_covariance_product(dtype, given):
    scores, labels, frames, sizes = ragged(dtype)
    lattice = given.ctc_lattice(scores, labels, frames, sizes)
    valid = ctc_lattice.valid_states(6, labels.shape[0], frames, sizes)
    directions = torch.randn(2, 6, *labels.shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    arguments = directions, lattice.posteriors, lattice.transitions, valid
    ours = triton_tangent.covariance_product(*arguments)
    torch.testing.assert_close(ours, ctc_tangent.covariance_product(*arguments))
    assert not ours[..., 3:].any()
    assert ours[..., :2].any()


@pytest.mark.parametrize("face", [ctc_loss, ctc_loss_from_logits])
def test_the_loss_by_name(face):
    """Values and both derivatives; in torch.func too, where a lattice and its product pass through vmap."""
    scores = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    vectors = torch.randn(2, 4, 2, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    labels, lengths, sizes = torch.tensor([[1, 2], [2, 0]]), (4, 3), (2, 1)

    def results(kernel):
        def loss(x):
            return face(x, labels, lengths, sizes, kernel=kernel)

        leaf = scores.clone().requires_grad_()
        value = loss(leaf)
        (gradient,) = torch.autograd.grad(value, leaf, create_graph=True)
        products = vmap(lambda v: torch.autograd.grad(gradient, leaf, v, retain_graph=True)[0])(vectors)
        forward = jvp(grad(loss), (scores,), (vectors[0],))[1]
        many = vmap(grad(loss))(torch.stack([scores, -scores]))
        return value.detach(), gradient.detach(), products, forward, many

    ours, theirs = results("triton"), results("torch")
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(ours[2][0], ours[3])
