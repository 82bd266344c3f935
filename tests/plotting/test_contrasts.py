import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from hnrc_lib.plotting.contrasts import draw_contrasts, draw_settings


def test_every_effect_has_its_replicates_its_mean_and_its_interval():
    ax = Figure().subplots()
    replicates = np.array([[1.0, 3.0], [-2.0, 0.0]])
    draw_contrasts(ax, ("a", "b"), replicates, np.array([[0.5, 3.5], [-3.0, 1.0]]), xlabel="nats")
    (bars,) = ax.collections
    assert isinstance(bars, LineCollection)
    ends = [segment[:, 0].tolist() for segment in bars.get_segments()]
    assert ends == [[0.5, 3.5], [-3.0, 1.0]]
    zero, mean, *points = ax.lines
    assert np.asarray(mean.get_xdata()).tolist() == [2.0, -1.0]
    np.testing.assert_array_equal([np.asarray(line.get_xdata()) for line in points], replicates.T)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_ylim() == (1.5, -0.5)
    assert np.asarray(zero.get_xdata()).tolist() == [0.0, 0.0]


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="must have 1 rows, got 2 and 1"):
        draw_contrasts(Figure().subplots(), ("a",), np.zeros((2, 3)), np.zeros((1, 2)), xlabel="")


def test_a_setting_is_the_geometric_mean_over_its_replicates():
    ax = Figure().subplots()
    draw_settings(ax, np.array([0.0, 1.0]), {"on": np.array([[1.0, 2.0], [4.0, 8.0]])}, ylabel="loss")
    *replicates, mean = ax.lines
    assert len(replicates) == 2
    np.testing.assert_allclose(np.asarray(mean.get_ydata()), [2.0, 4.0])
    assert ax.get_yscale() == "log"
