"""The speech classifiers on which claims are measured."""

import pytest
import torch

from hnrc_lib.claims.subjects import (
    ReferenceClass,
    SpeechProblem,
    perceptron,
    seeded,
    settled,
    speech_features,
)
from hnrc_lib.datasets import load_digits, spectrograms


def test_features_are_standardised_speech():
    features, labels = speech_features(num_utterances=960)
    assert features.shape == (960, 24)
    assert features.dtype == torch.float64
    assert torch.allclose(features.mean(dim=0), torch.zeros(24, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(features.std(dim=0), torch.ones(24, dtype=torch.float64))
    assert labels.bincount().tolist() == [96] * 10


def test_every_part_is_the_standardised_mean_of_its_frames():
    frames, said = spectrograms(load_digits("train"), num_frames=32, n_mels=6, mean_normalize=False)
    frames = frames.double()
    pooled = torch.cat([frames[:, 8 * part : 8 * part + 8].sum(dim=1) / 8 for part in range(4)], dim=1)
    features, labels = speech_features(num_utterances=960)
    assert torch.allclose(features, (pooled - pooled.mean(dim=0)) / pooled.std(dim=0), atol=1e-9)
    assert torch.equal(labels, said)


def test_held_out_voices_are_scaled_by_the_training_voices():
    test, _ = speech_features(split="test", num_utterances=320)
    assert float(test.mean(dim=0).abs().max()) > 0.01


def test_fewer_utterances_are_spread_over_all_digits():
    _, labels = speech_features(num_utterances=100)
    assert labels.bincount(minlength=10).min() >= 5


def test_too_many_utterances_are_refused():
    with pytest.raises(ValueError, match="num_utterances must lie in 1 to 960, got 961"):
        speech_features(num_utterances=961)


def test_loss_is_the_mean_negative_log_probability():
    features, labels = speech_features(num_utterances=50)
    problem = SpeechProblem(perceptron(24, 3), features, labels)
    scores = problem.model(features)
    by_hand = -torch.stack([row.softmax(0)[label].log() for row, label in zip(scores, labels, strict=True)])
    assert torch.allclose(problem.loss(problem.params()), by_hand.mean())
    assert problem.error_rate(problem.params()) == float((scores.argmax(1) != labels).double().mean())


def test_training_lowers_loss_and_error_and_leaves_the_start_alone():
    problem = SpeechProblem(perceptron(24, 6), *speech_features())
    before = problem.params()
    after = settled(problem, 30)
    assert float(problem.loss(after)) < 0.3 * float(problem.loss(before))
    assert problem.error_rate(after) < problem.error_rate(before)
    assert all(torch.equal(value, before[name]) for name, value in problem.params().items())


def test_the_same_seed_gives_the_same_parameters():
    one, same, other = (
        torch.cat([p.flatten() for p in perceptron(5, 3, seed=s).parameters()]) for s in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_reference_class_leaves_no_null_direction():
    features, labels = speech_features(num_utterances=100)
    free = SpeechProblem(seeded(torch.nn.Linear(24, 10), 0), features, labels).operator().to_dense()
    fixed = SpeechProblem(seeded(ReferenceClass(24), 0), features, labels).operator().to_dense()
    assert int((torch.linalg.eigvalsh(free) < 1e-12).sum()) == 25
    assert float(torch.linalg.eigvalsh(fixed)[0]) > 1e-8
