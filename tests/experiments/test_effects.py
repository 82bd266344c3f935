from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.experiments.effects import factorial_effects

NAMES = ("damping", "decay", "clipping")


def by_the_formula(responses, chosen):
    """The sum over all combinations, sign by sign."""
    k = responses.ndim - 1
    total = np.zeros(responses.shape[-1])
    for place in product((0, 1), repeat=k):
        sign = np.prod([2 * place[axis] - 1 for axis in chosen])
        total = total + sign * responses[place]
    return total / 2 ** (k - 1)


@settings(deadline=None, max_examples=8)
@given(st.integers(1, 3), st.integers(2, 4), st.integers(0, 99))
def test_every_contrast_is_the_signed_sum_over_all_combinations(k, count, seed):
    responses = np.random.default_rng(seed).normal(size=(*[2] * k, count))
    effects = factorial_effects(responses, [f"f{axis}" for axis in range(k)])
    assert len(effects) == 2**k - 1
    sets = [chosen for order in range(1, k + 1) for chosen in combinations(range(k), order)]
    for effect, chosen in zip(effects, sets, strict=True):
        assert effect.factors == tuple(f"f{axis}" for axis in chosen)
        np.testing.assert_allclose(effect.replicates, by_the_formula(responses, chosen), atol=1e-12)


def test_what_a_replicate_adds_to_all_its_runs_cancels():
    responses = np.random.default_rng(0).normal(size=(2, 2, 2, 4))
    shifted = responses + np.array([0.0, 10.0, -30.0, 7.0])
    for one, other in zip(
        factorial_effects(responses, NAMES), factorial_effects(shifted, NAMES), strict=True
    ):
        np.testing.assert_allclose(one.replicates, other.replicates, atol=1e-12)


def test_an_additive_response_has_no_interaction():
    a, b = np.array([0.0, 2.0])[:, None, None], np.array([1.0, 5.0])[None, :, None]
    effects = factorial_effects(a + b + np.zeros((2, 2, 3)), ("a", "b"))
    assert [effect.mean for effect in effects] == [2.0, 4.0, 0.0]
    assert [effect.excludes_zero for effect in effects] == [True, True, False]


def test_the_interval_is_students():
    from scipy.stats import ttest_1samp

    responses = np.random.default_rng(1).normal(size=(2, 2, 6))
    (effect, *_) = factorial_effects(responses, ("a", "b"), coverage=0.9)
    expected = ttest_1samp(effect.replicates, 0.0).confidence_interval(0.9)
    np.testing.assert_allclose((effect.low, effect.high), (expected.low, expected.high))


@pytest.mark.parametrize(
    ("responses", "coverage", "message"),
    [
        (np.zeros((2, 3, 4)), 0.95, r"shape \(2, 2\) and replicates for \['a', 'b'\], got \(2, 3, 4\)"),
        (np.zeros((2, 2, 1)), 0.95, "at least 2 replicates, got 1"),
        (np.full((2, 2, 3), np.nan), 0.95, "responses must be finite"),
        (np.zeros((2, 2, 3)), 1.0, "coverage must lie between 0 and 1, got 1.0"),
    ],
)
def test_what_is_no_design_is_refused(responses, coverage, message):
    with pytest.raises(ValueError, match=message):
        factorial_effects(responses, ("a", "b"), coverage=coverage)
