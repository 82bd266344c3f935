"""Variants of HNRC's curvature at half of the steps, on a small corpus laid out as FSDD."""

from dataclasses import replace

import numpy as np
import pytest
from fsdd_like import VOICES, write_fsdd_like

from hnrc_lib.experiments import richer_curvature as experiment
from hnrc_lib.experiments.optimisers.contest import CONTESTS, METHODS, Contest
from hnrc_lib.experiments.optimisers.track import Track
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training.corpora import load_parts

SPEAKERS = tuple(sorted(VOICES.values()))[:2]
SMALL = {"corpus": "fsdd", "batch_size": 16, "model.channels": (4, 4), "model.hidden": 8}
CONTEST = Contest("cnn", "digits", "digits-cnn", SMALL, 8)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def track(data_dir):
    return Track(CONTEST.on_split(SPEAKERS[0]), load_parts("fsdd", held_out=SPEAKERS[0], data_dir=data_dir))


def test_a_variant_differs_from_its_method_in_what_its_name_says():
    plain, many = experiment.VARIANTS["rank-8"], experiment.VARIANTS["rank-64"]
    assert plain.fixed == METHODS["hnrc-k"].fixed
    assert many.fixed == {**plain.fixed, "rank": 64}
    assert {method.share for method in experiment.VARIANTS.values()} == {0.5}


# Gauss–Newton products cost 4/3 of a gradient each, "every-step" one look of 8 for each of 4 steps.
LOOKS = {"rank-8": 8, "rank-64": 64, "every-step": 4 * 8, "rank-64-adam": 64}


@pytest.mark.parametrize("name", [*LOOKS, "per-tensor"])
def test_every_variant_pays_for_its_looks(track, name):
    method = experiment.VARIANTS[name]
    drawn = {"learning_rate": 0.05, "clip": 1.0, "damping": 1.0}
    last = track.run(method.optimizer, method.settings(drawn), CONTEST.budget(method), seed=0)[-1]
    assert last.step == 4
    if name in LOOKS:
        assert last.cost == pytest.approx(4 + LOOKS[name] * 4 / 3, abs=0.02)
    else:
        assert last.cost > 4 + 8 * 4 / 3


def test_the_record_measures_to_the_target_of_the_comparison(data_dir, tmp_path, monkeypatch):
    monkeypatch.setitem(CONTESTS, "cnn", CONTEST)
    config = experiment.Config(("cnn",), ("sgd", "rank-8"), SPEAKERS)
    record = experiment.run(config, data_dir=data_dir, folder=tmp_path)
    assert record.provenance.scale == "reduced"
    assert record.scalars["cnn/target"] == load_record("optimisers").scalars["cnn/target"]
    assert record.arrays["cnn/rank-8/train_loss"].shape == (2, 5)
    again = experiment.run(replace(config), data_dir=data_dir, folder=tmp_path)
    for name, values in again.arrays.items():
        np.testing.assert_array_equal(values, record.arrays[name])
