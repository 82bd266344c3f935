import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_smoothness

X = np.array([[1.0, 2.0, np.nan]])


def test_the_dashed_line_has_slope_one_and_goes_through_the_middle():
    ax = Figure().subplots()
    draw_smoothness(ax, [X, X], [2 * X, 8 * X], ["a", "b"])
    (line,) = ax.lines
    np.testing.assert_allclose(np.asarray(line.get_ydata()), [4.0, 8.0])
    assert (ax.get_xscale(), ax.get_yscale(), len(ax.collections)) == ("log", "log", 2)
    assert ax.xaxis.get_major_formatter()(0.5) == "0.5"
    assert [str(group.get_label()) for group in ax.collections] == ["a", "b"]


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"groups must be equally many, at most 4, got \[1, 1, 2\]"):
        draw_smoothness(Figure().subplots(), [X], [X], ["a", "b"])
    with pytest.raises(ValueError, match="'a' must have as many norms as values"):
        draw_smoothness(Figure().subplots(), [X], [X[:, :2]], ["a"])
