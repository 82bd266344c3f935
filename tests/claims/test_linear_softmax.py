"""The closed forms against automatic differentiation, and the two ways of descending."""

import pytest
import torch
import torch.nn.functional as F

from hnrc_lib.claims.linear_softmax import FREE_CLASSES, LinearSoftmax


@pytest.fixture
def problem():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 2, generator=generator, dtype=torch.float64)
    return LinearSoftmax(features, torch.randint(10, (60,), generator=generator))


@pytest.fixture
def theta(problem):
    return torch.randn(
        problem.num_parameters, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )


def written_out(problem, theta):
    design = torch.cat([problem.features, torch.ones(len(problem.features), 1)], dim=1)
    scores = torch.stack([design @ row for row in theta.view(FREE_CLASSES, -1)], dim=1)
    return F.cross_entropy(torch.cat([scores, torch.zeros(len(scores), 1)], dim=1), problem.labels)


def test_loss_gradient_and_hessian_are_those_of_autodiff(problem, theta):
    assert problem.loss(theta) == pytest.approx(float(written_out(problem, theta)), rel=1e-12)
    for ours, theirs in (
        (problem.gradient(theta), torch.func.grad(lambda t: written_out(problem, t))(theta)),
        (problem.hessian(theta), torch.func.hessian(lambda t: written_out(problem, t))(theta)),
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_error_rate_counts_the_misread(problem, theta):
    assert problem.error_rate(problem.start()) == float((problem.labels != 0).double().mean())


def test_a_step_solves_the_damped_system_and_never_rises(problem, theta):
    damped = problem.hessian(theta) + 50 * torch.eye(len(theta), dtype=torch.float64)
    torch.testing.assert_close(damped @ problem.step(theta, 50.0), -problem.gradient(theta))
    for damping in (1e-9, None):
        assert problem.loss(theta + problem.step(theta, damping)) <= problem.loss(theta)


def test_minimise_ends_where_the_gradient_is_zero(problem):
    end = problem.minimise(1e-3)
    assert float(problem.gradient(end).norm()) <= 1e-10
    assert problem.loss(end) < problem.loss(end + 0.01) < problem.loss(problem.start())


@pytest.mark.parametrize("damping", [1e-3, 1.0, None])
def test_descend_to_meets_its_target(problem, damping):
    assert problem.loss(problem.descend_to(2.2, damping)) == pytest.approx(2.2, abs=1e-9)


def test_an_unreachable_target_is_an_error(problem):
    with pytest.raises(RuntimeError, match=r"loss must reach 0\.01 within 20 steps, got 2\."):
        problem.descend_to(0.01, 1e-3, most=20)
