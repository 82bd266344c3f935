"""Recorded products with curvature matrices of small nets: programs of element-wise calls to fuse."""

import torch
from torch import nn
from torch.nn import functional

from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator
from hnrc_lib.curvature.replay import replayed


class Steps(nn.Module):
    """A cell called frame by frame, which no rule for whole layers takes over."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.readout = cell(3, 4), nn.Linear(4, 2)

    def forward(self, inputs):
        states, state = [], None
        for frame in inputs.unbind(0):
            state = self.cell(frame, state)
            states.append(state[0] if isinstance(state, tuple) else state)
        return self.readout(torch.stack(states))


class Layer(nn.Module):
    """A whole layer, whose products are written by hand."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.readout = layer(3, 4), nn.Linear(4, 2)

    def forward(self, inputs):
        return self.readout(self.layer(inputs)[0])


def perceptron():
    return nn.Sequential(
        nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 4), nn.Sigmoid()
    )


NETS = {
    "Elman": lambda: Steps(nn.RNNCell),
    "LSTM": lambda: Steps(nn.LSTMCell),
    "GRU": lambda: Steps(nn.GRUCell),
    "Elman layer": lambda: Layer(nn.RNN),
    "LSTM layer": lambda: Layer(nn.LSTM),
    "GRU layer": lambda: Layer(nn.GRU),
    "MLP": perceptron,
}


def recorded(name, matrix, dtype=torch.float64, steps=3, device="cpu"):
    """The product of a net's Hessian or Gauss–Newton matrix, of the mean square error at random targets."""
    torch.manual_seed(0)
    net = NETS[name]().to(device, dtype)
    inputs = torch.randn(steps, 2, 3, dtype=dtype).to(device)
    targets = torch.randn_like(net(inputs))
    params = {key: value.detach() for key, value in net.named_parameters()}

    def outputs(given):
        return torch.func.functional_call(net, given, (inputs,))

    def loss(found):
        return functional.mse_loss(found, targets)

    if matrix == "GGN":
        operator = GGNLinearOperator(outputs, loss, params)
    else:
        operator = HessianLinearOperator(lambda given: loss(outputs(given)), params)
    graph, names = operator.only_graph(), list(operator.blocks)
    return replayed(lambda *parts: graph.multiply(names, names, parts), list(params.values())).program
