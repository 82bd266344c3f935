import json
from dataclasses import asdict

import numpy as np
import pytest
from fsdd_like import VOICES, write_fsdd_like

from hnrc_lib.experiments import compression
from hnrc_lib.experiments.compression import Config
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training import recipes


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    data_dir = write_fsdd_like(tmp_path_factory.mktemp("corpora"))
    small = recipes.make_recipe(
        "digits-cnn",
        "full",
        {"corpus": "fsdd", "max_epochs": 2, "average_last": 0, "held_out": min(VOICES.values())},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "make_recipe", lambda *names: small)
        config = Config(hard_weights=(1.0, 0.0), epochs=1, seeds=(0, 1))
        return compression.run(config, data_dir=data_dir)


def test_sizes_and_accuracies_of_all_three_are_told(record, tmp_path):
    scalars = record.scalars
    assert scalars["int8_bytes"] < 0.3 * scalars["float32_bytes"]
    assert scalars["student_bytes"] < 0.1 * scalars["float32_bytes"]
    for name in ("float32", "int8", "student"):
        assert 0 <= scalars[f"{name}_accuracy"] <= 1
        assert scalars[f"{name}_milliseconds"] > 0
    accuracy = record.arrays["student_accuracy"]
    assert accuracy.shape == (2, 2)
    assert scalars["student_accuracy"] == pytest.approx(accuracy[0].mean())
    record.save(tmp_path)
    assert load_record("compression", tmp_path).scalars == scalars


def test_the_committed_record_says_what_rounding_and_teaching_gave():
    record = load_record("compression")
    scalars, accuracy = record.scalars, record.arrays["student_accuracy"]
    config = {name: value for name, value in record.provenance.config.items() if name != "recipe"}
    assert config == json.loads(json.dumps(asdict(Config(held_out="george"))))
    assert abs(scalars["float32_accuracy"] - scalars["int8_accuracy"]) <= 0.01
    assert scalars["int8_bytes"] <= 0.3 * scalars["float32_bytes"]
    # A teacher helps by about a point on average, and not with every seed by as much.
    assert 0 < np.mean(accuracy[1] - accuracy[0]) < 0.03
