import math
from dataclasses import replace

import numpy as np
import pytest

from hnrc_lib.experiments import sweep
from hnrc_lib.experiments.optimisers.contest import CONTESTS
from hnrc_lib.experiments.optimisers.track import Budget, Track
from hnrc_lib.training.corpora import load_parts

SMALL = sweep.Config(
    damping=(math.inf, 3.0),
    decay=(0.0,),
    clip=(math.inf, 0.5),
    steps=3,
    seeds=(4,),
    rank=2,
    contest="quick",
    held_out=None,
)


@pytest.fixture(scope="module")
def record():
    return sweep.run(SMALL)


def test_every_combination_has_its_curve_its_norms_and_what_it_heard(record):
    assert record.provenance.scale == "reduced"
    arrays = record.arrays
    assert arrays["steps"].tolist() == [0, 1, 2, 3]
    assert arrays["train_loss"].shape == arrays["test_error"].shape == (2, 1, 2, 1, 4)
    assert arrays["grad_norm"].shape == (2, 1, 2, 1, 3)
    assert arrays["heard"].shape == (2, 1, 2, 1, 40)
    assert record.scalars["clip_digits"] == list(range(10)) * 4
    assert np.isin(arrays["heard"], range(10)).all()
    assert np.array_equal(arrays["clipped"][..., 0], (arrays["grad_norm"][..., 0, :] > SMALL_CLIPS).mean(-1))


SMALL_CLIPS = np.array([math.inf, 0.5])[None, None, :, None]


def test_all_combinations_start_alike_and_end_apart(record):
    losses = record.arrays["train_loss"][:, 0, :, 0]
    assert np.unique(losses[..., 0]).size == 1
    assert np.unique(losses[..., -1]).size == losses[..., -1].size


def test_infinite_damping_is_gradient_descent_with_momentum(record):
    recipe = CONTESTS["quick"].on_split(None)
    track = Track(recipe, load_parts(recipe.corpus))
    points = track.run("sgd", {"learning_rate": 0.05, "momentum": 0.9, "clip": 0.5}, Budget(3), seed=4)
    assert record.arrays["train_loss"][0, 0, 1, 0].tolist() == [point.train_loss for point in points]


def test_a_diverged_run_has_no_numbers_from_there_on():
    wild = replace(SMALL, damping=(math.inf,), clip=(math.inf,), rate=1e20, steps=14)
    record = sweep.run(wild)
    assert record.scalars["diverged"] == 1
    losses = record.arrays["train_loss"][0, 0, 0, 0]
    assert np.isfinite(losses[0])
    assert np.isnan(losses[-1])
    assert (record.arrays["heard"] == -1).all()
