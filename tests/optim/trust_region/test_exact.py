import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import dual_bound, model_of, reduction

from hnrc_lib.linalg import DenseOperator
from hnrc_lib.optim import damped_newton_step
from hnrc_lib.optim.trust_region import ExactSubproblem, exact_step

SPECTRA = st.lists(st.floats(-10, 10), min_size=1, max_size=7)
TWICE_LOWEST = st.lists(st.floats(-10, 10), min_size=1, max_size=5).map(lambda h: [min(h), *h])
RADII = st.floats(1e-3, 1e2)


@pytest.fixture
def plain_messages(monkeypatch):
    """What a reader has, who runs without the import hook: the library's own messages."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def assert_optimal(H, g, radius, found, tolerance=1e-9):
    """Feasible, stationary for the damped model, complementary, and damped to where H + λI is no saddle."""
    scale = float(torch.linalg.matrix_norm(H, 2)) + found.damping
    length = float(found.step.norm())
    assert length <= radius * (1 + tolerance)
    assert found.on_boundary == (found.reason != "interior")
    if found.on_boundary:
        assert length == pytest.approx(radius, rel=tolerance)
    else:
        assert found.damping == 0
    assert found.damping >= 0
    assert float(torch.linalg.eigvalsh(H)[0]) + found.damping >= -tolerance * scale
    residual = H @ found.step + found.damping * found.step + g
    assert float(residual.norm()) <= tolerance * (scale * radius + float(g.norm()))
    assert found.predicted_reduction == pytest.approx(
        reduction(H, g, found.step), rel=1e-9, abs=tolerance * scale * radius**2
    )


@given(spectrum=SPECTRA, seed=st.integers(0, 2**31), radius=RADII)
@settings(deadline=None)
def test_the_conditions_of_optimality_hold(spectrum, seed, radius):
    H, g = model_of(spectrum, seed)
    assert_optimal(H, g, radius, exact_step(H, g, radius))


@given(spectrum=TWICE_LOWEST, seed=st.integers(0, 2**31), radius=RADII)
@settings(deadline=None)
def test_the_conditions_hold_in_the_hard_case(spectrum, seed, radius):
    H, g = model_of(spectrum, seed, hard=True)
    assert_optimal(H, g, radius, exact_step(H, g, radius))


@given(spectrum=SPECTRA, seed=st.integers(0, 2**31), radius=RADII, exponent=st.integers(-16, -3))
@settings(deadline=None)
def test_the_conditions_hold_next_to_the_hard_case(spectrum, seed, radius, exponent):
    H, hard = model_of(spectrum, seed, hard=True)
    lowest = torch.linalg.eigh(H)[1][:, 0]
    g = hard + 10.0**exponent * lowest
    assert_optimal(H, g, radius, exact_step(H, g, radius))


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("radius", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("spectrum", [(1.0, 2.0, 5.0), (-3.0, 0.5, 4.0), (0.0, 0.0, 2.0), (-2.0, -2.0, -1.0)])
def test_no_step_in_the_ball_gains_more(spectrum, radius, hard):
    for seed in range(5):
        H, g = model_of(spectrum, seed, hard=hard)
        found = exact_step(H, g, radius)
        assert reduction(H, g, found.step) == pytest.approx(dual_bound(H, g, radius), rel=1e-6)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("spectrum", [(0.5, 3.0), (-1.0, 2.0), (-2.0, -0.5), (0.0, 1.0)])
def test_equals_a_search_over_the_disc(spectrum, hard):
    H, g = model_of(spectrum, 3, hard=hard)
    lengths = torch.linspace(0, 1.5, 301, dtype=torch.float64)
    angles = torch.linspace(0, 2 * math.pi, 2001, dtype=torch.float64)
    rays = torch.stack([angles.cos(), angles.sin()], 1)
    points = (lengths[:, None, None] * rays).reshape(-1, 2)
    gains = -(points @ g + ((points @ H) * points).sum(1) / 2)
    found = exact_step(H, g, 1.5)
    best = float(gains.max())
    assert best <= found.predicted_reduction + 1e-12
    assert best == pytest.approx(found.predicted_reduction, abs=2e-4)


@given(spectrum=SPECTRA, seed=st.integers(0, 2**31), radius=RADII)
@settings(deadline=None, max_examples=30)
def test_a_trust_region_is_a_damping(spectrum, seed, radius):
    """Damped Newton at the multiplier takes the same step, where H + λI is safely invertible."""
    H, g = model_of(spectrum, seed)
    found = exact_step(H, g, radius)
    if float(torch.linalg.eigvalsh(H)[0]) + found.damping > 1e-3:
        damped = damped_newton_step(H, g, found.damping)
        torch.testing.assert_close(found.step, damped.step, rtol=1e-7, atol=1e-9)


def test_the_smaller_the_region_the_larger_the_damping():
    H, g = model_of([-1.0, 0.5, 4.0], 1)
    problem = ExactSubproblem(H, g)
    dampings = [problem.step(radius).damping for radius in (1e3, 10.0, 1.0, 0.1, 1e-3)]
    assert dampings == sorted(dampings)
    assert dampings[0] == pytest.approx(1.0, abs=1e-2)  # −h_min: the least that makes a step possible
    assert dampings[-1] * 1e-3 == pytest.approx(float(g.norm()), rel=1e-2)  # a short step goes along −g


def test_a_region_that_holds_newtons_step_does_not_damp():
    H, g = model_of([0.5, 1.0, 4.0], 2)
    newton = -torch.linalg.solve(H, g)
    length = float(newton.norm())
    found = exact_step(H, g, 1.001 * length)
    torch.testing.assert_close(found.step, newton)
    assert (found.damping, found.on_boundary, found.reason) == (0.0, False, "interior")
    assert exact_step(H, g, 0.999 * length).reason == "boundary"


def test_at_a_saddle_without_slope_the_step_goes_down_the_curvature():
    H = torch.diag(torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64))
    found = exact_step(H, torch.zeros(3, dtype=torch.float64), 0.5)
    assert found.step.abs().tolist() == [0.0, 0.5, 0.0]
    assert (found.damping, found.reason, found.predicted_reduction) == (2.0, "hard_case", 0.25)


def test_at_a_minimum_there_is_no_step():
    found = exact_step(torch.eye(3), torch.zeros(3), 0.5)
    assert found.step.tolist() == [0.0, 0.0, 0.0]
    assert (found.damping, found.reason) == (0.0, "interior")


def test_next_to_the_hard_case_the_unseen_direction_does_not_stop_the_search():
    H = torch.diag(torch.tensor([-1.5, 0.0, 0.0], dtype=torch.float64))
    g = torch.tensor([1e-17, 2.0, 2.7], dtype=torch.float64)  # longer than Δ·1.5, so that λ > 1.5
    found = exact_step(H, g, 2.0)
    assert_optimal(H, g, 2.0, found)
    assert found.damping == pytest.approx(float(g.norm()) / 2.0)


def test_a_singular_matrix_gives_the_shortest_step_and_none_made_of_rounding():
    direction = torch.linspace(1, 2, 6, dtype=torch.float64)
    H, g = direction.outer(direction), 3.0 * direction
    found = exact_step(H, g, 1e6)
    torch.testing.assert_close(found.step, -3.0 * direction / float(direction @ direction))
    assert found.reason == "interior"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_operator_serves_as_its_matrix_does_and_keeps_the_dtype(dtype):
    H, g = model_of([-1.0, 1.0, 3.0], 4)
    problem = ExactSubproblem(DenseOperator(H.to(dtype)), g.to(dtype))
    found = problem.step(0.7)
    assert found.step.dtype == dtype
    torch.testing.assert_close(found.step.double(), exact_step(H, g, 0.7).step, rtol=1e-4, atol=1e-4)
    assert problem.products == 3
    assert problem.smallest_eigenvalue == pytest.approx(-1.0, rel=1e-5)


FOUR = [[10, 2, 3, 4], [2, 1, 7, 1], [3, 7, 1, 7], [4, 1, 7, 2]]
INSIDE = [
    [1.812159, 0.82687265, 0.21838879, -0.52487006, 0.25436988],
    [0.82687265, 2.66380283, 0.31508988, -0.40144163, 0.08811588],
    [0.21838879, 0.31508988, 2.38020726, -0.3166346, 0.27363867],
    [-0.52487006, -0.40144163, -0.3166346, 1.61927182, -0.42140166],
    [0.25436988, 0.08811588, 0.27363867, -0.42140166, 1.33243101],
]
NO_SLOPE = [
    [0.88547534, 2.90692271, 0.98440885, -0.78911503, -0.28035809],
    [2.90692271, -0.04618819, 0.32867263, -0.83737945, 0.17116396],
    [0.98440885, 0.32867263, -0.87355957, -0.06521957, -1.43030957],
    [-0.78911503, -0.83737945, -0.06521957, -1.645709, -0.33887298],
    [-0.28035809, 0.17116396, -1.43030957, -0.33887298, -1.68586978],
]
DOWN = [0.06910534, -0.01432721, -0.65311947, -0.23815972, -0.84954934]


@pytest.mark.parametrize(
    ("matrix", "gradient", "radius", "step", "damping"),
    [
        (FOUR, [1.0] * 4, 1.0, [0.00393332, -0.55260862, 0.67065477, -0.49480341], None),
        (FOUR, [6.4852641521327437, 1.0, 1.0, 1.0], 1.0, None, 8.2151519874416614),
        (
            INSIDE,
            [0.75798952, 0.01421945, 0.33847612, 0.83725004, -0.47909534],
            1.1,
            [-0.68585435, 0.1222621, -0.22090999, -0.67005053, 0.31586769],
            0.0,
        ),
        (NO_SLOPE, [0.0] * 5, 1.1, DOWN, None),
        (NO_SLOPE, [0.0, 0.0, 0.0, 0.0, 1e-15], 1.1, DOWN, None),
    ],
    ids=["easy", "hard", "interior", "no gradient", "hardly a gradient"],
)
def test_the_answers_that_scipys_own_tests_expect(matrix, gradient, radius, step, damping):
    H, g = (torch.tensor(rows, dtype=torch.float64) for rows in (matrix, gradient))
    found = exact_step(H, g, radius)
    assert_optimal(H, g, radius, found)
    if step is not None:
        expected = torch.tensor(step, dtype=torch.float64)
        # Without a gradient either direction of the eigenvector is as good.
        sign = torch.sign(expected @ found.step) if float(g.norm()) < 1e-12 else 1.0
        torch.testing.assert_close(sign * found.step, expected, rtol=0, atol=2e-6)
    if damping is not None:
        assert found.damping == pytest.approx(damping, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hessian": torch.zeros(2, 3)}, r"hessian must have shape \(2, 2\) like gradient, got \(2, 3\)"),
        ({"gradient": torch.tensor([math.nan, 0.0])}, "gradient must be finite"),
        ({"hessian": torch.full((2, 2), math.inf)}, "hessian must be finite"),
        ({"radius": 0.0}, "radius must be positive and finite, got 0"),
        ({"radius": math.inf}, "radius must be positive and finite, got inf"),
    ],
)
def test_what_makes_no_problem_is_refused(plain_messages, arguments, message):
    usual = {"hessian": torch.eye(2), "gradient": torch.ones(2), "radius": 1.0}
    with pytest.raises(ValueError, match=message):
        exact_step(**usual | arguments)
