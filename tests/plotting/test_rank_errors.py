import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_rank_errors

RANKS = np.array([1, 2, 4])
ERRORS = {"leading": np.array([1.0, 0.5, 0.1]), "random": np.array([2.0, 1.9, 1.8])}


def test_every_error_is_drawn_in_the_colour_of_its_directions():
    ax = Figure().subplots()
    draw_rank_errors(ax, RANKS, ERRORS, {"random": np.array([0.9, 0.8, 0.7])}, without=3.0)
    solid = {line.get_label(): line for line in ax.lines if line.get_linestyle() == "-"}
    assert set(solid) == set(ERRORS)
    for name, line in solid.items():
        np.testing.assert_array_equal(line.get_ydata(), ERRORS[name])
    (dashed,) = (line for line in ax.lines if line.get_linestyle() == "--")
    assert dashed.get_color() == solid["random"].get_color() != solid["leading"].get_color()
    (dotted,) = (line for line in ax.lines if line.get_linestyle() == ":")
    assert set(dotted.get_ydata()) == {3.0}
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "4"]


@pytest.mark.parametrize("ranks", [[2, 1, 4], [0, 1, 2]])
def test_ranks_must_ascend_from_one(ranks):
    with pytest.raises(ValueError, match="ranks must be at least 1 and ascend"):
        draw_rank_errors(Figure().subplots(), np.array(ranks), ERRORS)


def test_truncated_errors_belong_to_known_directions():
    with pytest.raises(ValueError, match="truncated must have names of corrected, got other"):
        draw_rank_errors(Figure().subplots(), RANKS, ERRORS, {"other": ERRORS["random"]})
