import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_descents

STEPS, CURVES = np.array([0, 5]), np.array([[1.0, 2.0], [3.0, 4.0]])


def test_a_run_and_its_limit_have_one_colour_and_a_far_limit_is_left_out():
    ax = Figure().subplots()
    draw_descents(ax, STEPS, CURVES, ["a", "b"], limits=[2.0, 100.0], ylabel="sharpness")
    first, limit, second = ax.lines
    assert limit.get_ydata()[0] == 2.0
    assert limit.get_color() == first.get_color() != second.get_color()
    np.testing.assert_array_equal(second.get_ydata(), [3.0, 4.0])
    assert (ax.get_ylim()[0], ax.get_ylabel(), first.get_label()) == (0, "sharpness", "a")


def test_losses_are_drawn_on_a_logarithmic_axis_without_limits():
    ax = Figure().subplots()
    draw_descents(ax, STEPS, CURVES, ["a", "b"], ylabel="loss", log=True)
    assert (ax.get_yscale(), len(ax.lines)) == ("log", 2)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="labels must be 2, one a run, got 1"):
        draw_descents(Figure().subplots(), STEPS, CURVES, ["a"], ylabel="loss")
    with pytest.raises(ValueError, match="limits must be none or 2, one a run, got 1"):
        draw_descents(Figure().subplots(), STEPS, CURVES, ["a", "b"], limits=[1.0], ylabel="loss")
