import numpy as np
import pytest
import torch
from quadratic import Quadratic

from hnrc_lib.landscape import line


def test_values_are_those_of_the_quadratic():
    problem = Quadratic()
    drawn = line(
        problem.loss, problem.as_dict(problem.theta), problem.as_dict(problem.u), extent=2.0, num_points=9
    )
    expected = [problem.value(problem.theta + a * problem.u) for a in np.linspace(-2, 2, 9)]
    np.testing.assert_allclose(drawn.alpha, np.linspace(-2, 2, 9), atol=1e-15)
    np.testing.assert_allclose(drawn.values, expected, rtol=1e-12)


def test_the_line_between_two_solutions_ends_at_both():
    problem = Quadratic(seed=1)
    start, end = problem.as_dict(problem.theta), problem.as_dict(problem.v)
    difference = {name: end[name] - start[name] for name in start}
    drawn = line(problem.loss, start, difference, extent=(0.0, 1.0), num_points=2)
    np.testing.assert_allclose(
        drawn.values, [problem.value(problem.theta), problem.value(problem.v)], rtol=1e-12
    )


def test_progress_counts_every_point_and_several_measures_stack():
    seen = []
    params = {"x": torch.tensor([1.0])}
    drawn = line(
        lambda p: torch.stack([p["x"][0], p["x"][0] ** 2]),
        params,
        params,
        num_points=3,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert drawn.values.tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 4.0]]


def test_a_direction_of_other_shape_is_refused():
    with pytest.raises(ValueError, match=r"direction: vector must match params.*expected \{'x': \(1,\)\}"):
        line(lambda p: p["x"].sum(), {"x": torch.zeros(1)}, {"x": torch.zeros(2)})


def test_several_points_at_once_are_the_same_line():
    problem = Quadratic(seed=2)
    params, direction = problem.as_dict(problem.theta), problem.as_dict(problem.u)
    one, many = (line(problem.loss, params, direction, num_points=7, points_at_once=n) for n in (1, 3))
    torch.testing.assert_close(one.values, many.values, rtol=1e-12, atol=1e-12)
