import pytest
import torch
from torch import nn
from torch.func import functional_call

from hnrc_lib.landscape import ModuleLoss
from hnrc_lib.models.recurrent import GRULayer


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(4, 4), nn.Linear(4, 4)
        self.decoder.weight = self.encoder.weight

    def forward(self, inputs):
        return self.decoder(self.encoder(inputs).tanh())


class First(nn.Module):
    """The outputs of a recurrent layer, without its states."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, inputs):
        return self.layer(inputs)[0]


MODELS = {
    "dense": lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2, bias=False)),
    "tied": Tied,
    "LSTM": lambda: First(nn.LSTM(4, 3)),
    "GRULayer": lambda: First(GRULayer(4, 3)),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)),
}


@pytest.mark.parametrize("name", MODELS)
def test_values_are_those_of_a_functional_call(name):
    torch.manual_seed(0)
    model, inputs = MODELS[name]().double(), torch.randn(5, 2, 4, dtype=torch.float64)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loss = ModuleLoss(model, lambda m: m(inputs).square().sum())
    for _ in range(3):
        params = {key: torch.randn_like(value) for key, value in model.named_parameters()}
        expected = functional_call(model, params, (inputs,)).square().sum()
        torch.testing.assert_close(loss(params), expected, rtol=1e-12, atol=0)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_parameters_left_out_keep_the_models_values():
    model = nn.Linear(1, 1)
    loss = ModuleLoss(model, lambda m: m(torch.ones(1, 1)).sum())
    loss({"weight": torch.ones(1, 1), "bias": torch.ones(1)})
    expected = 2.0 + float(model.bias.detach())
    assert loss({"weight": torch.full((1, 1), 2.0)}).item() == pytest.approx(expected)


def test_a_parameter_that_the_model_does_not_have_is_refused():
    loss = ModuleLoss(nn.Linear(1, 1), lambda m: m(torch.ones(1, 1)).sum())
    with pytest.raises(ValueError, match=r"params must name parameters of the model, got \['wieght'\]"):
        loss({"wieght": torch.ones(1, 1)})


def test_running_statistics_of_the_model_do_not_move():
    model = nn.BatchNorm1d(3)
    loss = ModuleLoss(model, lambda m: m(torch.arange(6.0).reshape(2, 3)).sum())
    loss(dict(model.named_parameters()))
    assert model.running_mean is not None
    assert model.running_mean.tolist() == [0.0, 0.0, 0.0]
