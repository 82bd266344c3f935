import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_races

EFFORT = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 4.0]])
RUNS = {
    "A": (EFFORT, np.array([[4.0, 2.0, 1.0], [2.0, 2.0, 3.0]])),
    "B": (EFFORT, np.array([[4.0, 2.0, np.nan], [4.0, 4.0, 1.0]])),
}


def test_the_mean_over_splits_is_drawn_and_the_others_stay_grey():
    ax = Figure().subplots()
    draw_races(ax, RUNS, shown=["A"], xlabel="steps", target=1.5)
    grey, named, target = ax.lines
    np.testing.assert_array_equal(named.get_xdata(), [0.0, 1.0, 3.0])
    np.testing.assert_array_equal(named.get_ydata(), [3.0, 2.0, 2.0])
    assert named.get_label() == "A"
    assert (grey.get_color(), grey.get_label()) == ("0.55", "the others")
    np.testing.assert_array_equal(np.isnan(grey.get_ydata()), [False, False, True])
    assert target.get_ydata()[0] == 1.5
    assert (ax.get_xlabel(), ax.get_yscale()) == ("steps", "log")


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"shown must be names of runs, \['C'\] are not"):
        draw_races(Figure().subplots(), RUNS, shown=["C"], xlabel="steps")
    with pytest.raises(ValueError, match=r"runs\['A'\] must have one shape"):
        draw_races(Figure().subplots(), {"A": (EFFORT, EFFORT[:, :2])}, shown=["A"], xlabel="steps")
