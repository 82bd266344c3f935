from dataclasses import fields

import numpy as np
import pytest

from hnrc_lib.experiments import edge_of_stability
from hnrc_lib.experiments.edge_crossings import crossings
from hnrc_lib.experiments.edge_of_stability import PLAN, Config
from hnrc_lib.experiments.record import load_record


@pytest.fixture(scope="module")
def recorded():
    return load_record(edge_of_stability.NAME)


def test_the_record_is_of_real_speech_in_full(recorded):
    where = recorded.provenance
    assert where.scale == "full"
    assert set(where.config) == {field.name for field in fields(Config)}
    assert where.corpus.startswith("FSDD")
    assert [(run["loss"], run["method"], run["rate"]) for run in recorded.scalars["runs"]] == [
        tuple(p) for p in PLAN
    ]
    assert np.isfinite(recorded.arrays["sharpness"]).all()
    assert all(run["test_error"] < 0.5 for run in recorded.scalars["runs"])


def test_the_record_shows_sharpness_at_the_limit_with_squared_error(recorded):
    found = crossings(recorded.arrays)
    for one in found[:3]:
        assert one.step is not None
        assert 0.95 < one.level < 1.1
    assert found[3].step is None
    assert found[3].peak > 2 * found[3].initial


def test_the_record_shows_each_method_at_its_own_limit(recorded):
    arrays, runs = recorded.arrays, recorded.scalars["runs"]
    peaks = {run["method"]: arrays["sharpness"][i].max() for i, run in enumerate(runs) if run["rate"] == 0.4}
    assert peaks["damped"] > 2 * 2 / 0.4
    for i, run in enumerate(runs):
        if run["method"] in ("clipped", "damped", "adam"):
            assert 0.9 < np.median(arrays["level"][i, 75:]) < 1.1
