import jaxtyping
import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_damping_curve, draw_reductions, draw_step_limits

POSITIVE = np.geomspace(1e-2, 1e2, 9)


def lines(ax):
    return {
        line.get_label(): (np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in ax.lines
    }


def test_the_fraction_of_newton_is_one_half_where_curvature_equals_damping():
    ax = Figure().subplots()
    draw_damping_curve(ax, POSITIVE, np.array([0.1, 1.0]))
    h, fraction = lines(ax)["λ = 1"]
    np.testing.assert_allclose(fraction, h / (h + 1))
    assert fraction[h == 1.0] == 0.5
    assert ax.get_xscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("curvature h", "h/(h + λ)")


def test_the_inverse_is_capped_at_one_over_the_damping_and_newtons_is_not():
    ax = Figure().subplots()
    draw_damping_curve(ax, POSITIVE, np.array([0.5]), quantity="inverse")
    h, inverse = lines(ax)["λ = 0.5"]
    np.testing.assert_allclose(inverse, 1 / (h + 0.5))
    assert inverse.max() < 2.0
    np.testing.assert_allclose(lines(ax)["Newton, λ = 0"][1], 1 / POSITIVE)
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("samples", [400, 401])
def test_a_line_breaks_at_its_pole_whether_sampled_or_passed(samples):
    ax = Figure().subplots()
    draw_damping_curve(ax, np.linspace(-2, 2, samples), np.array([1.0]), quantity="inverse")
    h, inverse = lines(ax)["λ = 1"]
    gap = np.nonzero(np.isnan(inverse))[0]
    assert h[gap] == pytest.approx([-1.0])
    assert inverse[gap[0] - 1] < 0 < inverse[gap[0] + 1]
    assert ax.get_xscale() == "symlog"


def test_curves_that_make_no_sense_are_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    ax = Figure().subplots()
    with pytest.raises(ValueError, match="quantity must be 'fraction' or 'inverse', got 'both'"):
        draw_damping_curve(ax, POSITIVE, np.ones(1), quantity="both")
    with pytest.raises(ValueError, match="curvatures must ascend"):
        draw_damping_curve(ax, POSITIVE[::-1], np.ones(1))
    with pytest.raises(ValueError, match="dampings must be positive, got 0"):
        draw_damping_curve(ax, POSITIVE, np.zeros(1))


def test_step_limits_show_angles_lengths_asymptotes_and_where_newton_fails():
    angles, lengths = Figure().subplots(1, 2)
    damping = np.array([0.1, 1.0, 10.0, 100.0])
    draw_step_limits(
        angles,
        lengths,
        damping,
        np.array([80.0, 40.0, 4.0, 0.4]),
        np.array([5.0, 30.0, 60.0, 70.0]),
        np.array([3.0, 1.0, 0.2, 0.02]),
        gradient_norm=2.0,
        newton_length=4.0,
        positive_definite=np.array([False, False, True, True]),
    )
    np.testing.assert_array_equal(lines(angles)["to −gradient"][1], [80.0, 40.0, 4.0, 0.4])
    np.testing.assert_array_equal(lines(angles)["to Newton's step"][1], [5.0, 30.0, 60.0, 70.0])
    np.testing.assert_array_equal(lines(lengths)["step"][1], [3.0, 1.0, 0.2, 0.02])
    np.testing.assert_allclose(lines(lengths)["‖g‖/λ"][1], 2.0 / damping)
    assert set(lines(lengths)["Newton's step"][1]) == {4.0}
    for ax in (angles, lengths):
        assert ax.get_xscale() == "log"
        span = next(patch for patch in ax.patches if patch.get_hatch())
        assert (span.get_x(), span.get_x() + span.get_width()) == (0.1, 10.0)
        assert span.get_label() == "H + λI not positive definite"


def test_nothing_is_hatched_where_every_damping_is_enough():
    ax = Figure().subplots()
    damping = np.array([1.0, 2.0])
    draw_reductions(ax, damping, np.array([0.5, 0.4]), np.array([0.4, 0.4]), positive_definite=damping > 0)
    assert not ax.patches
    np.testing.assert_array_equal(lines(ax)["predicted"][1], [0.5, 0.4])
    np.testing.assert_array_equal(lines(ax)["measured"][1], [0.4, 0.4])
    assert ax.get_yscale() == "symlog"


@pytest.mark.parametrize("damping", [np.array([0.0, 1.0]), np.array([2.0, 1.0])])
def test_dampings_out_of_order_are_refused(damping):
    with pytest.raises(ValueError, match="damping must be positive and ascend"):
        draw_reductions(Figure().subplots(), damping, damping, damping, positive_definite=damping > 0)
