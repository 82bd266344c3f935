import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_digits import digits, network, trained
from torch import nn

from hnrc_lib.training.quantize import (
    dequantize_state,
    load_quantized,
    quantize,
    quantize_channels,
    quantize_state,
    save_quantized,
)


@settings(max_examples=30)
@given(shape=st.lists(st.integers(1, 5), min_size=2, max_size=4), scale=st.floats(1e-6, 1e6), data=st.data())
def test_every_weight_is_within_half_a_step(shape, scale, data):
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    weight = scale * torch.randn(shape, generator=generator, dtype=torch.float64)
    weight[0] = 0
    q, scales = quantize_channels(weight)
    assert q.dtype == torch.int8
    assert int(q.abs().max()) <= 127
    for channel, (row, step) in enumerate(zip(weight.numpy(), scales.numpy(), strict=True)):
        expected = np.abs(row).max() / 127 or 1.0
        assert step == pytest.approx(expected, rel=1e-12)
        assert np.abs(row - step * q[channel].numpy()).max() <= step * (0.5 + 1e-9)
        assert np.array_equal(q[channel].numpy(), np.round(row / expected))


def test_rounding_twice_changes_nothing():
    state = nn.LSTM(3, 4).state_dict()
    once = dequantize_state(quantize_state(state))
    again = dequantize_state(quantize_state(once))
    for name in once:
        torch.testing.assert_close(once[name], again[name])


def test_matrices_of_every_kind_of_layer_are_stored_in_eight_bits_and_vectors_are_kept():
    model = nn.ModuleList([nn.Linear(3, 2), nn.Conv2d(1, 2, 3), nn.LSTM(2, 3), nn.LayerNorm(4)])
    state = model.state_dict()
    stored = quantize_state(state)
    for name, value in state.items():
        if value.ndim >= 2:
            assert stored[name].dtype == torch.int8
            assert stored[name + ".scale"].shape == value.shape[:1]
        else:
            assert torch.equal(stored[name], value)
    assert {name.removesuffix(".scale") for name in stored} == set(state)


def test_a_file_gives_the_rounded_weights_back(tmp_path):
    model, other = network(seed=0), network(seed=1)
    path = tmp_path / "model.safetensors"
    save_quantized(path, model)
    load_quantized(path, other)
    for name, value in dequantize_state(quantize_state(model.state_dict())).items():
        assert torch.equal(other.state_dict()[name], value)
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_digits_are_recognised_as_before_at_a_quarter_of_the_bytes():
    model, (features, labels) = trained(), digits("test")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rounded, done = quantize(model, features, labels, repeats=5)
    assert done.before.accuracy >= 0.9
    assert done.points_lost <= 1
    assert done.size_ratio <= 0.3
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert (rounded(features).argmax(1) == labels).double().mean().item() == done.after.accuracy
    assert not torch.equal(rounded.dense[0].weight, model.dense[0].weight)


def test_what_cannot_be_rounded_is_named():
    with pytest.raises(ValueError, match="weight must be finite"):
        quantize_channels(torch.tensor([[1.0, torch.inf]]))
    with pytest.raises(ValueError, match=r"no name that ends in '.scale', got 'a.scale'"):
        quantize_state({"a.scale": torch.ones(2)})
