"""Claim 1.2: batches counted one by one, and gradients of single utterances by themselves."""

from itertools import combinations

import pytest
import torch

from hnrc_lib.claims.s1_choices import noise, utterance_gradients
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.curvature import flatten


def test_the_formula_is_the_mean_over_every_batch_there_is():
    each = torch.randn(6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    trace = float((each - each.mean(0)).square().sum(1).mean())
    sampled = noise(each, range(1, 7), torch.Generator().manual_seed(0))
    for size, found in zip(range(1, 7), sampled, strict=True):
        batches = [each[list(chosen)].mean(0) - each.mean(0) for chosen in combinations(range(6), size)]
        counted = float(torch.stack(batches).square().sum(1).mean())
        assert counted == pytest.approx(trace / size * (6 - size) / 5, abs=1e-12)
        assert found == pytest.approx(counted, rel=0.15, abs=1e-12)


def test_gradients_of_utterances_are_those_of_the_utterances_alone():
    features, labels = speech_features(num_frames=1, num_utterances=20)
    problem = SpeechProblem(perceptron(features.shape[1], 3), features, labels)
    each = utterance_gradients(problem)
    alone = SpeechProblem(problem.model, features[7:8], labels[7:8])
    torch.testing.assert_close(each[7], flatten(torch.func.grad(alone.loss)(problem.params())))
    moved = {name: value + 0.1 for name, value in problem.params().items()}
    there = utterance_gradients(problem, moved).mean(0)
    torch.testing.assert_close(there, flatten(torch.func.grad(problem.loss)(moved)))
    torch.testing.assert_close(each.mean(0), flatten(torch.func.grad(problem.loss)(problem.params())))
