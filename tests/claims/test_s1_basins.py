"""Claim 1.10: derivatives against autograd, kinds against torch's Hessian, walks against a loop."""

import pytest
import torch

from hnrc_lib.claims.s1_basins import (
    LOWEST,
    MAXIMUM,
    NO_END,
    OTHER,
    SADDLE,
    ToneFit,
    gradient_step,
    largest_curvature,
    newton_step,
    outcomes,
    smallest_curvature,
    tone_fit,
    walk,
)


def test_derivatives_match_autograd():
    fit = tone_fit()
    points = fit.starts(3, 4)
    gradients, hessians = fit.derivatives(points)
    for point, gradient, hessian in zip(points, gradients, hessians, strict=True):

        def loss(p):
            return fit.loss(p[None])[0]

        torch.testing.assert_close(gradient, torch.func.grad(loss)(point))
        exact = torch.func.hessian(loss)(point)
        torch.testing.assert_close(hessian, exact.flatten()[[0, 1, 3]])
        h = torch.linalg.eigvalsh(exact)
        assert float(smallest_curvature(hessian[None])) == pytest.approx(float(h[0]))
        assert float(largest_curvature(hessian[None])) == pytest.approx(float(h[1]))


def test_the_unit_of_time_gives_both_parameters_one_scale():
    fit = tone_fit()
    assert float(fit.weights.sum()) == pytest.approx(1)
    assert float(fit.weights @ fit.times.square()) == pytest.approx(1)
    assert float(fit.weights @ fit.samples.square()) == pytest.approx(1)


def test_newtons_step_solves_the_damped_system():
    gradient, hessian = torch.tensor([[1.0, -2.0]]).double(), torch.tensor([[-3.0, 1.0, 2.0]]).double()
    matrix = torch.tensor([[-3.0, 1.0], [1.0, 2.0]]).double()
    plain = newton_step()(gradient, hessian)[0]
    torch.testing.assert_close(plain, -torch.linalg.solve(matrix, gradient[0]))
    lifted = matrix + (0.5 - torch.linalg.eigvalsh(matrix)[0]) * torch.eye(2).double()
    damped = newton_step(0.5)(gradient, hessian)[0]
    torch.testing.assert_close(damped, -torch.linalg.solve(lifted, gradient[0]))


def test_kinds_of_points_on_a_pure_tone():
    times = torch.linspace(-1, 1, 41).double()
    fit = ToneFit(torch.sin(3 * times), times, torch.full((41,), 1 / 41).double(), 1.0, 1.0)
    lowest = torch.tensor([[3.0, 0.0]]).double()
    highest = walk(fit, torch.tensor([[3.0, torch.pi]]).double(), newton_step(), 20)
    assert float(fit.loss(highest)[0]) > 0.9
    points = torch.cat([lowest, highest, lowest + 0.3])
    assert outcomes(fit, points, lowest=0.0).tolist() == [LOWEST, MAXIMUM, NO_END]
    assert outcomes(fit, lowest, lowest=-1.0).tolist() == [OTHER]
    assert NO_END < LOWEST < OTHER < SADDLE < MAXIMUM


def test_gradient_descent_goes_down_and_newton_need_not():
    fit = tone_fit()
    starts = fit.starts(8, 6)
    _, hessian = fit.derivatives(starts)
    rate = 1 / float(largest_curvature(hessian).max())
    before = fit.loss(starts)
    assert bool((fit.loss(walk(fit, starts, gradient_step(rate), 5)) <= before).all())
    assert bool((fit.loss(walk(fit, starts, newton_step(), 5)) > before).any())


def test_every_start_ends_somewhere(measured):
    numbers = measured("1.10").numbers
    for method in ("newton", "descent"):
        kinds = ("no_end", "lowest", "other", "saddle", "maximum")
        assert sum(numbers[f"{method}_{kind}"] for kind in kinds) == numbers["num_starts"]
        assert numbers[f"{method}_second_lowest"] > numbers["lowest"] + 1e-3
    assert numbers["descent_lowest"] > numbers["newton_lowest"] > 0
