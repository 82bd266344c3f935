import jaxtyping
import pytest
import torch
from closures import case, dense, flat, gradient

from hnrc_lib.linalg import DenseOperator
from hnrc_lib.optim import Curvature, DiagonalNewton
from hnrc_lib.optim.diagonal_newton import hutchinson_diagonal

F64 = torch.float64


def test_hutchinson_has_the_diagonal_as_its_mean_and_the_known_variance():
    matrix = torch.tensor([[3.0, 1.0, -2.0], [1.0, -1.0, 0.5], [-2.0, 0.5, 2.0]], dtype=F64)
    generator = torch.Generator().manual_seed(0)
    found = torch.stack([hutchinson_diagonal(DenseOperator(matrix), 1, generator) for _ in range(500)])
    torch.testing.assert_close(found.mean(dim=0), matrix.diag(), rtol=0, atol=0.4)
    off = (matrix**2).sum(dim=1) - matrix.diag() ** 2
    torch.testing.assert_close(found.var(dim=0), off, rtol=0.2, atol=0)
    with pytest.raises(ValueError, match="num_probes must be at least 1, got 0"):
        hutchinson_diagonal(DenseOperator(matrix), 0, generator)


@pytest.mark.parametrize(("name", "matrix"), [("mlp", "hessian"), ("cnn", "ggn"), ("ctc", "fisher")])
def test_it_divides_by_the_estimate_of_the_diagonal(name, matrix):
    found = case(name)
    M, g, before = dense(found, matrix), gradient(found), flat(found.parameters)
    optimizer = DiagonalNewton(found.parameters, 0.5, 1.0, curvature=Curvature(matrix, seed=3), num_probes=5)
    optimizer.step(found.closure(matrix))
    z = (
        2.0 * torch.randint(0, 2, (len(g), 5), generator=torch.Generator().manual_seed(3_000_009)).double()
        - 1
    )
    wanted = -0.5 * g / ((z * (M @ z)).mean(dim=1).abs() + 1.0)
    torch.testing.assert_close(flat(found.parameters) - before, wanted, rtol=1e-7, atol=1e-10)
    assert optimizer.last_step.products == 5


def test_memory_and_momentum_on_a_matrix_that_is_diagonal():
    curvature = torch.tensor([4.0, -1.0, 0.0], dtype=F64)
    x = torch.ones(3, dtype=F64, requires_grad=True)
    optimizer = DiagonalNewton(
        [x], 0.5, 2.0, curvature=Curvature("hessian", refresh=2), momentum=0.5, memory=0.75, weight_decay=0.1
    )
    y, m = torch.ones(3, dtype=F64), torch.zeros(3, dtype=F64)
    for step in range(5):
        optimizer.step(lambda: (curvature * x**2).sum() / 2)
        m = 0.5 * m + curvature * y
        # A mean of what is always the same is the same: the start at zero must not show.
        y = y - 0.5 * 0.1 * y - 0.5 * m / (curvature.abs() + 2.0)
        torch.testing.assert_close(x.detach(), y)
        assert optimizer.last_step.products == (step % 2 == 0)
    assert optimizer.last_step.reason == "negative curvature turned around"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\), got 1.0"),
        ({"memory": -0.1}, r"memory must lie in \[0, 1\), got -0.1"),
        ({"num_probes": 0}, "num_probes must be at least 1, got 0"),
        ({"damping": 0.0}, "damping must be finite and positive, got 0.0"),
    ],
)
def test_arguments_out_of_range_are_refused(monkeypatch, options, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        DiagonalNewton([torch.ones(1, requires_grad=True)], **{"lr": 0.1, "damping": 1.0} | options)
