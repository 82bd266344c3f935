"""Deep classifiers: the scale of their weights, and their gradients against back-propagation by hand."""

import pytest
import torch

from hnrc_lib.claims.deep import Deep, factor_per_layer, layer_gradients
from hnrc_lib.claims.recurrent import speech_frames
from hnrc_lib.claims.subjects import speech_features


@pytest.mark.parametrize(("kind", "sizes"), [("dense", (40, 300, 300)), ("conv", (1, 40, 40))])
def test_weights_have_the_deviation_that_was_asked_for(kind, sizes):
    model = Deep(kind, sizes, activation="relu", gain=2**0.5)
    weight = model.layers[1].get_parameter("weight")
    fan_in = sizes[1] * (9 if kind == "conv" else 1)
    assert weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.03)
    assert model.readout.weight.std().item() == pytest.approx(sizes[-1] ** -0.5, rel=0.1)
    assert not any(layer.get_parameter("bias").any() for layer in model.layers)


def test_layer_gradients_follow_back_propagation_by_hand():
    features, labels = speech_features(num_frames=1, num_utterances=4)
    model = Deep("dense", (6, 5, 5, 5), activation="tanh", gain=1.5)
    kept = [a.detach() for a in model.activations(features)]
    at = model(features).detach().softmax(1) - torch.eye(10, dtype=torch.float64)[labels]
    at = at @ model.readout.weight.detach()
    expected = [at.norm(dim=1).mean()]
    for layer, activation in zip(model.layers[:0:-1], kept[:0:-1], strict=True):
        at = (at * (1 - activation**2)) @ layer.get_parameter("weight").detach()
        expected.insert(0, at.norm(dim=1).mean())
    torch.testing.assert_close(layer_gradients(model, features, labels), torch.stack(expected))


def test_convolutions_keep_the_spectrogram_s_size():
    frames, labels = speech_frames(16, num_utterances=2)
    model = Deep("conv", (1, 3, 3), activation="relu", gain=1.0)
    assert [tuple(a.shape) for a in model.activations(frames)] == [(2, 3, 16, 6)] * 2
    assert model(frames).shape == (2, 10)
    assert layer_gradients(model, frames, labels).shape == (2,)


def test_the_factor_per_layer_is_a_geometric_mean():
    assert factor_per_layer(torch.tensor([1.0, 3.0, 4.0])) == pytest.approx(0.5)
