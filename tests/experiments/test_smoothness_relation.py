import numpy as np
import pytest
from scipy.stats import spearmanr

from hnrc_lib.experiments.smoothness_relation import Interval, Relation, relation

STEPS = np.arange(0, 96, 4)


def _noise(seed, rows=2):
    return np.random.default_rng(seed).normal(size=(rows, len(STEPS)))


def test_the_four_numbers_are_those_of_one_run_after_another():
    x, y = np.exp(_noise(0)), np.exp(0.5 * _noise(0) + _noise(1))
    found = relation(x, y, STEPS, draws=50)
    slopes, ranks, partials, changes = [], [], [], []
    for a, b in zip(np.log(x), np.log(y), strict=True):
        slopes.append(np.polyfit(a, b, 1)[0])
        ranks.append(spearmanr(a, b)[0])
        changes.append(spearmanr(np.diff(a), np.diff(b))[0])
        rank_a, rank_b = (v.argsort().argsort().astype(float) for v in (a, b))
        rests = [r - np.polyval(np.polyfit(STEPS, r, 1), STEPS) for r in (rank_a, rank_b)]
        partials.append(np.corrcoef(rests)[0, 1])
    assert found.slope.value == pytest.approx(np.mean(slopes))
    assert found.rank.value == pytest.approx(np.mean(ranks))
    assert found.at_equal_step.value == pytest.approx(np.mean(partials))
    assert found.changes.value == pytest.approx(np.mean(changes))


def test_what_goes_together_agrees_what_goes_against_opposes_and_chance_is_open():
    x = np.exp(_noise(0))
    assert relation(x, x * np.exp(0.1 * _noise(1)), STEPS).verdict == "agree"
    assert relation(x, np.exp(0.1 * _noise(1)) / x, STEPS).verdict == "oppose"
    assert relation(x, np.exp(_noise(2)), STEPS).verdict == "open"


def test_what_only_time_brings_together_does_not_outlast_it():
    falling = -STEPS / 20
    x, y = np.exp(falling + 0.3 * _noise(0)), np.exp(falling + 0.3 * _noise(1))
    found = relation(x, y, STEPS)
    assert found.verdict == "agree"
    assert not found.outlasts_time
    assert found.changes.low < 0 < found.changes.high
    together = relation(x, x * np.exp(0.1 * _noise(1)), STEPS)
    assert together.outlasts_time


def test_the_interval_holds_the_number_for_nine_tenths_of_samples():
    inside = 0
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=(2, 3, len(STEPS)))
        found = relation(np.exp(noise[0]), np.exp(noise[0] + noise[1]), STEPS, draws=200)
        inside += found.slope.low <= 1 <= found.slope.high
    assert inside >= 30


def test_a_run_that_ended_early_counts_with_the_looks_it_had():
    x, y = np.exp(_noise(0)), np.exp(_noise(1))
    cut = y.copy()
    cut[1, 12:] = np.nan
    short = relation(x[1:, :12], y[1:, :12], STEPS[:12], draws=20).rank.value
    whole = relation(x[:1], y[:1], STEPS, draws=20).rank.value
    assert relation(x, cut, STEPS, draws=20).rank.value == pytest.approx((short + whole) / 2)
    cut[1, 7:] = np.nan
    with pytest.raises(ValueError, match="a run must have at least 8 looks, got 7"):
        relation(x, cut, STEPS)


def test_a_verdict_takes_both_intervals():
    above, across, below = Interval(1, 0.5, 2), Interval(1, -0.5, 2), Interval(-1, -2, -0.5)
    assert Relation(above, above, below, below).verdict == "agree"
    assert Relation(above, across, above, above).verdict == "open"
    assert Relation(below, below, above, above).verdict == "oppose"
    assert Relation(above, above, above, below).outlasts_time
    assert not Relation(above, above, across, above).outlasts_time
