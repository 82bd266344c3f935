import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting.dictionary import draw_dictionary

DAMPING = np.array([0.1, 1.0, 10.0])
WORDS = {"length": np.array([3.0, 2.0, 1.0]), "threshold": np.array([np.nan, 0.5, 0.25])}
REDUCTIONS = (np.array([0.3, 0.2, 0.1]), np.array([-0.1, 0.15, 0.1]))


def test_every_word_has_its_axes_and_the_last_has_both_reductions():
    axes = list(Figure().subplots(1, 3))
    draw_dictionary(axes, DAMPING, WORDS, REDUCTIONS, least=0.0)
    for ax, (name, values) in zip(axes, WORDS.items(), strict=False):
        assert (ax.get_ylabel(), ax.get_xscale(), ax.get_yscale()) == (name, "log", "log")
        (line,) = ax.lines
        np.testing.assert_array_equal(line.get_xdata(), DAMPING)
        np.testing.assert_array_equal(line.get_ydata(), values)
    promised, came = axes[-1].lines[:2]
    np.testing.assert_array_equal(promised.get_ydata(), REDUCTIONS[0])
    np.testing.assert_array_equal(came.get_ydata(), REDUCTIONS[1])
    assert not axes[-1].patches


def test_the_least_damping_is_marked_where_it_is_positive():
    axes = list(Figure().subplots(1, 3))
    draw_dictionary(axes, DAMPING, WORDS, REDUCTIONS, least=0.5)
    for ax in axes[:-1]:
        assert list(ax.lines[1].get_xdata()) == [0.5, 0.5]
    assert [patch.get_hatch() for patch in axes[-1].patches] == ["///"]


@pytest.mark.parametrize("count", [2, 4])
def test_a_wrong_number_of_axes_is_refused(count):
    axes = list(Figure().subplots(1, count, squeeze=False)[0])
    with pytest.raises(ValueError, match=f"axes must be 3, one for each word and one more, got {count}"):
        draw_dictionary(axes, DAMPING, WORDS, REDUCTIONS, least=0.0)
