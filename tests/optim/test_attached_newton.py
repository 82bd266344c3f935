"""Clipping and regularisation of the optimisers that make their own gradient and curvature."""

import pytest
import torch

from hnrc_lib.optim.clipping import ClipByGlobalNorm, clip_gradients, clip_steps
from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.damped_newton import DampedNewton
from hnrc_lib.optim.hnrc import HNRC
from hnrc_lib.optim.regularization import L2, DecoupledDecay, L1Proximal, l2, regularize, soft_threshold
from tests.optim.optimisers import Problem, same

CHANGES = {
    DecoupledDecay: lambda new, old: new - 0.1 * 0.3 * old,
    L1Proximal: lambda new, old: soft_threshold(new, 0.1 * 0.3),
}


def newton(problem, **options):
    return DampedNewton(problem.parameters, curvature=Curvature("hessian"), **options)


@pytest.mark.parametrize("make", [DampedNewton, HNRC])
def test_a_clipped_step_is_the_step(make):
    problem = Problem()
    optimizer = make(problem.parameters, lr=1.0, damping=1e-3)
    handle = clip_steps(optimizer, ClipByGlobalNorm(0.01))
    before, loss = problem.values(), problem.loss().item()
    optimizer.step(problem.loss_and_outputs)
    moved = torch.cat([(new - old).reshape(-1) for new, old in zip(problem.values(), before, strict=True)])
    assert float(moved.norm()) == pytest.approx(0.01, rel=1e-9)
    assert optimizer.last_step.step_norm == pytest.approx(0.01, rel=1e-9)
    assert handle.last_report.norm_before > 0.1
    assert problem.loss().item() < loss


def test_a_clipped_gradient_is_what_is_solved_for():
    problem, plain = Problem(), Problem()
    optimizers = newton(problem), newton(plain)
    handle = clip_gradients(optimizers[0], ClipByGlobalNorm(0.1))
    old = problem.values()
    for at, optimizer in zip((problem, plain), optimizers, strict=True):
        optimizer.step(at.loss)
    factor = 0.1 / handle.last_report.norm_before
    expected = [start + factor * (end - start) for start, end in zip(old, plain.values(), strict=True)]
    same(problem.values(), expected, rtol=1e-9, atol=1e-12)
    assert optimizers[0].last_step.gradient_norm == pytest.approx(handle.last_report.norm_before)


def test_the_penalty_in_the_loss_gives_the_ridge_solution_in_one_step_and_the_term_does_not():
    """With the term alone the matrix lacks its λI."""
    slopes = []
    for penalty, term in ((0.7, 0.0), (0.0, 0.7)):
        problem = Problem()
        optimizer = newton(problem, damping=0.0)
        regularize(optimizer, L2(term))
        optimizer.step(lambda: problem.loss() + l2(dict(problem.named), penalty))  # noqa: B023
        slopes.append(float((problem.gradient()[0] + 0.7 * problem.weight.detach()).norm()))
    assert slopes[0] < 1e-12
    assert slopes[1] > 1e-2


@pytest.mark.parametrize("rule", CHANGES)
def test_decay_and_proximal_step_come_after_the_step(rule):
    problem, plain = Problem(), Problem()
    optimizers = newton(problem, lr=0.1), newton(plain, lr=0.1)
    regularize(optimizers[0], rule(0.3))
    old = problem.values()[0]
    for at, optimizer in zip((problem, plain), optimizers, strict=True):
        optimizer.step(at.loss)
    weight, bias = plain.values()
    same(problem.values(), [CHANGES[rule](weight, old), bias], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", CHANGES)
def test_a_refused_step_is_not_decayed(rule):
    problem = Problem()
    optimizer = newton(problem)
    regularize(optimizer, rule(0.3))
    before = problem.values()
    optimizer.step(lambda: problem.loss() * float("nan"))
    assert not optimizer.last_step.accepted
    same(problem.values(), before)
