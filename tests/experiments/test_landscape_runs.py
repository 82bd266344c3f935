from dataclasses import asdict, fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator

from hnrc_lib.experiments import landscape_runs
from hnrc_lib.experiments.landscape_runs import RUNS, Config
from hnrc_lib.experiments.optimisers.track import Point, Track
from hnrc_lib.experiments.record import load_record

QUICK = Config(contest="quick", held_out=None, steps=6, every=2, num_utterances=20, num_points=3, rate=0.02)


@pytest.fixture(scope="module")
def seen():
    """The quick record, and the weights from which it was made."""
    kept = []
    train = landscape_runs._train

    def keep(*arguments):
        kept.append(train(*arguments))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landscape_runs, "_train", keep)
        record = landscape_runs.run(QUICK)
    return record, [[_flat(point) for point in one.weights] for one in kept]


@pytest.fixture(scope="module")
def shipped():
    return load_record(landscape_runs.NAME)


def _flat(weights):
    return torch.cat([value.double().flatten() for value in weights.values()]).numpy()


def test_all_runs_share_the_start_and_then_part(seen):
    record, runs = seen
    for one in runs[1:]:
        np.testing.assert_array_equal(one[0], runs[0][0])
    ends = [one[-1] for one in runs]
    assert min(np.linalg.norm(a - b) for i, a in enumerate(ends) for b in ends[:i]) > 1e-3
    arrays = record.arrays
    assert arrays["coordinates"].shape == (4, 4, 2)
    assert not arrays["coordinates"][:, 0].any()
    np.testing.assert_array_equal(arrays["run_loss"][:, 0], arrays["run_loss"][0, 0])
    assert arrays["steps"].tolist() == [0, 2, 4, 6]


def test_the_plane_is_that_of_the_dense_singular_vectors(seen):
    record, runs = seen
    moved = np.array([one[1:] for one in runs]).reshape(12, -1) - runs[0][0]
    _, sizes, directions = np.linalg.svd(moved, full_matrices=False)
    share = sizes[:2] ** 2 / (sizes**2).sum()
    np.testing.assert_allclose(record.scalars["explained"], share, rtol=1e-5)
    inside = (moved @ directions[:2].T).reshape(4, 3, 2)
    found = record.arrays["coordinates"][:, 1:]
    np.testing.assert_allclose(np.abs(found), np.abs(inside), rtol=1e-3, atol=1e-5)
    distance = np.linalg.norm(moved, axis=1).reshape(4, 3)
    np.testing.assert_allclose(record.arrays["distance"][:, 1:], distance, rtol=1e-5)
    off = np.sqrt(distance**2 - (inside**2).sum(2))
    np.testing.assert_allclose(record.arrays["off_plane"][:, 1:], off, rtol=1e-2, atol=1e-4)
    shares = (inside**2).sum((1, 2)) / (distance**2).sum(1)
    np.testing.assert_allclose(record.scalars["explained_of"], shares, rtol=1e-4)


def test_the_grid_is_a_square_about_all_runs(seen):
    record, _ = seen
    arrays = record.arrays
    assert arrays["loss"].shape == (3, 3)
    sides = [np.ptp(arrays[name]) for name in ("alpha", "beta")]
    assert sides[0] == pytest.approx(sides[1])
    for axis, name in enumerate(("alpha", "beta")):
        inside = arrays["coordinates"][..., axis]
        assert arrays[name][0] < inside.min()
        assert inside.max() < arrays[name][-1]


def test_the_start_lies_on_the_plane():
    def loss(params):
        return sum(value.double().square().sum() for value in params.values())

    start = {"x": torch.tensor([1.0, 2.0])}
    found = landscape_runs.trajectory_directions(
        [{"x": torch.tensor([2.0, 2.0])}, {"x": torch.tensor([2.0, 4.0])}, start]
    )
    box = np.array([[[-1.0, -1.0], [1.0, 1.0]]])
    arrays = landscape_runs._surface(QUICK, found, start, box, loss)
    assert arrays["loss"][1, 1] == pytest.approx(5)
    assert arrays["alpha"].tolist() == pytest.approx([-1.24, 0, 1.24])


def test_a_run_says_how_it_was_made(seen):
    record, _ = seen
    assert record.provenance.scale == "reduced"
    assert record.provenance.config == asdict(QUICK)
    assert record.scalars["runs"] == list(RUNS)
    methods = record.scalars["methods"]
    assert methods["clipped"][1]["clip"] == QUICK.clip
    assert methods["damped"][1] | {"rank": 8, "damping": 1.0, "learning_rate": 0.02} == methods["damped"][1]
    assert methods["decayed"][1]["weight_decay"] == QUICK.decay


def test_a_run_that_diverges_is_refused_by_name():
    losses = np.array([[3.0, 1.0], [3.0, np.inf], [3.0, 1.0], [3.0, 1.0]])
    with pytest.raises(ValueError, match="every run must stay finite, but the loss of 'clipped' reached inf"):
        landscape_runs._check_finite(losses)


class _GivesUp(Track):
    """A track on which every run is given up at its fourth step."""

    def __init__(self):
        pass

    def learner(self, optimizer, settings, seed):
        return SimpleNamespace(model=torch.nn.Linear(1, 1)), None

    def train_learner(self, learner, optimizer, budget, seed, watch):
        return [Point(0, 0.0, 0.0, 1.0, 1.0), Point(4, 4.0, 0.0, np.inf, 1.0)]


def test_a_run_that_is_given_up_is_refused_by_name():
    with pytest.raises(ValueError, match="every run must stay finite, but 'damped' ended at step 4"):
        landscape_runs._train(QUICK, _GivesUp(), "damped", lambda line: None)


def test_steps_that_every_does_not_divide_are_refused():
    with pytest.raises(ValueError, match="every must divide steps, 6, got 4"):
        landscape_runs.run(replace(QUICK, every=4))


def test_the_record_is_of_real_speech_in_full(shipped):
    where = shipped.provenance
    assert where.scale == "full"
    assert set(where.config) == {field.name for field in fields(Config)}
    assert where.corpus == "FSDD, george held out"
    arrays = shipped.arrays
    assert arrays["loss"].shape == (49, 49)
    assert np.isfinite(arrays["loss"]).all()
    assert (arrays["run_loss"][:, -1] < 0.5 * arrays["run_loss"][:, 0]).all()
    assert sum(shipped.scalars["explained"]) > 0.75


def test_the_recorded_plane_has_the_start_s_loss_where_it_begins(shipped):
    arrays = shipped.arrays
    axes = arrays["alpha"], arrays["beta"]
    between = RegularGridInterpolator(axes, np.log(arrays["loss"]))
    assert np.exp(between([[0, 0]])[0]) == pytest.approx(arrays["run_loss"][0, 0], rel=0.2)
