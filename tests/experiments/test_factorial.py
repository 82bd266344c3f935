from dataclasses import replace

import numpy as np
import pytest

from hnrc_lib.experiments import factorial
from hnrc_lib.experiments.optimisers.contest import CONTESTS
from hnrc_lib.experiments.optimisers.track import Budget, Track
from hnrc_lib.training.corpora import load_parts

SMALL = factorial.Config(
    clip=0.5, pilot_rates=(0.05,), steps=2, speakers=(None,), rank=1, points=1, contest="quick"
)


@pytest.fixture(scope="module")
def record():
    return factorial.run(SMALL)


def test_every_combination_has_its_curve_and_its_errors(record):
    arrays = record.arrays
    assert record.provenance.scale == "reduced"
    assert arrays["steps"].tolist() == [0, 2]
    assert arrays["train_loss"].shape == (2, 2, 2, 1, 2)
    assert arrays["grad_norm"].shape == arrays["batch_loss"].shape == (2, 2, 2, 1, 2)
    assert arrays["errors"].shape == (2, 2, 2, 1, arrays["words"].shape[1])
    rates = arrays["errors"].sum(-1) / arrays["words"].sum(-1)
    np.testing.assert_allclose(rates, arrays["test_error"][..., -1])
    assert record.scalars["num_runs"] == 8


def test_a_combination_is_the_training_that_its_switches_name(record):
    recipe = CONTESTS["quick"].on_split(None)
    track = Track(recipe, load_parts(recipe.corpus))
    settings = {"learning_rate": 0.05, "momentum": 0.9, "clip": 0.5}
    points = track.run("sgd", settings, Budget(2, points=1), seed=1)
    found = record.arrays["train_loss"][0, 0, 1, 0]
    assert found.tolist() == [point.train_loss for point in points]
    assert not np.array_equal(found, record.arrays["train_loss"][0, 0, 0, 0])


def test_the_switches_are_in_the_order_of_the_axes(record):
    final = record.arrays["train_loss"][..., 0, -1]
    assert np.unique(final).size == 8
    clipped = record.arrays["clipped"][..., 0]
    assert (clipped[..., 0] == 0).all()
    assert (clipped[..., 1] > 0).all()
    seconds = record.arrays["seconds"][..., 0]
    assert seconds.shape == (2, 2, 2)
    assert (seconds > 0).all()


def test_the_rate_is_the_largest_at_which_nothing_switched_on_stays_finite():
    wild = replace(SMALL, pilot_rates=(1e20, 0.05, 0.02))
    recipe = CONTESTS["quick"].on_split(None)
    track = Track(recipe, load_parts(recipe.corpus))
    losses, rate = factorial._pilot(wild, track, lambda line: None)
    assert np.isfinite(losses).tolist() == [False, True, True]
    assert rate == 0.05
    with pytest.raises(ValueError, match="at which nothing diverges"):
        factorial._pilot(replace(wild, pilot_rates=(1e20,)), track, lambda line: None)
