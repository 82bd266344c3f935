import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting.solvers import draw_convergence, draw_solver_errors


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def test_the_guides_are_precision_times_powers_of_the_condition_number():
    ax = Figure().subplots()
    kappa = np.array([1.0, 10.0, 100.0])
    errors = {"inverse": np.array([1e-7, np.nan, 1e-3])}
    draw_solver_errors(ax, kappa, errors, precision=1e-7)
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["εκ"][:, 1], [1e-7, 1e-6, 1e-5])
    np.testing.assert_allclose(drawn["εκ²"][:, 1], [1e-7, 1e-5, 1e-3])
    np.testing.assert_array_equal(drawn["inverse"][:, 1], errors["inverse"])


def test_the_bound_is_that_of_conjugate_gradients():
    ax = Figure().subplots()
    draw_convergence(ax, {"plain": np.array([1.0, 0.5, 0.1]), "other": np.ones(2)}, {"plain": 9.0})
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["bound, κ = 9"][:, 1], [2, 1, 0.5])  # (3 − 1)/(3 + 1) = ½
    assert set(drawn) == {"plain", "bound, κ = 9", "other"}


def test_what_does_not_fit_is_refused():
    ax = Figure().subplots()
    with pytest.raises(ValueError, match=r"errors\['QR'\] must have shape \(3,\), got \(2,\)"):
        draw_solver_errors(ax, np.ones(3), {"QR": np.ones(2)}, precision=1e-7)
    with pytest.raises(ValueError, match="precision must be positive, got 0"):
        draw_solver_errors(ax, np.ones(3), {}, precision=0.0)
    with pytest.raises(ValueError, match=r"bounds must be of iterations that are drawn, \['x'\] are not"):
        draw_convergence(ax, {}, {"x": 2.0})
