import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import functional_call, jacrev

from hnrc_lib.models import MLP, pool_spectrogram


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_logits_are_those_of_the_definition():
    model = MLP(6, 3, (5, 4), generator=seeded()).double()
    features = torch.randn(7, 6, generator=seeded(1), dtype=torch.float64)
    (w1, b1), (w2, b2), (w3, b3) = ([p.detach().numpy() for p in layer.parameters()] for layer in model.dense)
    hidden = np.tanh(np.tanh(features.numpy() @ w1.T + b1) @ w2.T + b2)
    np.testing.assert_allclose(model(features).detach().numpy(), hidden @ w3.T + b3, rtol=1e-12)


def test_without_hidden_layers_it_is_linear():
    model = MLP(6, 3, (), generator=seeded())
    assert sum(p.numel() for p in model.parameters()) == 6 * 3 + 3
    x, y = torch.randn(2, 4, 6, generator=seeded(1))
    torch.testing.assert_close(model(x + y), model(x) + model(y) - model(torch.zeros(4, 6)))


@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus"])
def test_smooth_activations_give_a_symmetric_hessian_that_is_not_zero(activation):
    model = MLP(3, 2, (2,), activation, seeded()).double()
    features = torch.randn(5, 3, generator=seeded(1), dtype=torch.float64)
    labels = torch.tensor([0, 1, 0, 1, 1])
    params = {name: p.detach() for name, p in model.named_parameters()}

    def loss(theta):
        return torch.nn.functional.cross_entropy(functional_call(model, theta, (features,)), labels)

    H = jacrev(jacrev(loss))(params)["dense.0.weight"]["dense.0.weight"].reshape(6, 6)
    torch.testing.assert_close(H, H.T)
    assert H.abs().max() > 1e-3


def test_the_generator_alone_decides_the_weights():
    first, again, other = (MLP(4, generator=seeded(seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["dense.0.weight"], other["dense.0.weight"])


@settings(deadline=None, max_examples=25)
@given(
    frames=st.integers(1, 4),
    frame_size=st.integers(1, 5),
    bands=st.integers(1, 4),
    band_size=st.integers(1, 5),
)
def test_pooling_averages_blocks(frames, frame_size, bands, band_size):
    features = torch.randn(2, frames * frame_size, bands * band_size, generator=seeded(), dtype=torch.float64)
    blocks = features.numpy().reshape(2, frames, frame_size, bands, band_size).mean(axis=(2, 4))
    pooled = pool_spectrogram(features, frames, bands)
    np.testing.assert_allclose(pooled, blocks.reshape(2, -1), rtol=1e-10, atol=1e-12)


def test_sizes_that_cannot_be_are_refused_by_name():
    features = torch.zeros(1, 4, 6)
    with pytest.raises(ValueError, match="num_frames must be at most 4, the size of features, got 5"):
        pool_spectrogram(features, 5, 2)
    with pytest.raises(ValueError, match="num_bands must be at most 6, the size of features, got 7"):
        pool_spectrogram(features, 2, 7)
    with pytest.raises(ValueError, match="num_bands must be an integer of at least 1, got 0"):
        pool_spectrogram(features, 2, 0)
    with pytest.raises(ValueError, match="num_features must be an integer of at least 1, got 0"):
        MLP(0)
    with pytest.raises(ValueError, match="hidden must be an integer of at least 1, got -1"):
        MLP(3, hidden=(4, -1))
    with pytest.raises(ValueError, match="activation must be one of"):
        MLP(3, activation="identity")
