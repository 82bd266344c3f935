"""The reference against autograd, brute force, and the library's own trust region."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.trust_region import RadiusRule
from hnrc_lib.optim.trust_region.exact import exact_step
from hnrc_lib.widgets.taylor_model import reference

POINTS = st.floats(-3.0, 3.0)
RADII = st.floats(0.01, 3.0)


def torch_function(function: str, x: torch.Tensor) -> torch.Tensor:
    """The four functions as their definitions read, for autograd."""
    if function == "well":
        return 2 * (1 - torch.exp(-((x - 1) ** 2) / 2)) + (x - 1) ** 2 / 40
    if function == "saddle":
        return ((x + 1) / 1.5) ** 4 / 4 - ((x + 1) / 1.5) ** 3 / 2 + 0.5
    if function == "cliff":
        return 0.15 * (x - 2.5) ** 2 + 3 * torch.sigmoid(6 * (x - 1))
    return torch.exp(-x / 2) / 2 + 1.2 * torch.relu(x)


@pytest.mark.parametrize("function", reference.FUNCTIONS)
@given(point=POINTS)
@settings(max_examples=40, deadline=None)
def test_derivatives_equal_autograd(function: str, point: float) -> None:
    x = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    value = torch_function(function, x)
    (slope,) = torch.autograd.grad(value, x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, x)
    here = reference.evaluate(function, point)
    expected = [value.item(), slope.item(), curvature.item()]
    np.testing.assert_allclose([here.value, here.slope, here.curvature], expected, rtol=1e-10, atol=1e-12)


def test_the_kink_has_the_derivative_that_programs_give() -> None:
    x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch_function("kink", x), x)
    assert float(reference.evaluate("kink", 0.0).slope) == slope.item() == -0.25


def test_a_grid_equals_its_points() -> None:
    grid = np.linspace(-3, 3, 7)
    for function in reference.FUNCTIONS:
        whole = reference.evaluate(function, grid)
        each = [reference.evaluate(function, float(x)) for x in grid]
        np.testing.assert_allclose(whole.curvature, [e.curvature for e in each], rtol=1e-13, atol=1e-13)


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(ValueError, match="function must be one of well, saddle, cliff, kink, got 'hill'"):
        reference.evaluate("hill", 0.0)


@pytest.mark.parametrize("function", reference.FUNCTIONS)
@given(point=POINTS, radius=RADII)
@settings(max_examples=40, deadline=None)
def test_no_step_inside_the_radius_does_better(function: str, point: float, radius: float) -> None:
    here = reference.evaluate(function, point)
    step, damping, boundary = reference.trust_step(here, radius)
    steps = np.linspace(-radius, radius, 2001)
    best = reference.second_order(here, steps).min()
    assert abs(step) <= radius
    assert boundary == (abs(step) == radius) or damping == 0
    assert float(reference.second_order(here, step)) <= best + 1e-12
    assert damping >= 0
    assert here.curvature + damping >= -1e-12
    if here.slope != 0:
        assert (here.curvature + damping) * step == pytest.approx(-float(here.slope), rel=1e-9, abs=1e-14)


@given(
    slope=st.floats(-4, 4).filter(lambda g: abs(g) > 1e-3),
    curvature=st.floats(-4, 4).filter(lambda h: abs(h) > 1e-3),
    radius=RADII,
)
@settings(max_examples=40, deadline=None)
def test_the_step_is_that_of_the_library(slope: float, curvature: float, radius: float) -> None:
    step, damping, _ = reference.trust_step(reference.Evaluation(0.0, slope, curvature), radius)
    matrix = torch.tensor([[curvature]], dtype=torch.float64)
    found = exact_step(matrix, torch.tensor([slope], dtype=torch.float64), radius=radius)
    assert step == pytest.approx(float(found.step), rel=1e-9)
    assert damping == pytest.approx(found.damping, rel=1e-7, abs=1e-9)


@given(radius=RADII, ratio=st.floats(-3, 3), boundary=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_rule_is_that_of_the_library(radius: float, ratio: float, boundary: bool) -> None:
    rule = RadiusRule(maximum=reference.GREATEST_RADIUS, acceptance=reference.ACCEPTANCE)
    verdict, following = reference.next_radius(radius, ratio, boundary)
    expected = max(rule.update(radius, ratio, on_boundary=boundary), reference.LEAST_RADIUS)
    assert following == expected
    assert (verdict == "shrink") == (ratio < 0.25)
    assert (verdict == "grow") == (ratio > 0.75 and boundary)


@pytest.mark.parametrize(
    ("slope", "curvature", "expected"),
    [
        (0.0, 0.0, (0.0, 0.0, False)),
        (0.0, 2.0, (0.0, 0.0, False)),
        (0.0, -2.0, (0.5, 2.0, True)),
        (1.0, 2.0, (-0.5, 0.0, False)),
    ],
)
def test_steps_without_a_slope(slope: float, curvature: float, expected: tuple[float, float, bool]) -> None:
    here = reference.Evaluation(1.0, slope, curvature)
    assert reference.trust_step(here, 0.5) == expected


@pytest.mark.parametrize("function", reference.FUNCTIONS)
@pytest.mark.parametrize("point", [-2.3, -1.4, -0.4, 0.3, 1.8])
def test_errors_have_their_orders_away_from_the_kink(function: str, point: float) -> None:
    first, second = reference.error_slopes(function, point)
    assert first == pytest.approx(2, abs=0.1)
    assert second == pytest.approx(3, abs=0.3)


def test_both_errors_are_of_first_order_at_the_kink() -> None:
    assert reference.error_slopes("kink", 0.0) == pytest.approx([1, 1], abs=0.01)


@pytest.mark.parametrize("function", reference.FUNCTIONS)
@pytest.mark.parametrize("point", [-2.5, -1.6, -0.3, 0.4, 1.3, 2.2])
def test_trust_ends_where_a_fine_scan_says(function: str, point: float) -> None:
    end = reference.trust_end(function, point)
    assert end is not None
    here = reference.evaluate(function, point)
    for radius in np.linspace(0.01, end, 60).tolist():
        ratio = reference.gain_ratio(function, point, reference.trust_step(here, radius)[0])[2]
        assert ratio is not None
        assert ratio >= 0.25 - 1e-9
    newton = abs(here.slope / here.curvature) if here.curvature > 0 else np.inf
    if end < min(3.0, newton) - 1e-9:
        beyond = reference.gain_ratio(function, point, reference.trust_step(here, end + 1e-3)[0])[2]
        assert beyond is not None
        assert beyond < 0.25


@pytest.mark.parametrize(("function", "point"), [("kink", 0.0), ("well", 1.0), ("saddle", -1.0)])
def test_trust_never_begins_at_the_kink_or_where_nothing_is_promised(function: str, point: float) -> None:
    assert reference.trust_end(function, point) is None


def test_at_the_kink_no_radius_helps() -> None:
    for radius in (3.0, 0.3, 0.01, 1e-6):
        step = reference.trust_step(reference.evaluate("kink", 0.0), radius)[0]
        ratio = reference.gain_ratio("kink", 0.0, step)[2]
        assert ratio is not None
        assert ratio < 0
