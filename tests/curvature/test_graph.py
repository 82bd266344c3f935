import pytest
import torch
from smooth_network import smooth_problem

from hnrc_lib.curvature.graph import GradientGraph

PARAMS = {"w": torch.tensor([1.0, 2.0]), "b": torch.tensor(3.0)}


@pytest.fixture
def problem():
    return smooth_problem()


def test_value_and_gradient_are_those_of_the_loss(problem):
    graph = GradientGraph(*problem)
    assert torch.equal(graph.value, problem.loss(problem.params))
    expected, _ = torch.func.grad_and_value(problem.loss)(problem.params)
    for name, part in graph.gradient.items():
        torch.testing.assert_close(part, expected[name], rtol=1e-12, atol=1e-14)
        assert not part.requires_grad


def test_an_update_in_place_moves_neither_graph_nor_parameters():
    params = {"x": torch.tensor([2.0])}
    graph = GradientGraph(lambda p: (p["x"] ** 3).sum(), params)
    params["x"].fill_(100.0)
    assert graph.product(torch.ones(1)).item() == 12.0
    assert graph.params["x"].item() == 2.0


def test_the_loss_runs_once_whatever_the_number_of_products():
    calls = []

    def loss(p):
        calls.append(1)
        return (p["w"] ** 2).sum() * p["b"]

    graph = GradientGraph(loss, PARAMS)
    for _ in range(3):
        graph.product(torch.ones(3))
    graph.row_products(["w", "b"], ["w", "b"], torch.eye(3), chunk_size=2)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (lambda p: p["w"] * p["b"], ValueError, r"loss must return a scalar, got shape \(2,\)"),
        (lambda p: 1.0, TypeError, "loss must return a tensor, got float"),
        (lambda p: p["w"].sum().to(torch.complex64), TypeError, "real floating point, got torch.complex64"),
        (lambda p: (p["w"].sum() * p["b"]).log() * float("nan"), ValueError, "loss must be finite, got nan"),
        (lambda p: p["w"].sum() * p["b"] / 0.0, ValueError, "loss must be finite, got inf"),
        (lambda p: p["w"].pow(2).sum(), ValueError, r"does not use \['b'\]"),
        (lambda p: torch.tensor(1.0), ValueError, r"uses none of \['w', 'b'\]"),
    ],
)
def test_a_loss_without_a_hessian_is_refused(loss, error, message):
    with pytest.raises(error, match=message):
        GradientGraph(loss, PARAMS)


def test_on_a_loss_that_is_there_the_products_are_the_same_and_unused_ones_are_zero():
    problem = smooth_problem()
    leaves = {name: value.clone().requires_grad_() for name, value in problem.params.items()}
    idle = torch.ones(2, dtype=torch.float64, requires_grad=True)
    graph = GradientGraph.on(problem.loss(leaves), leaves | {"idle": idle})
    fresh = GradientGraph(problem.loss, problem.params)
    vector = torch.linspace(-1, 1, graph.size, dtype=torch.float64)
    product = graph.product(vector)
    torch.testing.assert_close(product[:-2], fresh.product(vector[:-2]))
    assert product[-2:].tolist() == graph.gradient["idle"].tolist() == [0.0, 0.0]
    for name, part in fresh.gradient.items():
        torch.testing.assert_close(graph.gradient[name], part)


def test_on_leaves_that_changed_there_are_no_more_products():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    graph = GradientGraph.on((x**3).sum(), {"x": x})
    with torch.no_grad():
        x.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        graph.product(torch.ones(2))
