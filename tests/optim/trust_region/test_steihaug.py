import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import model_of, reduction

from hnrc_lib.linalg import DenseOperator, LinearOperator
from hnrc_lib.optim.trust_region import SteihaugSubproblem, cauchy_step, exact_step, steihaug_step
from hnrc_lib.optim.trust_region.steihaug import to_sphere

POSITIVE = st.lists(st.floats(0.1, 10), min_size=1, max_size=7)
ANY = st.lists(st.floats(-10, 10), min_size=1, max_size=7)
RADII = st.floats(1e-3, 1e2)


@pytest.fixture
def plain_messages(monkeypatch):
    """What a reader has, who runs without the import hook: the library's own messages."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@given(spectrum=ANY, seed=st.integers(0, 2**31), radius=RADII)
@settings(deadline=None)
def test_it_stays_in_the_ball_and_gains_at_least_what_the_cauchy_point_does(spectrum, seed, radius):
    H, g = model_of(spectrum, seed)
    found, cauchy, best = (f(H, g, radius) for f in (steihaug_step, cauchy_step, exact_step))
    assert float(found.step.norm()) <= radius * (1 + 1e-12)
    if found.on_boundary:
        assert float(found.step.norm()) == pytest.approx(radius, rel=1e-9)
    scale = 1e-10 * (1 + best.predicted_reduction)
    assert found.predicted_reduction == pytest.approx(reduction(H, g, found.step), abs=scale)
    assert found.predicted_reduction >= cauchy.predicted_reduction - scale
    assert found.predicted_reduction <= best.predicted_reduction + scale


@given(spectrum=POSITIVE, seed=st.integers(0, 2**31), radius=RADII)
@settings(deadline=None)
def test_on_a_convex_model_it_gains_half_of_what_can_be_gained(spectrum, seed, radius):
    H, g = model_of(spectrum, seed)
    found = steihaug_step(H, g, radius, rtol=1e-10)
    assert found.predicted_reduction >= 0.5 * exact_step(H, g, radius).predicted_reduction
    assert found.reason != "negative_curvature"


@given(spectrum=POSITIVE, seed=st.integers(0, 2**31))
@settings(deadline=None, max_examples=30)
def test_within_a_large_ball_it_solves_the_system(spectrum, seed):
    H, g = model_of(spectrum, seed)
    found = steihaug_step(DenseOperator(H), g, 1e6, rtol=1e-9)
    assert (found.reason, found.on_boundary) == ("converged", False)
    torch.testing.assert_close(found.step, -torch.linalg.solve(H, g), rtol=1e-6, atol=1e-8)
    assert found.iterations <= 2 * len(g)


def test_its_first_iterate_is_the_cauchy_point():
    H, g = model_of([0.5, 1.0, 4.0], 5)
    one = steihaug_step(H, g, 100.0, rtol=0.0, max_steps=1)
    assert one.reason == "max_steps"
    torch.testing.assert_close(one.step, cauchy_step(H, g, 100.0).step)


def test_negative_curvature_is_followed_to_the_sphere():
    H = torch.diag(torch.tensor([2.0, -1.0], dtype=torch.float64))
    g = torch.tensor([2.0, 0.1], dtype=torch.float64)
    found = steihaug_step(H, g, 10.0, rtol=1e-8)
    assert (found.reason, found.iterations) == ("negative_curvature", 2)
    assert found.predicted_reduction > 0.9 * exact_step(H, g, 10.0).predicted_reduction


def test_flat_ground_is_followed_to_the_sphere_too():
    found = steihaug_step(torch.zeros(2, 2), torch.tensor([3.0, 4.0]), 5.0)
    assert found.reason == "negative_curvature"
    torch.testing.assert_close(found.step, torch.tensor([-3.0, -4.0]))
    assert found.predicted_reduction == 25.0


def test_without_a_gradient_it_stays():
    found = steihaug_step(torch.diag(torch.tensor([1.0, -1.0])), torch.zeros(2), 1.0)
    assert (found.step.tolist(), found.reason, found.iterations) == ([0.0, 0.0], "converged", 0)


def test_the_tolerance_left_out_is_the_forcing_sequence():
    H, g = model_of([0.2, 0.3, 0.4, 0.5, 0.8, 1.0, 1.5, 2.0], 6)
    g = g / g.norm()
    iterations = []
    for norm, rtol in ((1.0, 0.5), (1e-2, 0.1), (1e-6, 1e-3)):
        found, named = steihaug_step(H, norm * g, 1e6), steihaug_step(H, norm * g, 1e6, rtol=rtol)
        assert torch.equal(found.step, named.step)
        assert float((H @ found.step + norm * g).norm()) <= rtol * norm
        iterations.append(found.iterations)
    assert iterations[0] < iterations[1] < iterations[2]
    assert steihaug_step(H, g, 1e6, rtol=0.9).iterations < iterations[0]


def test_products_are_counted_over_all_radii():
    H, g = model_of([0.5, 1.0, 4.0], 5)
    problem = SteihaugSubproblem(H, g, rtol=1e-9)
    iterations = [problem.step(radius).iterations for radius in (1e-3, 1e3)]
    assert problem.products == sum(iterations)
    assert iterations == [1, 3]


class Broken(LinearOperator):
    """A diagonal matrix until the product of a given number, which is NaN in one entry."""

    def __init__(self, good):
        super().__init__((2, 2), torch.float64, torch.device("cpu"))
        self.good = good

    def _matmat(self, block):
        self.good -= 1
        product = torch.tensor([[1.0], [3.0]], dtype=torch.float64) * block
        return product if self.good >= 0 else product.index_fill(0, torch.tensor(0), math.nan)


@pytest.mark.parametrize("good", [0, 1])
def test_a_product_that_is_no_number_ends_it_before_the_harm(good):
    g = torch.tensor([1.0, 2.0], dtype=torch.float64)
    found = steihaug_step(Broken(good), g, 10.0, rtol=1e-9)
    assert found.reason == "not_finite"
    matrix = torch.diag(torch.tensor([1.0, 3.0], dtype=torch.float64))
    expected = cauchy_step(matrix, g, 10.0).step if good else torch.zeros(2, dtype=torch.float64)
    torch.testing.assert_close(found.step, expected)


@given(start=st.floats(0, 1), angle=st.floats(0, 6.3), size=st.floats(1e-3, 1e3), radius=st.floats(1e-3, 1e3))
def test_the_way_to_the_sphere(start, angle, size, radius):
    inside = torch.tensor([start * radius, 0.0], dtype=torch.float64)
    direction = size * torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    tau = to_sphere(inside, direction, radius)
    assert tau >= 0
    assert float((inside + tau * direction).norm()) == pytest.approx(radius, rel=1e-9)


@pytest.mark.parametrize(
    ("gradient", "radius", "length", "reason"),
    [
        ([3.0, 0.0], 10.0, 1.5, "interior"),
        ([3.0, 0.0], 1.0, 1.0, "boundary"),
        ([0.0, 3.0], 1.0, 1.0, "negative_curvature"),
        ([0.0, 0.0], 1.0, 0.0, "interior"),
    ],
)
def test_the_cauchy_point_by_hand(gradient, radius, length, reason):
    H, g = torch.diag(torch.tensor([2.0, -1.0])), torch.tensor(gradient)
    found = cauchy_step(H, g, radius)
    torch.testing.assert_close(found.step, -length * torch.nn.functional.normalize(g, dim=0))
    assert found.reason == reason
    assert found.predicted_reduction == pytest.approx(reduction(H, g, found.step))


@given(spectrum=ANY, seed=st.integers(0, 2**31), radius=RADII)
@settings(deadline=None)
def test_no_step_along_the_gradient_gains_more_than_the_cauchy_point(spectrum, seed, radius):
    H, g = model_of(spectrum, seed)
    unit = g / g.norm()
    lengths = torch.linspace(0, radius, 1001, dtype=torch.float64)
    gains = lengths * g.norm() - lengths**2 * (unit @ H @ unit) / 2
    found = cauchy_step(H, g, radius)
    assert float(gains.max()) <= found.predicted_reduction * (1 + 1e-9)
    floor = float(g.norm()) * min(radius, float(g.norm() / torch.linalg.matrix_norm(H, 2))) / 2
    assert found.predicted_reduction >= floor * (1 - 1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rtol": -1.0}, "rtol must be finite and not negative, got -1"),
        ({"rtol": math.nan}, "rtol must be finite and not negative, got nan"),
        ({"max_steps": 0}, "max_steps must be at least 1, got 0"),
        ({"radius": -1.0}, "radius must be positive and finite, got -1"),
        ({"gradient": torch.tensor([math.inf, 0.0])}, "gradient must be finite"),
        ({"gradient": torch.ones(3)}, r"hessian must have shape \(3, 3\) like gradient, got \(2, 2\)"),
    ],
)
def test_what_makes_no_problem_is_refused_before_a_product(plain_messages, options, message):
    usual = {"hessian": torch.eye(2), "gradient": torch.ones(2), "radius": 1.0}
    with pytest.raises(ValueError, match=message):
        steihaug_step(**usual | options)
