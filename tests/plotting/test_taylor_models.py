import jaxtyping
import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_model_along, draw_model_errors, draw_radius_and_damping

RADII = np.geomspace(1e-4, 1.0, 9)


def lines(ax):
    return {line.get_label(): np.asarray(line.get_xydata()) for line in ax.lines}


def test_the_reference_lines_have_the_slopes_of_theory_and_touch_at_the_anchor():
    ax = Figure().subplots()
    errors = {1: 3 * RADII**2, 2: 5 * RADII**3}
    draw_model_errors(ax, RADII, errors, anchor=1e-2, kink=0.1)
    drawn = lines(ax)
    for order in (1, 2):
        line = drawn[f"slope {order + 1}"]
        slope = np.diff(np.log(line[:, 1])) / np.diff(np.log(line[:, 0]))
        np.testing.assert_allclose(slope, order + 1)
        np.testing.assert_allclose(drawn[f"order {order}"][:, 1], errors[order])
    np.testing.assert_allclose(drawn["slope 3"][:, 1], errors[2])
    assert drawn["nearest kink"][0, 0] == 0.1


def test_an_error_of_zero_is_left_out():
    ax = Figure().subplots()
    error = 1.0 * RADII**2
    error[0] = 0
    draw_model_errors(ax, RADII, {1: error}, anchor=1e-2)
    assert np.isnan(lines(ax)["order 1"][0, 1])


def test_the_model_is_drawn_with_its_stationary_point():
    ax = Figure().subplots()
    t = np.linspace(-1, 3, 5)
    draw_model_along(ax, t, t**4, (t - 1) ** 2, stationary=(1.0, 0.0), start=(0.0, 1.0))
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["Newton's point"], [[1, 0]])
    np.testing.assert_allclose(drawn["start"], [[0, 1]])
    np.testing.assert_allclose(drawn["quadratic model"][:, 1], (t - 1) ** 2)


def test_radius_and_damping_share_one_curve():
    ax = Figure().subplots()
    dampings = np.array([2.0, 3.0])
    solved = np.array([2.5]), np.array([0.8])
    draw_radius_and_damping(ax, dampings, np.array([1.0, 0.5]), threshold=1.0, solved=solved)
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["‖(H + λI)⁻¹g‖"], [[1, 1], [2, 0.5]])
    np.testing.assert_allclose(drawn["trust region, by its radius"], [[1.5, 0.8]])


def test_what_makes_no_sense_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    ax = Figure().subplots()
    with pytest.raises(ValueError, match="radii must be positive and ascend"):
        draw_model_errors(ax, RADII[::-1], {1: RADII}, anchor=1.0)
    with pytest.raises(ValueError, match="dampings must be above threshold, 1, got 1"):
        draw_radius_and_damping(ax, np.ones(1), np.ones(1), threshold=1.0, solved=(np.ones(0), np.ones(0)))
