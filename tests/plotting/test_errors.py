import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_effects, draw_errors


def test_errors_are_percent_and_start_at_zero():
    ax = Figure().subplots()
    draw_errors(
        ax, np.array([5.0, 10.0]), {"a": np.array([0.2, 0.1]), "b": np.array([0.3, 0.2])}, xlabel="dB"
    )
    np.testing.assert_allclose(np.asarray(ax.lines[1].get_ydata()), [30.0, 20.0])
    assert ax.get_ylim()[0] == 0
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    assert len({str(line.get_marker()) for line in ax.lines}) == 2


def test_a_curve_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"curves\['a'\] must have 2 points, got 1"):
        draw_errors(Figure().subplots(), np.array([5.0, 10.0]), {"a": np.array([0.2])}, xlabel="dB")


def test_an_effect_has_its_splits_and_their_geometric_mean():
    ax = Figure().subplots()
    draw_effects(ax, {"one": np.array([1.0, 4.0]), "two": np.array([0.5, 0.5])}, ylabel="ratio")
    splits, mean, *_, unity = ax.lines
    np.testing.assert_array_equal(np.asarray(splits.get_ydata()), [1.0, 4.0])
    np.testing.assert_allclose(np.asarray(mean.get_ydata()), [2.0, 2.0])
    assert (np.asarray(unity.get_ydata())[0], ax.get_yscale()) == (1.0, "log")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["one", "two"]


def test_a_ratio_that_is_not_positive_is_named():
    with pytest.raises(ValueError, match=r"effects\['one'\] must be positive, got 0\.0"):
        draw_effects(Figure().subplots(), {"one": np.array([1.0, 0.0])}, ylabel="ratio")
