import jaxtyping
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_training_curves

STEPS = np.arange(4)


def test_each_curve_is_a_line_with_its_name_colour_and_dashes():
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["#010203", "#040506"])}):
        ax = Figure().subplots()
        draw_training_curves(
            ax, STEPS, {"train": np.array([4.0, 2, 1, 0.5]), "test": np.ones(4)}, ylabel="nats"
        )
    first, second = ax.lines
    np.testing.assert_array_equal(first.get_ydata(), [4.0, 2, 1, 0.5])
    assert (first.get_color(), second.get_color()) == ("#010203", "#040506")
    assert first.get_linestyle() != second.get_linestyle()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "test"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch", "nats", "linear")


def test_a_diverged_loss_leaves_a_gap():
    ax = Figure().subplots()
    draw_training_curves(ax, STEPS, {"train": np.array([1.0, np.inf, np.nan, 2.0])}, logarithmic=True)
    np.testing.assert_array_equal(np.isnan(ax.lines[0].get_ydata()), [False, True, True, False])
    assert ax.get_yscale() == "log"
    assert ax.get_legend() is None


def test_curves_that_cannot_be_drawn_are_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    ax = Figure().subplots()
    with pytest.raises(ValueError, match="curves must name at least one"):
        draw_training_curves(ax, STEPS, {})
    with pytest.raises(ValueError, match=r"curves\['train'\] must have shape \(4,\), got \(3,\)"):
        draw_training_curves(ax, STEPS, {"train": np.ones(3)})
    with pytest.raises(
        ValueError, match=r"curves\['train'\] must have a positive value on a logarithmic axis"
    ):
        draw_training_curves(ax, STEPS, {"train": np.zeros(4)}, logarithmic=True)
