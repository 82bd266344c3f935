"""The comparison of optimisers on a small corpus laid out as FSDD, and its record."""

import math
from dataclasses import replace

import numpy as np
import pytest
from fsdd_like import VOICES, write_fsdd_like

from hnrc_lib.experiments.optimisers import referee
from hnrc_lib.experiments.optimisers.contest import CONTESTS, METHODS, Contest
from hnrc_lib.experiments.optimisers.track import Budget, Track
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training.corpora import load_parts

SPEAKERS = tuple(sorted(VOICES.values()))[:2]
SMALL = {"corpus": "fsdd", "batch_size": 16, "model.channels": (4, 4), "model.hidden": 8}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def track(data_dir):
    recipe = Contest("cnn", "digits", "digits-cnn", SMALL, 6).on_split(SPEAKERS[0])
    return Track(recipe, load_parts("fsdd", held_out=SPEAKERS[0], data_dir=data_dir))


def test_the_same_seed_gives_the_same_run_and_the_loss_falls(track):
    settings = {"learning_rate": 0.02, "clip": 1.0}
    first, again = (track.run("adam", settings, Budget(20, points=4), seed=3) for _ in range(2))
    assert [(p.step, p.cost, p.train_loss, p.test_error) for p in first] == [
        (p.step, p.cost, p.train_loss, p.test_error) for p in again
    ]
    assert [point.step for point in first] == [0, 5, 10, 15, 20]
    assert first[-1].train_loss < 0.9 * first[0].train_loss
    other = track.run("adam", settings, Budget(20, points=4), seed=4)
    assert other[0].train_loss != first[0].train_loss


@pytest.mark.parametrize("name", METHODS)
def test_every_method_runs_and_counts_its_gradients(track, name):
    method = METHODS[name]
    drawn = {"learning_rate": math.sqrt(method.rate[0] * method.rate[1]), "clip": 5.0}
    if "damping" in method.tuned:
        drawn["damping"] = "lm:1" if name == "hessian-free" else 1.0
    last = track.run(method.optimizer, method.settings(drawn), Budget(6, points=2), seed=0)[-1]
    assert last.step == 6
    assert math.isfinite(last.train_loss)
    products = {"hnrc-1": 2 * 4 / 3, "hnrc-k": 8 * 4 / 3, "hnrc-adam": 8 * 4 / 3, "adahessian": 12.0}
    if name == "hessian-free":
        assert last.cost > 12
    else:
        assert last.cost == pytest.approx(6 + products.get(name, 0), abs=0.01)


def test_a_run_ends_when_its_seconds_are_over(track):
    points = track.run("sgd", {"learning_rate": 0.01}, Budget(10_000, seconds=0.05, points=10), seed=0)
    assert points[-1].step < 10_000
    assert points[-1].seconds >= 0.05


def test_a_run_that_diverges_is_given_up(track):
    points = track.run("sgd", {"learning_rate": 1e12}, Budget(100, points=50), seed=0)
    assert points[-1].train_loss == math.inf
    assert points[-1].test_error == 1.0
    assert points[-1].step < 100


def test_the_record_holds_every_race_and_goes_on_from_its_ledgers(data_dir, tmp_path, monkeypatch):
    small = Contest("cnn", "digits", "digits-cnn", SMALL, 4)
    monkeypatch.setitem(CONTESTS, "cnn", small)
    config = referee.Config(("cnn",), ("adamw", "hnrc-adam"), SPEAKERS, rates=False)
    lines = []
    record = referee.run(config, data_dir=data_dir, folder=tmp_path, progress=lines.append)
    assert lines[0] == "cnn: tune adamw"
    assert record.provenance.scale == "reduced"
    assert record.scalars["cnn/adamw/train_loss_mean"] > 0
    assert record.arrays["cnn/hnrc-adam/train_loss"].shape == (2, 3)
    again = referee.run(replace(config), data_dir=data_dir, folder=tmp_path)
    assert again.scalars == record.scalars
    record.save(tmp_path / "records")
    read = load_record("optimisers", tmp_path / "records")
    np.testing.assert_array_equal(read.arrays["cnn/adamw/step"], record.arrays["cnn/adamw/step"])


def test_the_quick_comparison_needs_no_corpus_but_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.setitem(CONTESTS, "quick", replace(CONTESTS["quick"], steps=2))
    config = referee.Config(("quick",), ("sgd",), (None,), rates=False)
    record = referee.run(config, folder=tmp_path)
    assert record.provenance.corpus == "shipped digits"
    assert record.arrays["quick/sgd/step"].tolist() == [[0.0, 1.0, 2.0]]
    assert record.scalars["quick/target"] is None
