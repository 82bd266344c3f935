"""Stored weights: precision, names and shapes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hnrc_lib.recognition.weights import pack_weights, unpack_weights


def state(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "a.weight": torch.randn(5, 3, 2, generator=generator) * torch.logspace(-3, 1, 5)[:, None, None],
        "a.bias": torch.randn(5, generator=generator),
        "count": torch.tensor(3),
    }


def test_float32_comes_back_to_the_bit():
    back = unpack_weights(pack_weights(state(), "float32"), state(1))
    assert all(torch.equal(back[name], value) for name, value in state().items())


def test_float16_comes_back_within_half_a_unit():
    back = unpack_weights(pack_weights(state(), "float16"), state(1))
    for name, value in state().items():
        assert back[name].dtype == value.dtype
        torch.testing.assert_close(back[name], value, rtol=2**-11, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_int8_errs_by_half_a_step_of_each_channel(seed):
    values = state(seed)
    packed = pack_weights(values, "int8")
    assert packed["a.weight"].dtype == torch.int8
    back = unpack_weights(packed, state(1))
    step = values["a.weight"].flatten(1).abs().amax(1) / 127
    error = (back["a.weight"] - values["a.weight"]).flatten(1).abs().amax(1)
    assert (error <= 0.5001 * step).all()
    assert torch.equal(back["a.bias"], values["a.bias"])
    assert torch.equal(back["count"], values["count"])


def test_rounding_twice_changes_nothing_and_every_kind_of_layer_is_rounded():
    model = nn.ModuleList([nn.Linear(3, 2), nn.Conv2d(1, 2, 3), nn.LSTM(2, 3), nn.LayerNorm(4)])
    values = model.state_dict()
    packed = pack_weights(values, "int8")
    matrices = {name for name, value in values.items() if value.ndim >= 2}
    assert {name for name, value in packed.items() if value.dtype == torch.int8} == matrices
    once = unpack_weights(packed, values)
    again = unpack_weights(pack_weights(once, "int8"), values)
    for name in values:
        torch.testing.assert_close(once[name], again[name])


def test_a_channel_of_zeros_stays_zero():
    zeros = {"w": torch.zeros(2, 3)}
    assert torch.equal(unpack_weights(pack_weights(zeros, "int8"), zeros)["w"], zeros["w"])


def test_every_misfit_is_named():
    packed = pack_weights(state(), "int8")
    del packed["a.weight:scale"]
    packed["b"] = torch.zeros(1)
    expected = state() | {"a.bias": torch.zeros(4), "c": torch.zeros(1)}
    with pytest.raises(ValueError, match="must be those of the architecture") as caught:
        unpack_weights(packed, expected)
    for part in (
        "'c' is absent",
        "'b' is too much",
        r"'a.bias' must have shape (4,), got (5,)",
        "'a.weight:scale'",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (1.0, "int4", "dtype must be one of"),
        (torch.nan, "int8", "'w' must be finite"),
        (1e6, "float16", "'w'"),
    ],
)
def test_what_cannot_be_stored_is_named(value, dtype, message):
    with pytest.raises(ValueError, match=message):
        pack_weights({"w": torch.full((2, 2), value)}, dtype)
