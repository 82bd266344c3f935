import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from quadratic import Quadratic
from torch.func import functional_call

from hnrc_lib.landscape import filter_normalize, plane, random_direction
from hnrc_lib.models import CNN


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), num_points=st.integers(2, 6), low=st.floats(-3, 0), width=st.floats(0.1, 4))
def test_values_are_those_of_the_quadratic(seed, num_points, low, width):
    problem = Quadratic(seed)
    drawn = plane(
        problem.loss,
        problem.as_dict(problem.theta),
        problem.as_dict(problem.u),
        problem.as_dict(problem.v),
        extent=(low, low + width),
        num_points=num_points,
    )
    grid = np.linspace(low, low + width, num_points)
    expected = [[problem.value(problem.theta + a * problem.u + b * problem.v) for b in grid] for a in grid]
    np.testing.assert_allclose(drawn.alpha, grid, atol=1e-12)
    np.testing.assert_allclose(drawn.beta, grid, atol=1e-12)
    np.testing.assert_allclose(drawn.values, expected, rtol=1e-9, atol=1e-9)


def test_the_middle_is_the_loss_at_the_parameters_to_the_bit():
    generator = torch.Generator().manual_seed(0)
    model = CNN(18, 20, channels=(2, 3, 3), hidden=4, generator=generator)
    features = torch.randn(6, 20, 18, generator=generator)
    labels = torch.randint(10, (6,), generator=generator)
    params = dict(model.named_parameters())

    def loss(theta):
        return torch.nn.functional.cross_entropy(functional_call(model, theta, (features,)), labels)

    u, v = (filter_normalize(random_direction(params, generator), params) for _ in range(2))
    drawn = plane(loss, params, u, v, extent=0.5, num_points=5)
    assert drawn.values[2, 2].item() == loss(params).item()
    assert drawn.values.std() > 0
    assert not drawn.values.requires_grad


def test_parameters_stay_as_they_are_even_if_the_loss_writes_to_its_argument_and_fails():
    params = {"x": torch.tensor([1.0, 2.0])}
    direction = {"x": torch.ones(2)}
    calls = []

    def loss(theta):
        calls.append(theta["x"].clone())
        theta["x"].fill_(torch.nan)
        if len(calls) == 3:
            raise RuntimeError("the loss gave up")
        return torch.tensor(0.0)

    with pytest.raises(RuntimeError, match="the loss gave up"):
        plane(loss, params, direction, direction, num_points=3)
    assert params["x"].tolist() == [1.0, 2.0]
    assert direction["x"].tolist() == [1.0, 1.0]
    # α = −1 and β = −1, 0, 1: what one point wrote did not reach the next.
    assert [call.tolist() for call in calls] == [[-1.0, 0.0], [0.0, 1.0], [1.0, 2.0]]


def test_cells_that_are_not_finite_are_kept():
    params, u, v = {"x": torch.zeros(2)}, {"x": torch.tensor([1.0, 0.0])}, {"x": torch.tensor([0.0, 1.0])}
    drawn = plane(lambda p: p["x"][0].log() + 1 / (1 - p["x"][1]), params, u, v, num_points=3)
    assert drawn.values[0].isnan().all()  # log(−1)
    assert (drawn.values[1, :2] == -torch.inf).all()  # log 0
    assert drawn.values[1, 2].isnan()  # log 0 + 1/0
    assert drawn.values[2].tolist() == [0.5, 1.0, torch.inf]


def test_several_measures_stack_along_the_last_axis():
    params = {"x": torch.ones(1)}
    drawn = plane(lambda p: torch.cat([p["x"], -p["x"]]), params, params, params, num_points=4)
    assert drawn.values.shape == (4, 4, 2)
    assert torch.equal(drawn.values[..., 0], -drawn.values[..., 1])


def test_progress_counts_every_point():
    seen = []
    params = {"x": torch.ones(1)}
    plane(
        lambda p: p["x"].sum(),
        params,
        params,
        params,
        num_points=3,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 9) for done in range(1, 10)]


@pytest.mark.parametrize("which", ["u", "v"])
def test_the_direction_at_fault_is_named(which):
    params = {"x": torch.zeros(2)}
    directions = {"u": {"x": torch.ones(2)}, "v": {"x": torch.ones(2)}} | {which: {"x": torch.ones(3)}}
    with pytest.raises(ValueError, match=rf"{which}: vector must match params"):
        plane(lambda p: p["x"].sum(), params, directions["u"], directions["v"])


def test_a_rectangle_with_its_own_extent_and_points_along_each_axis():
    problem = Quadratic(seed=5)
    drawn = plane(
        problem.loss,
        problem.as_dict(problem.theta),
        problem.as_dict(problem.u),
        problem.as_dict(problem.v),
        extent=((-1.0, 3.0), (0.5, 0.75)),
        num_points=(4, 3),
        points_at_once=5,
    )
    alpha, beta = np.linspace(-1, 3, 4), np.linspace(0.5, 0.75, 3)
    expected = [[problem.value(problem.theta + a * problem.u + b * problem.v) for b in beta] for a in alpha]
    np.testing.assert_allclose(drawn.alpha, alpha)
    np.testing.assert_allclose(drawn.beta, beta)
    np.testing.assert_allclose(drawn.values, expected, rtol=1e-10)


def test_the_second_axis_of_a_rectangle_needs_a_length_too():
    params = {"x": torch.zeros(2)}
    with pytest.raises(ValueError, match=r"extent must be positive, or \(low, high\).*got \(1.0, 1.0\)"):
        plane(lambda p: p["x"].sum(), params, params, params, extent=((0.0, 1.0), (1.0, 1.0)))
