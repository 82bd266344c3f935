import pytest
import torch
from torch import nn

from hnrc_lib.curvature.gauss_newton_graph import GaussNewtonGraph
from hnrc_lib.curvature.graph import GradientGraph
from hnrc_lib.curvature.replay import replayed
from hnrc_lib.curvature.replay.program import Slot

ATEN = torch.ops.aten
CONVOLUTIONS = {ATEN.convolution.default, ATEN.convolution_backward.default}

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


def convolves(call, constant):
    place = 0 if call.function is ATEN.convolution.default else 1
    return call.function in CONVOLUTIONS and isinstance(call.arguments[place], Slot) is not constant


def adds_bias(program):
    expanded = {c.results[0] for c in program.calls if c.function is ATEN.expand.default}
    return any(c.function is ATEN.add.Tensor and expanded & set(c.slots()) for c in program.calls)


@pytest.mark.parametrize("name", NETS)
def test_products_through_convolutions_are_those_of_the_backward_pass(name):
    for graph in graphs(*problem(NETS[name](), (1, 10, 10))):
        assert not adds_bias(check(graph))


def test_one_dimensional_convolutions_and_their_patches():
    layers = [nn.Conv1d(2, 3, 5, stride=2, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(12, 3)]
    for graph in graphs(*problem(layers, (2, 10))):
        program = check(graph)
        assert not any(c.function in CONVOLUTIONS for c in program.calls)


def test_a_first_layer_of_one_channel_becomes_matrix_products():
    for graph in graphs(*problem(NETS["no bias"](), (1, 10, 10))):
        assert not any(c.function in CONVOLUTIONS for c in check(graph).calls)


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(5, 3, 3), nn.Conv2d(2, 4, 3, groups=2)], ids=["large patches", "groups"]
)
def test_others_stay_convolutions(layer):
    layers = [layer, nn.Tanh(), nn.Flatten(), nn.Linear(layer.out_channels * 16, 3)]
    for graph in graphs(*problem(layers, (layer.in_channels, 6, 6))):
        calls = check(graph).calls
        assert any(convolves(call, constant=True) for call in calls)
        masks = [c.arguments[10] for c in calls if c.function is ATEN.convolution_backward.default]
        assert masks == [[False, True, True]]  # nobody needs a gradient by the inputs


def test_two_biases_on_one_path_go_each_to_its_convolution():
    layers = [nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 3)]
    for graph in graphs(*problem(layers, (1, 10, 10))):
        program = check(graph)
        assert not adds_bias(program)
        assert any(c.function is ATEN.baddbmm.default for c in program.calls)
        with_bias = [c for c in program.calls if c.function is ATEN.convolution.default and c.arguments[2]]
        assert len(with_bias) == 1
