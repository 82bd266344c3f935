import pytest
import torch
from closures import case, dense, flat, gradient

from hnrc_lib.optim.problem import evaluate, loss_now

F64 = torch.float64


@pytest.mark.parametrize("matrix", [None, "hessian", "ggn", "fisher"])
def test_loss_gradient_and_products_of_one_call(matrix):
    found, calls = case("mlp"), []
    closure = found.closure(matrix or "hessian")
    problem = evaluate(lambda: (calls.append(1), closure())[1], found.parameters, matrix)
    assert calls == [1]
    torch.testing.assert_close(problem.loss, found.loss(found.outputs()).detach())
    torch.testing.assert_close(problem.gradient, gradient(found))
    assert not problem.gradient.requires_grad
    if matrix is None:
        assert problem.graph is None
        return
    vector = torch.linspace(-1, 1, len(problem.gradient), dtype=F64)
    torch.testing.assert_close(problem.graph.product(vector), dense(found, matrix) @ vector)


@pytest.mark.parametrize(
    ("returned", "matrix", "error", "message"),
    [
        (lambda x: x.sum().item(), "hessian", TypeError, "must return the loss as a tensor .* got float"),
        (lambda x: x.sum().detach(), "hessian", TypeError, r"got shape \(\), requires_grad=False: .* detach"),
        (lambda x: x, "hessian", TypeError, r"must return a scalar loss on its graph, got shape \(3,\)"),
        (lambda x: x.sum().half(), "hessian", TypeError, "float32 or float64 loss, got torch.float16"),
        (lambda x: (x.sum(), x, x, x), "ggn", TypeError, "at most, got 4 values"),
        (lambda x: (), "ggn", TypeError, "at most, got 0 values"),
        (
            lambda x: x.sum(),
            "ggn",
            TypeError,
            r"must return \(loss, outputs\) for matrix 'ggn', got the loss",
        ),
        (lambda x: (x.sum(), None), "fisher", TypeError, r"\(loss, losses of the examples\) for .*'fisher'"),
        (lambda x: (x.sum(), x[None] * 1), "fisher", TypeError, r"losses of shape \(N,\) .* got \(1, 3\)"),
        (lambda x: (x.sum(), x * 2), "ggn", ValueError, "loss must be computed from the outputs that came"),
    ],
)
def test_what_a_closure_must_not_return(returned, matrix, error, message):
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(error, match=message):
        evaluate(lambda: returned(x), [x], matrix)


@pytest.mark.parametrize("matrix", [None, "hessian"])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_loss_that_is_not_finite_is_said_and_raises_nothing(matrix, value):
    x = torch.ones(3, requires_grad=True)
    problem = evaluate(lambda: x.sum() * value, [x], matrix)
    assert not problem.finite
    assert problem.graph is None


def test_the_loss_alone_moves_no_statistics_and_takes_no_derivative():
    model = torch.nn.BatchNorm1d(2)
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    value = loss_now(lambda: (model(x).square().sum(), None))
    assert float(value) == pytest.approx(4.0, rel=1e-4)
    assert not value.requires_grad
    assert model.running_mean.tolist() == [0.0, 0.0]


def test_an_unused_parameter_has_gradient_and_curvature_zero():
    for matrix in ("hessian", "ggn", "fisher"):
        found, idle = case("mlp"), torch.ones(2, dtype=F64, requires_grad=True)
        problem = evaluate(found.closure(matrix), [idle, *found.parameters], matrix)
        assert problem.gradient[:2].tolist() == [0.0, 0.0]
        vector = torch.ones(2 + len(flat(found.parameters)), dtype=F64)
        wanted = dense(found, matrix) @ vector[2:]
        torch.testing.assert_close(problem.graph.product(vector)[2:], wanted)
        assert problem.graph.row_products(["0"], ["0"], torch.ones(1, 2, dtype=F64), 4).tolist() == [[0, 0]]
