import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import functional_call, vmap

from hnrc_lib.models import CNN


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def slow_convolution(images, weight, bias):
    """One multiplication at a time: out[n, o, i, j] = b[o] + Σ w[o, c, k, l] x[n, c, i+k, j+l]."""
    n, _, height, width = images.shape
    out = np.zeros((n, len(weight), height - 2, width - 2))
    for i in range(height - 2):
        for j in range(width - 2):
            patch = images[:, :, i : i + 3, j : j + 3]
            out[:, :, i, j] = np.einsum("nckl,ockl->no", patch, weight) + bias
    return out


def slow_pool(images):
    n, c, height, width = images.shape
    even = images[:, :, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(n, c, height // 2, 2, width // 2, 2).max(axis=(3, 5))


@pytest.mark.parametrize("num_groups", [1, 2])
def test_logits_are_those_of_the_definition(num_groups):
    model = CNN(18 * num_groups, 21, 10, (2, 3, 4), 5, "tanh", num_groups, seeded()).double()
    features = torch.randn(3, 21, 18 * num_groups, generator=seeded(1), dtype=torch.float64)
    # Groups lie side by side along the feature axis and become the image's channels.
    images = np.stack(np.split(features.numpy(), num_groups, axis=2), axis=1)
    for index, layer in enumerate(model.convolutions):
        images = slow_pool(images) if index else images
        weight, bias = (p.detach().numpy() for p in layer.parameters())
        images = np.tanh(slow_convolution(images, weight, bias))
    hidden = images.reshape(3, -1)
    (w1, b1), (w2, b2) = ([p.detach().numpy() for p in layer.parameters()] for layer in model.dense)
    expected = np.tanh(hidden @ w1.T + b1) @ w2.T + b2
    np.testing.assert_allclose(model(features).detach().numpy(), expected, rtol=1e-12)


def test_layers_are_those_of_the_source():
    model = CNN(28, 28)
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters() if name.endswith("weight")}
    assert shapes == {
        "convolutions.0.weight": (32, 1, 3, 3),
        "convolutions.1.weight": (64, 32, 3, 3),
        "convolutions.2.weight": (64, 64, 3, 3),
        "dense.0.weight": (64, 576),
        "dense.1.weight": (10, 64),
    }


@settings(deadline=None, max_examples=25)
@given(
    num_frames=st.integers(18, 45),
    num_features=st.integers(18, 45),
    batch=st.integers(1, 3),
    num_classes=st.integers(1, 12),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_any_size_from_the_smallest_on_gives_logits(num_frames, num_features, batch, num_classes, dtype):
    model = CNN(num_features, num_frames, num_classes, (2, 2, 2), 3, generator=seeded()).to(dtype)
    logits = model(torch.randn(batch, num_frames, num_features, generator=seeded(), dtype=dtype))
    assert logits.shape == (batch, num_classes)
    assert logits.dtype == dtype
    assert logits.isfinite().all()


def test_the_generator_alone_decides_the_weights():
    torch.manual_seed(5)
    first = CNN(20, 20, generator=seeded(3)).state_dict()
    after = torch.rand(3)
    torch.manual_seed(6)
    again = CNN(20, 20, generator=seeded(3)).state_dict()
    other = CNN(20, 20, generator=seeded(4)).state_dict()
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), after)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["dense.0.weight"], other["dense.0.weight"])


def test_signals_keep_their_size_through_the_initial_relu_network():
    model = CNN(64, 64, generator=seeded())
    features = torch.randn(32, 64, 64, generator=seeded(1))
    logits = model(features)
    # Max-pooling raises and correlation lowers the variance; a wrong gain is off by powers of two per layer.
    assert 0.2 < logits.std().item() < 5


def test_parameters_may_be_passed_as_a_dict_and_batched():
    model = CNN(18, 18, channels=(2, 2, 2), hidden=3, generator=seeded())
    features = torch.randn(4, 18, 18, generator=seeded(1))
    params = {name: p.detach() for name, p in model.named_parameters()}
    scales = torch.tensor([1.0, 0.5])
    stacked = vmap(lambda s: functional_call(model, {k: s * p for k, p in params.items()}, (features,)))(
        scales
    )
    torch.testing.assert_close(stacked[0], model(features))
    half = functional_call(model, {k: 0.5 * p for k, p in params.items()}, (features,))
    torch.testing.assert_close(stacked[1], half)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"num_features": 17, "num_frames": 30},
            r"num_features / num_groups must be at least 18 for 3 convolutions, got 17",
        ),
        (
            {"num_features": 36, "num_frames": 17, "num_groups": 2},
            r"num_frames must be at least 18 for 3 convolutions, got 17",
        ),
        (
            {"num_features": 41, "num_frames": 30, "num_groups": 2},
            r"num_features must be a multiple of num_groups \(2\), got 41",
        ),
        ({"num_features": 30, "num_frames": 30, "channels": ()}, r"channels must name at least one"),
        (
            {"num_features": 30, "num_frames": 30, "channels": (4, 0)},
            r"channels must be an integer of at least 1",
        ),
        (
            {"num_features": 30, "num_frames": 30, "hidden": 0},
            r"hidden must be an integer of at least 1, got 0",
        ),
        ({"num_features": 30, "num_frames": 30, "num_classes": 0}, r"num_classes must be an integer"),
        (
            {"num_features": 30, "num_frames": 30, "activation": "sine"},
            r"activation must be one of \['gelu', 'relu', 'softplus', 'tanh'\], got 'sine'",
        ),
    ],
)
def test_sizes_that_cannot_be_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        CNN(**arguments)


def test_the_smallest_sizes_are_the_smallest_that_leave_one_value():
    assert CNN(18, 18).dense[0].in_features == 64
    assert CNN(3, 3, channels=(4,)).dense[0].in_features == 4
    assert CNN(8, 8, channels=(4, 4)).dense[0].in_features == 4


def test_features_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"features must have shape \(N, 20, 18\), got \(2, 18, 20\)"):
        CNN(18, 20)(torch.zeros(2, 18, 20))
