import pytest
import torch

from hnrc_lib.curvature import dense_hessian
from hnrc_lib.optim.regularization import L2, l2, l2_gradient, regularize
from tests.optim.optimisers import Problem, same


def test_the_penalty_adds_damping_to_the_hessian_and_a_term_to_the_gradient():
    problem, strength = Problem(), 0.3
    params = {name: value.detach() for name, value in problem.named}

    def loss(at):
        return (problem.inputs @ at["weight"].T + at["bias"] - problem.targets).square().mean()

    def penalised(at):
        return loss(at) + l2(at, strength, exclude=None)

    H, damped = dense_hessian(loss, params), dense_hessian(penalised, params)
    torch.testing.assert_close(
        damped, H + strength * torch.eye(len(H), dtype=H.dtype), rtol=1e-12, atol=1e-12
    )
    gradient, regularised = torch.func.grad(loss)(params), torch.func.grad(penalised)(params)
    for name, value in params.items():
        torch.testing.assert_close(regularised[name], gradient[name] + l2_gradient(value, strength))


def test_the_penalty_leaves_out_what_is_excluded():
    params = {name: value.detach() for name, value in Problem().named}
    weight, bias = params["weight"], params["bias"]
    assert float(l2(params, 2.0)) == pytest.approx(float((weight**2).sum()), rel=1e-12)
    by_name = l2(params, 2.0, exclude=lambda name, _: name == "weight")
    assert float(by_name) == pytest.approx(float((bias**2).sum()), rel=1e-12)
    assert float(l2(params, 2.0, exclude=lambda *_: True)) == 0


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
def test_it_is_torchs_weight_decay_of_the_gradient(make):
    attached, torchs = Problem(), Problem()
    optimizer = make(attached.parameters, lr=0.1)
    regularize(optimizer, L2(0.3), exclude=None)
    reference = make(torchs.parameters, lr=0.1, weight_decay=0.3)
    for _ in range(5):
        for problem, one in ((attached, optimizer), (torchs, reference)):
            problem.backward()
            one.step()
    same(attached.values(), torchs.values(), rtol=1e-12, atol=1e-14)


def test_penalty_and_term_are_one():
    attached, penalised = Problem(), Problem()
    optimizer, reference = (torch.optim.Adam(p.parameters, lr=0.1) for p in (attached, penalised))
    regularize(optimizer, L2(0.3))
    for _ in range(3):
        attached.backward()
        optimizer.step()
        reference.zero_grad()
        (penalised.loss() + l2(dict(penalised.named), 0.3)).backward()
        reference.step()
    same(attached.values(), penalised.values(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("strength", [-1.0, float("inf"), float("nan")])
def test_no_strength(strength):
    with pytest.raises(ValueError, match="strength must be finite and at least 0, got"):
        L2(strength)
    with pytest.raises(ValueError, match="strength must be finite and at least 0, got"):
        l2({}, strength)
