"""The plain loop that training is held to computes what the engine computes."""

import numpy as np
import pytest
import torch

from benchmarks.plain_training import features
from benchmarks.tables import training
from hnrc_lib.datasets import load_digits
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.training.recipes import make_recipe


@pytest.mark.parametrize("name", ["digits-cnn", "digits-lstm", "connected-digits-ctc"])
def test_features_are_those_of_the_engine_but_for_the_edges_of_words(name):
    front_end = make_recipe(name, "quick").front_end
    for utterance in load_digits("train", language="en")[::97]:
        found = features(utterance.samples.numpy(), front_end)
        ours, _ = front_end(utterance.samples[None], torch.tensor([len(utterance.samples)]))
        expected = ours[0].T.double().numpy()
        assert found.shape[0] == expected.shape[0] == front_end.num_features
        assert abs(found.shape[1] - expected.shape[1]) <= 4  # of silence
        if found.shape == expected.shape:
            bands = front_end.n_mels
            alike = np.corrcoef(found[:bands].ravel(), expected[:bands].ravel())[0, 1]
            assert alike > 0.9


def test_a_pass_uses_the_utterances_asked_for_and_learns():
    parts = training.picked(load_parts("digits"), 32)
    assert len(parts.train) == 32
    assert len(parts.train.speakers) > 8
    recipe = make_recipe("digits-cnn", "quick")
    for make in (training.plain, training.engine):
        run = make(recipe, parts)
        losses = [run() for _ in range(8)]
        assert losses[-1] < losses[0]
