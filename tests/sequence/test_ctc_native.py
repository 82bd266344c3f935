import pytest
import torch
from ctc_oracle import enumerated, padded, random_batch

from hnrc_lib.sequence.ctc_native import FLOAT32_FRAMES, native_gradient, native_loss, serves


def test_gradient_is_that_of_logits_behind_a_softmax():
    scores, targets, lengths = random_batch(9, 5, 3, 3, 2)
    log_probs = scores.log_softmax(-1)
    labels, sizes = padded(targets)
    arguments = log_probs, labels, torch.tensor(lengths), sizes
    loss, log_alpha = native_loss(*arguments, 0)
    weight = torch.tensor([1.0, 3.0, -2.0], dtype=torch.float64)
    gradient = native_gradient(weight, *arguments, loss, log_alpha, 0)
    for i, (target, size) in enumerate(zip(targets, lengths, strict=True)):
        log_partition, occupancy, _ = enumerated(log_probs[:size, i], target, 0)
        torch.testing.assert_close(loss[i], -log_partition)
        torch.testing.assert_close(gradient[:size, i], weight[i] * (log_probs[:size, i].exp() - occupancy))
        assert not gradient[size:, i].any()


@pytest.mark.parametrize(
    ("change", "answer"), [(0.0, True), (1e-6, True), (0.5, False), (-torch.inf, False), (torch.nan, False)]
)
def test_serves_only_finite_log_probabilities(change, answer):
    log_probs = torch.zeros(3, 1, 2)
    log_probs[1, 0, 1] = change
    assert serves(log_probs) is answer


@pytest.mark.parametrize(
    ("frames", "working"), [(FLOAT32_FRAMES, torch.float32), (FLOAT32_FRAMES + 1, torch.float64)]
)
def test_long_utterances_are_worked_in_float64(frames, working):
    log_probs = torch.randn(frames, 1, 4, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    arguments = torch.tensor([[1, 2]]), torch.tensor([frames]), torch.tensor([2])
    loss, log_alpha = native_loss(log_probs, *arguments, 0)
    assert loss.dtype == log_alpha.dtype == working
    gradient = native_gradient(torch.ones(1), log_probs, *arguments, loss, log_alpha, 0)
    assert gradient.dtype == torch.float32
