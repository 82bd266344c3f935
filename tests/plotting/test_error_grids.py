import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_error_grid

ACROSS, UP = np.array([0.01, 0.1, 1.0]), np.array([0.001, 0.01])
ERRORS = np.array([[0.3, 0.1, np.nan], [0.5, 0.2, 0.2]])


def drawn(**changes):
    ax = Figure().add_subplot()
    given = {"errors": ERRORS, "xlabel": "decay", "ylabel": "rate", "limits": (0.1, 0.5)} | changes
    return ax, draw_error_grid(ax, ACROSS, UP, **given)


def test_every_cell_lies_at_its_settings_with_its_error_in_percent():
    ax, mesh = drawn()
    np.testing.assert_array_equal(mesh.get_array(), np.ma.masked_invalid(ERRORS))
    said = {text.get_position(): text.get_text() for text in ax.texts}
    assert said == {(-2, -3): "30", (-1, -3): "10", (-2, -2): "50", (-1, -2): "20", (0, -2): "20"}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [".01", ".1", "1"]


def test_the_best_of_each_row_is_ringed_and_equals_all():
    ax, _ = drawn()
    rings = {tuple(np.concatenate([line.get_xdata(), line.get_ydata()])) for line in ax.lines}
    assert rings == {(-1, -3), (-1, -2), (0, -2)}


def test_tables_share_the_ends_of_their_colours():
    _, mesh = drawn(limits=(0.0, 1.0))
    assert mesh.get_clim() == (0.0, 1.0)


def test_a_table_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"errors must have shape \(2, 3\), got \(3, 2\)"):
        drawn(errors=ERRORS.T)
