import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting.envelopes import draw_envelopes


def test_power_is_drawn_in_decibels():
    ax = Figure().subplots()
    frequencies = np.array([0.0, 100.0])
    draw_envelopes(ax, frequencies, np.array([1.0, 0.01]), {"λ": np.array([10.0, 1.0])})
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    np.testing.assert_allclose(drawn["the frame"], [0, -20], atol=1e-12)
    np.testing.assert_allclose(drawn["λ"], [10, 0], atol=1e-12)


def test_no_decibels_of_nothing():
    with pytest.raises(ValueError, match="power must be positive, got 0"):
        draw_envelopes(Figure().subplots(), np.zeros(1), np.zeros(1), {})
