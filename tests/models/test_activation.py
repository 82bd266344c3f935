import math

import pytest
import torch

from hnrc_lib.models.activation import activation_function, check_size, initialize


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu", lambda x: max(x, 0.0)),
        ("tanh", math.tanh),
        ("gelu", lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2)))),
        ("softplus", lambda x: math.log(1 + math.exp(x))),
    ],
)
def test_activations_are_their_definitions(name, expected):
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)
    wanted = torch.tensor([expected(value) for value in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(activation_function(name)(x), wanted)


@pytest.mark.parametrize(("activation", "gain"), [("relu", math.sqrt(2)), ("tanh", 5 / 3), (None, 1.0)])
def test_initial_weights_have_variance_gain_squared_over_fan_in(activation, gain):
    layer = torch.nn.Conv2d(8, 200, 3)
    initialize(layer, activation, torch.Generator().manual_seed(0))
    assert layer.weight.var().item() == pytest.approx(gain**2 / (8 * 9), rel=0.03)
    assert abs(layer.weight.mean().item()) < 0.01
    assert not layer.bias.any()


def test_a_size_must_be_a_positive_integer():
    for size in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match=f"units must be an integer of at least 1, got {size}"):
            check_size.__wrapped__("units", size)
