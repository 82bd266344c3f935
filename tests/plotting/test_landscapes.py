import jaxtyping
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_landscape, draw_landscape_surface

ALPHA, BETA = np.linspace(-1, 1, 5), np.linspace(-2, 2, 7)


def bowl():
    return 0.1 + ALPHA[:, None] ** 2 + 3 * (BETA[None, :] - 0.5) ** 2


def test_contours_lie_at_equal_ratios_from_the_lowest_to_the_highest_loss():
    ax, values = Figure().subplots(), bowl()
    filled = draw_landscape(ax, ALPHA, BETA, values, num_levels=9)
    assert filled.levels[0] == values.min()
    assert filled.levels[-1] == values.max()
    ratios = filled.levels[1:] / filled.levels[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)
    assert isinstance(filled.norm, LogNorm)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-2, 2))


def test_the_first_axis_of_the_values_is_alpha():
    def lowest_filled_corner(values):
        ax = Figure().subplots()
        filled = draw_landscape(ax, ALPHA, BETA, values, num_levels=12)
        return filled.get_paths()[0].vertices.mean(axis=0)

    slope = 1.0 + np.broadcast_to(ALPHA[:, None], (5, 7)) + 0.01 * BETA + 1
    assert lowest_filled_corner(slope)[0] < -0.9


def test_the_trained_parameters_are_marked_at_the_origin():
    ax = Figure().subplots()
    draw_landscape(ax, ALPHA, BETA, bowl())
    (mark,) = ax.lines
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([0], [0])


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_a_hatched_gap(missing):
    ax, values = Figure().subplots(), bowl()
    values[4, 6] = missing
    filled = draw_landscape(ax, ALPHA, BETA, values)
    (gap,) = [patch for patch in ax.patches if patch.get_hatch()]
    assert gap.get_zorder() < filled.get_zorder()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["loss not finite"]
    assert not any(path.contains_point((0.98, 1.98)) for path in filled.get_paths())
    assert any(path.contains_point((-0.98, 1.9)) for path in filled.get_paths())


def test_a_finite_landscape_has_no_gap():
    ax = Figure().subplots()
    draw_landscape(ax, ALPHA, BETA, bowl())
    assert not [patch for patch in ax.patches if patch.get_hatch()]


def test_a_loss_below_zero_is_contoured_at_equal_differences():
    filled = draw_landscape(Figure().subplots(), ALPHA, BETA, bowl() - 1, num_levels=5)
    np.testing.assert_allclose(np.diff(filled.levels), np.diff(filled.levels)[0])


def test_the_surface_stands_at_the_logarithm_and_leaves_gaps_out():
    figure = Figure()
    ax = figure.add_subplot(projection="3d")
    values = bowl()
    whole = draw_landscape_surface(ax, ALPHA, BETA, values)
    heights = ax.zaxis.get_data_interval()
    assert heights == pytest.approx([np.log10(values.min()), np.log10(values.max())])
    assert len(whole.get_facecolor()) == 4 * 6
    assert ax.get_zlabel() == "log₁₀ loss"
    values[:2, :2] = np.nan
    torn = draw_landscape_surface(figure.add_subplot(projection="3d"), ALPHA, BETA, values)
    figure.draw_without_rendering()
    assert len(torn.get_facecolor()) == 4 * 6 - 1


def test_flat_axes_and_flat_losses_are_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(TypeError, match="ax must have projection='3d', got Axes"):
        draw_landscape_surface(Figure().subplots(), ALPHA, BETA, bowl())
    with pytest.raises(ValueError, match="two finite values that differ"):
        draw_landscape(Figure().subplots(), ALPHA, BETA, np.ones((5, 7)))
    with pytest.raises(ValueError, match="two finite values that differ"):
        draw_landscape(Figure().subplots(), ALPHA, BETA, np.full((5, 7), np.nan))
    with pytest.raises(ValueError, match="at least two points, got 1 and 7"):
        draw_landscape(Figure().subplots(), ALPHA[:1], BETA, bowl()[:1])
