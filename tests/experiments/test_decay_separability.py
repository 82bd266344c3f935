import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.experiments.decay_separability import (
    best_decays,
    by_product,
    fitted_surface,
    octaves,
    resampled_errors,
)

RATES, DECAYS = 10.0 ** np.arange(-3, 0, 0.5), 10.0 ** np.arange(-4, 0, 0.5)


def valley(slope, rates=RATES, decays=DECAYS, shift=0.0):
    """Errors whose lowest decay lies on a line of that slope."""
    x, y = np.log2(rates)[:, None] + 5, np.log2(decays) + 6 + shift
    return 0.1 * np.exp(0.01 * (y - slope * x) ** 2 + 0.02 * x**2)


@given(st.floats(-2, 2))
def test_the_slope_of_a_valley_is_found(slope):
    assert fitted_surface(RATES, DECAYS, valley(slope), within=1e9).slope == pytest.approx(slope, abs=1e-6)


def test_the_other_parametrisation_has_a_slope_that_is_larger_by_one():
    """The same cells under their product with the rate: a sheared table, fitted cell by cell."""
    slope = fitted_surface(RATES, DECAYS, valley(-0.7), within=1e9).slope
    x, y = np.meshgrid(np.log2(RATES), np.log2(DECAYS), indexing="ij")
    columns = np.stack([x**0, x, x + y, x * x, x * (x + y), (x + y) ** 2], -1).reshape(-1, 6)
    terms = np.linalg.lstsq(columns, np.log(valley(-0.7)).ravel(), rcond=None)[0]
    assert -terms[4] / (2 * terms[5]) == pytest.approx(slope + 1)


def test_cells_far_from_the_best_are_left_out():
    errors = valley(-1.0)
    spoiled = np.where(errors > 2 * errors.min(), 0.9, errors)
    found = fitted_surface(RATES, DECAYS, spoiled)
    assert found.slope == pytest.approx(-1.0)
    assert found.num_cells == (errors <= 2 * errors.min()).sum()


def test_a_ridge_has_no_best_decay_and_too_few_cells_no_surface():
    ridge = 0.01 / valley(0.3)
    assert np.isnan(fitted_surface(RATES, DECAYS, ridge, within=1e9).slope)
    lonely = np.full_like(ridge, 0.9)
    lonely[0, 0] = 0.1
    assert np.isnan(fitted_surface(RATES, DECAYS, lonely).slope)


def test_the_best_decay_is_read_at_good_rates_alone():
    rates, decays = np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0])
    kept, best = best_decays(rates, decays, np.array([[0.2, 0.3], [0.29, 0.29], [0.31, 0.4]]))
    assert kept.tolist() == [1.0, 2.0]
    assert best.tolist() == [1.0, 2.0]
    assert octaves(best) == 1.0


def test_by_their_product_cells_move_and_keep_their_errors():
    errors = valley(-0.5)
    products, table = by_product(RATES, DECAYS, errors)
    assert np.isfinite(table).sum() == errors.size
    for row, rate in enumerate(RATES):
        for column, decay in enumerate(DECAYS):
            place = np.isclose(products, rate * decay)
            assert place.sum() == 1
            assert table[row, place][0] == errors[row, column]


def test_resampling_draws_seeds_and_utterances_alike_for_all_cells():
    wrong = np.zeros((2, 3, 2, 50), bool)
    wrong[0, 0, 0] = True  # one seed of one cell reads nothing
    wrong[1, :, :, :25] = True  # half of the utterances are misread by every run
    tables = np.stack(list(resampled_errors(wrong, num_samples=400, seed=0)))
    assert set(np.round(tables[:, 0, 0], 6)) == {0.01, 0.5, 1.0}
    assert (tables[:, 1] == tables[:, 1, :1]).all()
    assert tables[:, 1, 0].mean() == pytest.approx(0.5, abs=0.02)
    assert tables[:, 1, 0].std() == pytest.approx(np.sqrt(0.25 / 50), rel=0.15)
    assert (tables[:, 0, 1] == 0.01).all()
