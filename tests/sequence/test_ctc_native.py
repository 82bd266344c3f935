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


def test_serves_long_utterances_in_float64_only():
    long = torch.zeros(FLOAT32_FRAMES + 1, 1, 2)
    assert not serves(long)
    assert serves(long[1:])
    assert serves(long.double())
