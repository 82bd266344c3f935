"""The viewer's geometry against rotation matrices, brute force and other libraries."""

import math
from typing import Any

import contourpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from hnrc_lib.widgets.landscape import reference

degrees = st.floats(-180, 180)
tilts = st.floats(10, 90)


@given(turn=degrees, tilt=tilts, seed=st.integers(0, 99))
def test_projection_is_a_rotation_of_the_box(turn: float, tilt: float, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-1, 1, (6, 3))
    found = reference.project(points, turn, tilt)
    a, e = math.radians(turn), math.radians(tilt)
    about_vertical = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    about_horizon = np.array([[1, 0, 0], [0, math.sin(e), math.cos(e)], [0, math.cos(e), -math.sin(e)]])
    box = points * [1, 1, reference.RELIEF] - [0, 0, reference.RELIEF / 2]
    np.testing.assert_allclose(found, box @ (about_horizon @ about_vertical).T, atol=1e-12)


@given(turn=degrees, columns=st.integers(2, 7), rows=st.integers(2, 7))
def test_a_cell_is_painted_before_all_neighbours_in_front_of_it(turn: float, columns: int, rows: int) -> None:
    order = reference.painters_order(turn, columns, rows)
    assert sorted(order) == list(range((columns - 1) * (rows - 1)))
    place = {int(cell): n for n, cell in enumerate(order)}
    ahead = [math.sin(math.radians(turn)), math.cos(math.radians(turn))]
    for cell, n in place.items():
        j, i = divmod(cell, columns - 1)
        for slope, other in ((ahead[0], (i + 1, j)), (ahead[1], (i, j + 1))):
            if abs(slope) > 1e-9 and other[0] < columns - 1 and other[1] < rows - 1:
                beyond = place[other[1] * (columns - 1) + other[0]]
                assert (beyond < n) == (slope > 0)


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), columns=st.integers(2, 6), rows=st.integers(2, 6))
def test_heights_between_grid_points_are_bilinear(x: float, y: float, columns: int, rows: int) -> None:
    grid = np.random.default_rng(columns * rows).normal(size=(rows, columns))
    axes = np.linspace(-1, 1, rows), np.linspace(-1, 1, columns)
    expected = RegularGridInterpolator(axes, grid)([[y, x]])[0]
    assert reference.height_at(grid, np.array([x, y])) == pytest.approx(expected, abs=1e-12)


def test_beyond_the_edge_the_height_is_the_edge_s() -> None:
    grid = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert reference.height_at(grid, np.array([7.0, -7.0])) == 2
    assert reference.height_at(grid, np.array([-7.0, 7.0])) == 3


@given(seed=st.integers(0, 99), level=st.floats(-1.5, 1.5))
@settings(max_examples=60, deadline=None)
def test_level_lines_pass_where_contourpy_s_do(seed: int, level: float) -> None:
    grid = np.random.default_rng(seed).normal(size=(5, 6))
    found = reference.contour(grid, level)
    lines: Any = contourpy.contour_generator(
        np.linspace(-1, 1, 6), np.linspace(-1, 1, 5), grid, name="serial", line_type="Separate"
    ).lines(level)
    ends = found[:, 1:].reshape(-1, 2)
    assert len(found) == sum(len(line) - 1 for line in lines)
    if lines:
        assert _rounded(ends) == _rounded(np.concatenate(lines))
    for cell, *rest in found:
        j, i = divmod(int(cell), 5)
        middle = (np.reshape(rest, (2, 2)).mean(0) + 1) / 2 * [5, 4]
        assert i <= middle[0] <= i + 1
        assert j <= middle[1] <= j + 1
    for point in ends:
        assert reference.height_at(grid, point) == pytest.approx(level, abs=1e-9)


def _rounded(points: np.ndarray) -> set[tuple[float, float]]:
    return {(round(float(x), 9) + 0.0, round(float(y), 9) + 0.0) for x, y in points}


def test_in_a_saddle_the_mean_says_which_corners_hang_together() -> None:
    high, low = np.array([[1.0, -0.5], [-0.5, 1.0]]), np.array([[0.5, -1.0], [-1.0, 0.5]])
    for grid, corners in ((high, [[1, -1], [-1, 1]]), (low, [[-1, -1], [1, 1]])):
        middles = reference.contour(grid, 0.0)[:, 1:].reshape(2, 2, 2).mean(1)
        for corner in corners:  # cut off, each by a line of its own
            assert min(np.linalg.norm(middle - corner) for middle in middles) < 1


def test_levels_are_one_two_five() -> None:
    assert reference.nice_levels(math.log10(0.09), math.log10(30)) == [
        *(0.1, 0.2, 0.5),
        *(1, 2, 5),
        *(10, 20),
    ]
