import math

import pytest
import torch
from ctc_oracle import enumerated, losses, padded, random_batch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import ctc_loss as torch_ctc_loss

from hnrc_lib.sequence import ctc_alignment_posteriors, ctc_loss, ctc_loss_from_logits

FACES = [
    pytest.param(ctc_loss, False, id="log_probs"),
    pytest.param(ctc_loss_from_logits, True, id="logits"),
]


@st.composite
def utterances(draw):
    frames, classes = draw(st.integers(1, 5)), draw(st.integers(2, 4))
    blank = draw(st.integers(0, classes - 1))
    labels = st.sampled_from([label for label in range(classes) if label != blank])
    targets = draw(st.lists(st.lists(labels, max_size=3), min_size=1, max_size=3))
    lengths = [draw(st.integers(0, frames)) for _ in targets]
    return frames, classes, blank, targets, lengths, draw(st.integers(0, 2**31))


@settings(max_examples=40)
@given(utterances(), st.booleans())
def test_loss_gradient_and_hessian_are_those_of_all_paths(case, normalised):
    frames, classes, blank, targets, lengths, seed = case
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(frames, len(targets), classes, generator=generator, dtype=torch.float64)
    if normalised:
        scores = scores.log_softmax(-1)
    labels, sizes = padded(targets, fill=blank)
    leaf = scores.clone().requires_grad_()
    loss = ctc_loss(leaf, labels, lengths, sizes, blank, "none")
    (plain,) = torch.autograd.grad(loss.sum(), leaf, retain_graph=True)
    (kept,) = torch.autograd.grad(loss.sum(), leaf, create_graph=True)
    hessian = torch.func.hessian(lambda x: ctc_loss(x, labels, lengths, sizes, blank, "none").sum())(scores)
    for i, (target, size) in enumerate(zip(targets, lengths, strict=True)):
        log_partition, occupancy, covariance = enumerated(scores[:size, i], target, blank)
        feasible = bool(log_partition > -torch.inf)
        torch.testing.assert_close(loss[i], -log_partition)
        expected = torch.zeros(frames, classes, dtype=torch.float64)
        expected[:size] = -occupancy if feasible else 0.0
        torch.testing.assert_close(plain[:, i], expected)
        torch.testing.assert_close(kept[:, i], expected)
        block = hessian[:size, i, :, :size, i].reshape(size * classes, size * classes)
        torch.testing.assert_close(block, -covariance if feasible else torch.zeros_like(block))
        assert not hessian[size:, i].any()
        assert not hessian[:, i, :, size:].any()


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize(("face", "logits"), FACES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_torch_behind_a_log_softmax(face, logits, dtype, reduction):
    scores, targets, lengths = random_batch(3, 25, 5, 6, 6, blank=5)
    labels, sizes = padded(targets)
    scores = scores.to(dtype).requires_grad_()
    ours = face(scores if logits else scores.log_softmax(-1), labels, lengths, sizes, 5, reduction)
    theirs = torch_ctc_loss(scores.log_softmax(-1), labels, torch.tensor(lengths), sizes, 5, reduction)
    assert ours.shape == theirs.shape
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, theirs)
    weights = torch.linspace(1, 2, ours.numel(), dtype=dtype).view_as(ours)
    (expected,) = torch.autograd.grad((weights * theirs).sum(), scores)
    total = (weights * ours).sum()
    for record in (False, True):
        (gradient,) = torch.autograd.grad(total, scores, retain_graph=True, create_graph=record)
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("face", "logits"), FACES)
def test_conventions_of_lengths_and_targets_are_equivalent(face, logits):
    scores, targets, lengths = random_batch(0, 12, 4, 5, 3)
    scores = scores.log_softmax(-1)
    labels, sizes = padded(targets, fill=-1)
    expected = face(scores, labels, torch.tensor(lengths), sizes)
    concatenated = torch.tensor([label for target in targets for label in target], dtype=torch.int32)
    torch.testing.assert_close(face(scores, concatenated, tuple(lengths), sizes.tolist()), expected)
    assert torch.equal(face(scores, labels, torch.tensor(lengths).int(), sizes.int()), expected)
    noncontiguous = scores.transpose(0, 1).contiguous().transpose(0, 1)
    torch.testing.assert_close(face(noncontiguous, labels, lengths, sizes), expected)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize(("face", "logits"), FACES)
def test_one_utterance_without_a_batch_axis(face, logits, reduction):
    scores = torch.randn(7, 4, dtype=torch.float64).log_softmax(-1).requires_grad_()
    target = torch.tensor([1, 1, 3])
    expected = torch_ctc_loss(scores, target, torch.tensor(7), torch.tensor(3), reduction=reduction)
    for frames, size in ((7, 3), ((7,), (3,)), (torch.tensor(7), torch.tensor([3]))):
        loss = face(scores, target, frames, size, reduction=reduction)
        assert loss.shape == ()
        torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(face(scores, target, 7, 3), scores)
    assert gradient.shape == (7, 4)


def test_gradient_of_log_probs_is_exact_where_torch_is_not():
    scores, targets, lengths = random_batch(1, 8, 2, 4, 3)
    labels, sizes = padded(targets)
    leaf = scores.log_softmax(-1).requires_grad_()
    expected = torch.autograd.grad(losses(leaf, targets, lengths).sum(), leaf)[0]
    ours = torch.autograd.grad(ctc_loss(leaf, labels, lengths, sizes, reduction="sum"), leaf)[0]
    torchs = torch_ctc_loss(leaf, labels, torch.tensor(lengths), sizes, reduction="sum")
    torch.testing.assert_close(ours, expected)
    assert (torch.autograd.grad(torchs, leaf)[0] - expected).abs().max() > 0.1


@pytest.mark.parametrize(("face", "logits"), FACES)
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_infeasible_targets_cost_infinity_and_move_nothing(face, logits, zero_infinity):
    scores = torch.randn(3, 3, 4, dtype=torch.float64).log_softmax(-1).requires_grad_()
    labels = torch.tensor([[1, 1, 2], [1, 2, 3], [1, 1, 0]])
    sizes = (3, 3, 2)  # the first needs 4 frames, the last 3 of its 2
    loss = face(scores, labels, (3, 3, 2), sizes, reduction="none", zero_infinity=zero_infinity)
    expected = 0.0 if zero_infinity else math.inf
    assert loss[0].item() == loss[2].item() == expected
    assert loss[1].item() == pytest.approx(-scores.detach()[[0, 1, 2], 1, [1, 2, 3]].sum().item())
    for record in (False, True):
        (gradient,) = torch.autograd.grad(loss.sum(), scores, retain_graph=True, create_graph=record)
        assert not gradient[:, [0, 2]].any()
        assert gradient[:, 1].any()
    (product,) = torch.autograd.grad(gradient, scores, torch.randn_like(scores))
    assert not product[:, [0, 2]].any()
    assert product.isfinite().all()


@pytest.mark.parametrize(("face", "logits"), FACES)
def test_padding_gets_exactly_zero_whatever_it_holds(face, logits):
    scores, targets, _ = random_batch(2, 20, 2, 5, 3)
    scores[12:, 0] = 1e4
    labels, sizes = padded(targets)
    scores = scores.log_softmax(-1).requires_grad_()
    total = face(scores, labels, (12, 20), sizes)
    for record in (False, True):
        (gradient,) = torch.autograd.grad(total, scores, retain_graph=True, create_graph=record)
        assert not gradient[12:, 0].any()
        assert gradient[:12, 0].any()
    (product,) = torch.autograd.grad(gradient, scores, torch.ones_like(scores) * 1e6)
    assert not product[12:, 0].any()


@pytest.mark.parametrize(("frames", "target", "expected"), [(1, [], 0.5), (1, [1], 0.5), (2, [1, 1], 0.0)])
def test_shortest_utterances(frames, target, expected):
    uniform = torch.full((frames, 1, 2), 0.5, dtype=torch.float64).log()
    labels = torch.tensor([target], dtype=torch.int64).view(1, -1)
    loss = ctc_loss(uniform, labels, (frames,), (len(target),), reduction="sum")
    assert math.exp(-loss.item()) == pytest.approx(expected)


def test_no_frames_read_as_the_empty_target_only():
    scores = torch.randn(4, 3, 3, dtype=torch.float64).log_softmax(-1).requires_grad_()
    labels, sizes = torch.tensor([[1, 2]] * 3), torch.tensor([0, 2, 1])
    loss = ctc_loss(scores, labels, (0, 0, 4), sizes, reduction="none")
    assert loss[:2].tolist() == [0.0, math.inf]
    gradient = torch.autograd.grad(loss.sum(), scores, create_graph=True)[0]
    assert not gradient[:, :2].any()


@pytest.mark.parametrize(("face", "logits"), FACES)
def test_a_class_of_probability_zero(face, logits):
    scores = torch.randn(6, 2, 4, dtype=torch.float64)
    scores[:, 0, 3] = scores[:, 1, 2] = -torch.inf
    scores = scores.log_softmax(-1).requires_grad_()
    labels, sizes = torch.tensor([[1, 2], [1, 2]]), (2, 2)
    loss = face(scores, labels, (6, 6), sizes, reduction="none")
    assert loss[1] == torch.inf  # its target needs the class that cannot be
    finite = scores.detach()[:, :1, :3].requires_grad_()
    expected = losses(finite, [[1, 2]], [6], logits=logits)[0]
    torch.testing.assert_close(loss[0], expected)
    for record in (False, True):
        (gradient,) = torch.autograd.grad(loss.sum(), scores, retain_graph=True, create_graph=record)
        torch.testing.assert_close(
            gradient[:, 0, :3], torch.autograd.grad(expected, finite, retain_graph=True)[0][:, 0]
        )
        assert not gradient[:, 1].any()
        assert not gradient[:, 0, 3].any()


def test_nan_stays_in_its_utterance():
    scores, targets, _ = random_batch(4, 10, 2, 4, 2)
    scores[1, 1] = torch.nan
    labels, sizes = padded(targets)
    loss = ctc_loss_from_logits(scores, labels, (10, 10), sizes, reduction="none")
    assert loss[0].isfinite()
    assert loss[1].isnan()


@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
def test_confident_scores_neither_overflow_nor_vanish(scale):
    scores, targets, lengths = random_batch(5, 60, 3, 6, 12)
    scores = (scale * scores).requires_grad_()
    labels, sizes = padded(targets)
    loss = ctc_loss_from_logits(scores, labels, lengths, sizes, reduction="none")
    expected = losses(scores, targets, lengths, logits=True)
    torch.testing.assert_close(loss, expected)
    (ours,) = torch.autograd.grad(loss.sum(), scores, create_graph=True)
    (theirs,) = torch.autograd.grad(expected.sum(), scores, create_graph=True)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    vector = torch.randn_like(scores)
    products = [torch.autograd.grad(g, scores, vector, retain_graph=True)[0] for g in (ours, theirs)]
    torch.testing.assert_close(*products, rtol=1e-7, atol=1e-8)


def relative_error(ours: torch.Tensor, exact: torch.Tensor) -> float:
    return float((ours.double() - exact).norm() / exact.norm())


def test_float32_is_as_accurate_as_promised():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(200, 4, 32, generator=generator)
    labels = torch.randint(1, 32, (4, 30), generator=generator)
    vector = torch.randn(logits.shape, generator=generator)

    def derivatives(dtype, loss, record=True):
        leaf = logits.to(dtype).clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf), leaf, create_graph=record)
        product = torch.autograd.grad(gradient, leaf, vector.to(dtype))[0] if record else None
        return gradient.detach(), product

    def ours(x):
        return ctc_loss_from_logits(x, labels, (200,) * 4, (30,) * 4)

    def torchs(x):
        return torch_ctc_loss(x.log_softmax(-1), labels, (200,) * 4, (30,) * 4)

    exact_gradient, exact_product = derivatives(torch.float64, ours)
    torch.testing.assert_close(exact_gradient, derivatives(torch.float64, torchs, record=False)[0])
    gradient, product = derivatives(torch.float32, ours)
    assert relative_error(gradient, exact_gradient) < 1e-6
    assert relative_error(product, exact_product) < 1e-5
    assert torch.equal(
        derivatives(torch.float32, ours, record=False)[0], derivatives(torch.float32, torchs, record=False)[0]
    )


def test_five_thousand_frames():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5000, 1, 8, generator=generator)
    labels = torch.randint(1, 8, (1, 60), generator=generator)
    exact = logits.double().requires_grad_()
    total = torch_ctc_loss(exact.log_softmax(-1), labels, (5000,), (60,))
    (expected,) = torch.autograd.grad(total, exact)
    leaf = logits.requires_grad_()
    loss = ctc_loss_from_logits(leaf, labels, (5000,), (60,))
    torch.testing.assert_close(loss.double(), total, rtol=1e-6, atol=0)
    for record in (False, True):
        (gradient,) = torch.autograd.grad(loss, leaf, retain_graph=True, create_graph=record)
        assert relative_error(gradient.detach(), expected) < 1e-5
    vector = torch.randn(logits.shape, generator=generator)
    (product,) = torch.autograd.grad(gradient, leaf, vector, retain_graph=True)
    double = ctc_loss_from_logits(exact, labels, (5000,), (60,))
    (recorded,) = torch.autograd.grad(double, exact, create_graph=True)
    (expected_product,) = torch.autograd.grad(recorded, exact, vector.double())
    assert relative_error(product, expected_product) < 1e-4
    # a shift of all classes by one number a frame changes nothing: 0, not the sum of 5 000 roundings
    shift = torch.randn(5000, 1, 1, generator=generator).expand_as(leaf)
    (product,) = torch.autograd.grad(gradient, leaf, shift)
    assert product.abs().max() < 1e-5 * gradient.detach().abs().max()


def test_posteriors_are_occupancies_per_state():
    scores, targets, lengths = random_batch(6, 5, 3, 3, 2)
    labels, sizes = padded(targets)
    posteriors = ctc_alignment_posteriors(scores, labels, lengths, sizes)
    assert posteriors.shape == (5, 3, 5)
    for i, (target, size) in enumerate(zip(targets, lengths, strict=True)):
        occupancy = enumerated(scores[:size, i], target, 0)[1]
        states = [0] + [label for one in target for label in (one, 0)]
        folded = torch.zeros(5, 3, dtype=torch.float64)
        folded.index_add_(1, torch.tensor(states), posteriors[:, i, : len(states)])
        torch.testing.assert_close(folded[:size], occupancy)
        assert not posteriors[size:, i].any()
        assert not posteriors[:, i, len(states) :].any()
    alone = ctc_alignment_posteriors(scores[:, 0], labels[0], lengths[0], sizes[0])
    torch.testing.assert_close(alone, posteriors[:, 0])
