"""The reference itself against autograd, dense linear algebra and what is known of the methods."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.widgets.damping_explorer import reference

COORDINATES = st.tuples(st.floats(-2.2, 2.2), st.floats(-1.2, 3.2))
KAPPAS = st.floats(1.0, 100.0)


def torch_loss(surface: str, point: torch.Tensor, kappa: float) -> torch.Tensor:
    """The three losses as their definitions read, for autograd."""
    if surface == "rosenbrock":
        return (1 - point[0]) ** 2 + 100 * (point[1] - point[0] ** 2) ** 2
    angle = torch.tensor(torch.pi / 6, dtype=torch.float64)
    moved = point - torch.tensor([0.0, 1.0], dtype=torch.float64)
    u = moved[0] * torch.cos(angle) + moved[1] * torch.sin(angle)
    v = moved[1] * torch.cos(angle) - moved[0] * torch.sin(angle)
    if surface == "quadratic":
        return 0.5 * (kappa * u**2 + v**2)
    return 0.5 * 4 * u**2 + 2 * (v**2 - 1.5**2) ** 2 / (4 * 1.5**2)


@pytest.mark.parametrize("surface", reference.SURFACES)
@given(point=COORDINATES, kappa=KAPPAS)
@settings(max_examples=60, deadline=None)
def test_derivatives_equal_autograd(surface: str, point: tuple[float, float], kappa: float) -> None:
    where = torch.tensor(point, dtype=torch.float64)
    here = reference.evaluate(surface, point, kappa)

    def loss(x: torch.Tensor) -> torch.Tensor:
        return torch_loss(surface, x, kappa)

    hessian = torch.autograd.functional.hessian(loss, where).numpy()
    scale = 1 + np.abs(hessian).max()
    assert float(here.loss) == pytest.approx(float(loss(where)), rel=1e-12, abs=1e-12)
    gradient = torch.autograd.functional.jacobian(loss, where).numpy()
    np.testing.assert_allclose(here.gradient, gradient, rtol=1e-11, atol=1e-12 * scale)
    np.testing.assert_allclose(here.hessian, hessian, rtol=1e-11, atol=1e-12 * scale)


@pytest.mark.parametrize("surface", reference.SURFACES)
def test_a_grid_equals_its_points(surface: str) -> None:
    grid = np.random.default_rng(0).uniform(-1, 2, size=(3, 4, 2))
    whole = reference.evaluate(surface, grid, 7.0)
    for j, i in np.ndindex(3, 4):
        one = reference.evaluate(surface, grid[j, i], 7.0)
        np.testing.assert_allclose(whole.loss[j, i], one.loss, rtol=1e-14)
        np.testing.assert_allclose(whole.gradient[j, i], one.gradient, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(whole.hessian[j, i], one.hessian, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("surface", reference.SURFACES)
def test_minimisers_are_minima_of_loss_zero(surface: str) -> None:
    for minimum in reference.minimisers(surface):
        here = reference.evaluate(surface, minimum, 12.0)
        assert abs(float(here.loss)) < 1e-28
        assert np.linalg.norm(here.gradient) < 1e-13
        assert np.linalg.eigvalsh(here.hessian)[0] > 0
        assert reference.distance_to_minimum(surface, minimum) < 1e-15


def test_unknown_surface_is_refused() -> None:
    with pytest.raises(ValueError, match="surface must be one of quadratic, saddle, rosenbrock, got 'plane'"):
        reference.evaluate("plane", [0.0, 0.0])


@given(point=COORDINATES, damping=st.floats(0.01, 100.0))
@settings(max_examples=60, deadline=None)
def test_rank_one_direction_equals_the_formula_without_division(
    point: tuple[float, float], damping: float
) -> None:
    here = reference.evaluate("saddle", point)
    gradient, image = here.gradient, here.hessian @ here.gradient
    try:
        direction = reference.rank_one_direction(here.hessian, gradient, damping)
    except reference.NoStepError:
        matrix = damping * np.eye(2) + np.outer(image, image) / (gradient @ image)
        assert np.linalg.eigvalsh(matrix)[0] <= 1e-9 * damping
        return
    denominator = damping * gradient @ image + image @ image
    expected = (
        (gradient - image * (image @ gradient) / denominator) / damping if image.any() else gradient / damping
    )
    np.testing.assert_allclose(direction, expected, rtol=1e-7, atol=1e-9 * np.linalg.norm(direction))


def state(**changes: Any) -> dict[str, Any]:
    start = {
        "surface": "quadratic",
        "method": "damped_newton",
        "condition_number": 10.0,
        "damping": 0.0,
        "learning_rate": 1.0,
        "steps": 200,
        "start": [-1.7, 2.1],
        "current": 0,
    }
    return start | changes


def test_newton_reaches_the_quadratic_minimum_in_one_step() -> None:
    run = reference.descend(state(method="newton"))
    assert (run.outcome, run.step) == ("converged", 1)


@pytest.mark.parametrize("rate", [0.25, 0.5, 1.5])
def test_newton_with_a_step_length_contracts_by_one_minus_alpha(rate: float) -> None:
    run = reference.descend(state(method="newton", learning_rate=rate, steps=10))
    distances = [reference.distance_to_minimum("quadratic", point) for point in run.points]
    np.testing.assert_allclose(np.array(distances[1:]) / distances[:-1], abs(1 - rate), rtol=1e-9)


def test_best_gradient_step_contracts_by_the_condition_number() -> None:
    kappa = 10.0
    run = reference.descend(state(method="gradient_descent", learning_rate=2 / (kappa + 1), steps=50))
    distances = np.array([reference.distance_to_minimum("quadratic", point) for point in run.points])
    assert distances[1:].max() <= distances[0]
    np.testing.assert_allclose(distances[1:] / distances[:-1], (kappa - 1) / (kappa + 1), rtol=1e-9)


def test_gradient_descent_diverges_beyond_two_over_the_largest_eigenvalue() -> None:
    run = reference.descend(state(method="gradient_descent", learning_rate=0.3))
    assert run.outcome == "diverged"
    assert run.step == len(run.points)
    assert np.isfinite(run.points).all()
    assert np.isfinite(run.losses).all()


def test_newton_stops_at_the_saddle_and_damping_leaves_it() -> None:
    start = [-1.8, 0.2]
    assert reference.descend(state(surface="saddle", method="newton", start=start)).outcome == "saddle"
    damped = reference.descend(state(surface="saddle", damping=3.0, start=start))
    assert damped.outcome == "converged"


def test_rank_one_has_no_newton_limit() -> None:
    large = reference.descend(state(method="rank_one", damping=2.0))
    small = reference.descend(state(method="rank_one", damping=0.05))
    assert (large.outcome, small.outcome) == ("converged", "diverged")
    assert reference.descend(state(method="rank_one", damping=0.0)).outcome == "undamped"


def test_rank_one_refuses_an_indefinite_matrix() -> None:
    run = reference.descend(state(surface="rosenbrock", method="rank_one", damping=500.0, start=[-1.2, 1.0]))
    assert run.outcome == "rank_one_indefinite"


def test_newton_names_a_singular_hessian() -> None:
    singular = 1.5 / np.sqrt(3)
    point = reference.CENTRE + singular * reference._TURN[1]
    run = reference.descend(state(surface="saddle", method="newton", start=point.tolist()))
    assert (run.outcome, run.step) == ("singular", 0)


def test_levenberg_marquardt_never_raises_the_loss_and_follows_its_rule() -> None:
    chosen = state(surface="rosenbrock", method="levenberg_marquardt", damping=1.0, start=[-1.2, 1.0])
    run = reference.descend(chosen)
    assert run.outcome == "converged"
    assert (np.diff(run.losses) <= 0).all()
    for k, (point, damping) in enumerate(zip(run.points[:-1], run.dampings[:-1], strict=True)):
        move = run.points[k + 1] - point
        ratio = run.dampings[k + 1] / damping
        if not move.any():
            assert ratio == 4
            continue
        gain = reference.gain_ratio("rosenbrock", point, 1.0, move)
        assert ratio == pytest.approx(4 if gain < 0.25 else 0.25 if gain > 0.75 else 1)


def test_large_damping_turns_newton_into_gradient_descent() -> None:
    start = np.array([-1.7, 2.1])
    here = reference.evaluate("quadratic", start, 10.0)
    damped = reference.damped_direction(here.hessian, here.gradient, 1e8)
    np.testing.assert_allclose(1e8 * damped, here.gradient, rtol=1e-6)
