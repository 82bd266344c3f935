import pytest
import torch

from hnrc_lib.curvature import dense_hessian
from hnrc_lib.optim.regularization import l1, l1_subgradient
from tests.optim.optimisers import Problem


def test_the_subgradient_is_autograds():
    values = torch.tensor([[2.0, -0.5, 0.0, -3.0]], dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(l1({"w": values}, 0.7), values)
    assert torch.equal(l1_subgradient(values, 0.7), expected)
    assert expected[0, 2] == 0


def test_the_hessian_does_not_see_it():
    params = {"weight": torch.tensor([[1.0, -2.0]], dtype=torch.float64)}

    def loss(at):
        return (at["weight"] ** 4).sum()

    plain, penalised = dense_hessian(loss, params), dense_hessian(lambda at: loss(at) + l1(at, 0.5), params)
    assert torch.equal(plain, penalised)


def test_the_penalty_leaves_out_what_is_excluded():
    params = {name: value.detach() for name, value in Problem().named}
    assert float(l1(params, 0.5)) == pytest.approx(0.5 * float(params["weight"].abs().sum()))
    both = sum(float(value.abs().sum()) for value in params.values())
    assert float(l1(params, 0.5, exclude=None)) == pytest.approx(0.5 * both)
    assert float(l1(params, 0.5, exclude=lambda *_: True)) == 0
    with pytest.raises(ValueError, match="strength must be finite and at least 0, got -1"):
        l1(params, -1.0)
