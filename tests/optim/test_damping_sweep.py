import math

import pytest
import torch

from hnrc_lib.optim import damped_newton_step, damping_sweep, predicted_reduction

H = torch.tensor([[2.0, 0.5, 0.0], [0.5, -1.0, 0.3], [0.0, 0.3, 0.7]], dtype=torch.float64)
G = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
THRESHOLD = -float(torch.linalg.eigvalsh(H)[0])
DAMPINGS = torch.tensor([0.0, 0.3, THRESHOLD * 1.01, 2.0, 50.0], dtype=torch.float64)


def model_reduction(step):
    return predicted_reduction(H, G, step)


def degrees(a, b):
    cosine = float(a @ b / (a.norm() * b.norm()))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def test_each_entry_is_that_of_a_dense_solve():
    steps = []
    sweep = damping_sweep(H, G, DAMPINGS, lambda step: steps.append(step) or model_reduction(step))
    newton = -torch.linalg.solve(H, G)
    for index, damping in enumerate(DAMPINGS):
        damped = H + damping * torch.eye(3, dtype=torch.float64)
        expected = -torch.linalg.solve(damped, G)
        torch.testing.assert_close(steps[index], expected, rtol=1e-10, atol=1e-12)
        assert float(sweep.step_length[index]) == pytest.approx(float(expected.norm()))
        assert float(sweep.angle_to_gradient[index]) == pytest.approx(degrees(expected, -G), abs=1e-5)
        assert float(sweep.angle_to_newton[index]) == pytest.approx(degrees(expected, newton), abs=1e-5)
        assert float(sweep.predicted_reduction[index]) == pytest.approx(model_reduction(expected))
        assert float(sweep.condition_number[index]) == pytest.approx(float(torch.linalg.cond(damped)))
    torch.testing.assert_close(sweep.actual_reduction, sweep.predicted_reduction, rtol=1e-12, atol=1e-12)
    assert sweep.newton_length == pytest.approx(float(newton.norm()))
    assert sweep.gradient_norm == pytest.approx(float(G.norm()))


def test_definiteness_agrees_with_the_step_that_protects_itself():
    sweep = damping_sweep(H, G, DAMPINGS, model_reduction)
    for index, damping in enumerate(DAMPINGS.tolist()):
        step = damped_newton_step(H, G, damping)
        assert bool(sweep.positive_definite[index]) == step.positive_definite
        assert float(sweep.smallest_eigenvalue[index]) == pytest.approx(step.smallest_eigenvalue)
    assert sweep.positive_definite.tolist() == [False, False, True, True, True]


def test_absolute_eigenvalues_always_descend():
    sweep = damping_sweep(H, G, DAMPINGS, model_reduction, absolute_eigenvalues=True)
    assert (sweep.predicted_reduction > 0).all()
    assert (sweep.angle_to_gradient < 90).all()
    expected = damped_newton_step(H, G, 0.3, not_positive_definite="absolute_eigenvalues")
    assert float(sweep.step_length[1]) == pytest.approx(float(expected.step.norm()))


def test_newtons_step_leaves_out_directions_without_curvature():
    flat = torch.diag(torch.tensor([4.0, 1e-14, 2.0], dtype=torch.float64))
    slope = torch.tensor([4.0, 0.0, 2.0], dtype=torch.float64)
    sweep = damping_sweep(flat, slope, torch.tensor([1e-9, 1e-6], dtype=torch.float64), lambda step: 0.0)
    assert sweep.newton_length == pytest.approx(math.sqrt(2))
    assert (sweep.angle_to_newton < 1e-4).all()


def test_small_angles_do_not_drown_in_rounding():
    sweep = damping_sweep(H, G, torch.tensor([1e9, 1e10], dtype=torch.float64), model_reduction)
    first, second = sweep.angle_to_gradient.tolist()
    assert first / second == pytest.approx(10, rel=1e-3)


def test_nothing_to_sweep_is_refused():
    with pytest.raises(ValueError, match=r"dampings must be at least 0, got -1"):
        damping_sweep(H, G, torch.tensor([-1.0], dtype=torch.float64), model_reduction)
    for gradient in (torch.zeros(3, dtype=torch.float64), G * math.nan):
        with pytest.raises(ValueError, match="gradient must be finite and not zero"):
            damping_sweep(H, gradient, DAMPINGS, model_reduction)
