import pytest
import torch

from hnrc_lib.optim.regularization import L2, DecoupledDecay, decoupled_decay, regularize
from tests.optim.optimisers import FIRST_ORDER, Problem, same, third_party

PLAIN = {"SGD": lambda p: torch.optim.SGD(p, lr=0.1), "Adam": lambda p: torch.optim.Adam(p, lr=0.1)}


def run(problem, optimizer, steps=5):
    for _ in range(steps):
        problem.backward()
        optimizer.step()
    return problem.values()


@pytest.mark.parametrize(("name", "equal"), [("SGD", True), ("Adam", False)])
def test_l2_is_decay_under_gradient_descent_and_not_under_adam(name, equal):
    ends = []
    for rule in (L2(0.5), DecoupledDecay(0.5)):
        problem = Problem()
        optimizer = PLAIN[name](problem.parameters)
        regularize(optimizer, rule)
        ends.append(run(problem, optimizer))
    if equal:
        same(*ends, rtol=1e-12, atol=1e-14)
    else:
        assert float((ends[0][0] - ends[1][0]).norm()) > 0.01


@pytest.mark.parametrize("name", ["Adam", "fused"])
def test_adam_with_it_is_torchs_adamw(name):
    attached, torchs = Problem(), Problem()
    optimizer = FIRST_ORDER[name](attached.parameters)
    regularize(optimizer, DecoupledDecay(0.3), exclude=None)
    reference = torch.optim.AdamW(torchs.parameters, lr=0.1, weight_decay=0.3)
    schedules = [torch.optim.lr_scheduler.ExponentialLR(one, 0.7) for one in (optimizer, reference)]
    for _ in range(5):
        for problem, one in ((attached, optimizer), (torchs, reference)):
            run(problem, one, steps=1)
        for schedule in schedules:
            schedule.step()
    same(attached.values(), torchs.values(), rtol=1e-12, atol=1e-14)


def test_a_third_partys_own_decay():
    attached, own = Problem(), Problem()
    optimizer = third_party(attached.parameters, weight_decay=0.0)
    regularize(optimizer, DecoupledDecay(0.3), exclude=None)
    reference = third_party(own.parameters, weight_decay=0.3, weight_decouple=True)
    same(run(attached, optimizer), run(own, reference), rtol=1e-12, atol=1e-14)


def test_it_decays_what_was_there_before_the_step():
    after, before = torch.tensor([5.0]), torch.tensor([2.0])
    assert decoupled_decay(after, before, 0.5, 0.2).item() == pytest.approx(4.8)


def test_groups_have_rates_of_their_own():
    problem, plain = Problem(), Problem()
    optimizers = [
        torch.optim.SGD(
            [{"params": [p.weight], "lr": 0.1}, {"params": [p.bias], "lr": torch.tensor(0.02)}], lr=1.0
        )
        for p in (problem, plain)
    ]
    before = problem.values()
    regularize(optimizers[0], DecoupledDecay(0.5), exclude=None)
    moved, reference = run(problem, optimizers[0], 1), run(plain, optimizers[1], 1)
    expected = [new - rate * 0.5 * old for new, old, rate in zip(reference, before, (0.1, 0.02), strict=True)]
    same(moved, expected, rtol=1e-7, atol=1e-9)
