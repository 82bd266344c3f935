import pytest
import torch
from torch import nn

from hnrc_lib.curvature.gauss_newton_graph import GaussNewtonGraph
from hnrc_lib.curvature.graph import GradientGraph
from hnrc_lib.curvature.replay import replayed
from hnrc_lib.curvature.replay.program import Slot

ATEN = torch.ops.aten

NETS = {
    "two layers": lambda: [nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 3)],
    "no bias": lambda: [nn.Conv2d(1, 3, 3, bias=False), nn.Tanh(), nn.Flatten(), nn.Linear(192, 3)],
    "stride, padding, dilation": lambda: [
        nn.Conv2d(1, 2, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(80, 3),
    ],
    "ReLU and pooling": lambda: [
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 3),
    ],
}


def problem(layers, shape):
    torch.manual_seed(1)
    model = nn.Sequential(*layers).double()
    params = {name: value.detach() for name, value in model.named_parameters()}
    inputs, targets = torch.randn(4, *shape, dtype=torch.float64), torch.tensor([0, 1, 2, 0])

    def outputs(p):
        return torch.func.functional_call(model, p, (inputs,))

    return outputs, lambda z: nn.functional.cross_entropy(z, targets), params


def graphs(outputs, loss, params):
    yield GradientGraph(lambda p: loss(outputs(p)), params)
    yield GaussNewtonGraph(outputs, loss, params)


def check(graph):
    """Replay against the backward pass that was recorded; the program."""
    names, like = list(graph.blocks), list(graph.params.values())
    recorded = replayed(lambda *v: graph.multiply(names, names, v), like)
    for seed in range(2):
        generator = torch.Generator().manual_seed(seed)
        vectors = [torch.randn(x.shape, generator=generator, dtype=x.dtype) for x in like]
        for found, expected in zip(recorded(vectors), graph.multiply(names, names, vectors), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    rows = [torch.stack([v, 2 * v, -v]) for v in vectors]
    for _ in range(2):
        for part, expected in zip(recorded.rows(rows), graph.multiply(names, names, vectors), strict=True):
            torch.testing.assert_close(part[1], 2 * expected, rtol=1e-10, atol=1e-12)
    return recorded.program


def adds_bias(program):
    expanded = {c.results[0] for c in program.calls if c.function is ATEN.expand.default}
    return any(c.function is ATEN.add.Tensor and expanded & set(c.slots()) for c in program.calls)


@pytest.mark.parametrize("name", NETS)
def test_products_through_convolutions_are_those_of_the_backward_pass(name):
    for graph in graphs(*problem(NETS[name](), (1, 10, 10))):
        assert not adds_bias(check(graph))


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(5, 3, 3), nn.Conv2d(2, 4, 3, groups=2)], ids=["large patches", "groups"]
)
def test_nobody_takes_a_gradient_by_the_inputs(layer):
    layers = [layer, nn.Tanh(), nn.Flatten(), nn.Linear(layer.out_channels * 16, 3)]
    for graph in graphs(*problem(layers, (layer.in_channels, 6, 6))):
        calls = check(graph).calls
        masks = [c.arguments[10] for c in calls if c.function is ATEN.convolution_backward.default]
        assert masks == [[False, True, True]]


def test_two_biases_on_one_path_go_each_to_its_convolution():
    layers = [nn.Conv2d(5, 4, 3), nn.Tanh(), nn.Conv2d(4, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 3)]
    for graph in graphs(*problem(layers, (5, 10, 10))):
        program = check(graph)
        assert not adds_bias(program)
        with_bias = [
            c
            for c in program.calls
            if c.function is ATEN.convolution.default and isinstance(c.arguments[2], Slot)
        ]
        assert len(with_bias) == 2
