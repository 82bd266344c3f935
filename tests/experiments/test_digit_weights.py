import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from fsdd_like import VOICES, write_fsdd_like

from hnrc_lib.experiments import digit_weights
from hnrc_lib.experiments.digit_weights import METHODS, Config
from hnrc_lib.experiments.record import load_record
from hnrc_lib.models import make_model, num_parameters
from hnrc_lib.recognition.weights import unpack_weights

CONFIG = Config(channels=(4, 4, 4), hidden=4, epochs=1, average_last=0)


def network(record, name, config):
    """The record's rounded weights in the network of its sizes."""
    sizes = {"channels": config.channels, "hidden": config.hidden, "num_groups": 2}
    model = make_model("CNN", num_features=48, num_frames=32, num_classes=10, **sizes)
    prefix = f"{name}/weights/"
    stored = {
        key.removeprefix(prefix): torch.from_numpy(value)
        for key, value in record.arrays.items()
        if key.startswith(prefix)
    }
    model.load_state_dict(unpack_weights(stored, model.state_dict()))
    return model


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    data_dir = write_fsdd_like(tmp_path_factory.mktemp("corpora"))
    make_recipe = digit_weights.make_recipe
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            digit_weights,
            "make_recipe",
            lambda name, size, changes: make_recipe(name, size, {**changes, "corpus": "fsdd"}),
        )
        return digit_weights.run(CONFIG, data_dir=data_dir)


def test_three_sets_of_weights_are_kept_and_measured(record, tmp_path):
    scalars = record.scalars
    assert scalars["held_out"] == min(VOICES.values())
    for name in METHODS:
        assert 0 <= scalars[f"{name}/accuracy_int8_low"] <= scalars[f"{name}/accuracy_int8"]
        assert 0 <= scalars[f"{name}/accuracy"] <= 1
        assert scalars[f"{name}/greatest_gradient"] > 0
        confusion = record.arrays[f"{name}/confusion"]
        assert confusion.sum() == scalars["num_takes"] == 40
        assert confusion.trace() / 40 == pytest.approx(scalars[f"{name}/accuracy_int8"])
        assert num_parameters(network(record, name, CONFIG)) == scalars["num_parameters"]
    weights = [record.arrays[f"{name}/weights/convolutions.0.weight"] for name in METHODS]
    assert all(one.dtype == np.int8 for one in weights)
    assert not np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[1], weights[2])
    record.save(tmp_path)
    again = load_record("digit_weights", tmp_path)
    assert again.scalars == scalars
    np.testing.assert_array_equal(
        again.arrays["damped/weights/dense.0.weight"], record.arrays["damped/weights/dense.0.weight"]
    )


def test_the_three_differ_in_what_bounds_the_step_alone():
    recipes = {name: digit_weights._recipe(Config(), name).as_dict() for name in METHODS}
    differ = {key for key in recipes["clipped"] if recipes["clipped"][key] != recipes["unclipped"][key]}
    assert differ == {"clip"}
    damped = recipes["damped"]
    assert damped["clip"] is None
    assert damped["learning_rate"] == pytest.approx(
        damped["optimizer_options"]["damping"] * recipes["clipped"]["learning_rate"]
    )


def test_the_committed_record_holds_small_weights_that_hear_the_speaker_held_out():
    record = load_record("digit_weights")
    config = {
        name: value for name, value in record.provenance.config.items() if name not in ("recipe", "methods")
    }
    assert config == json.loads(json.dumps(asdict(Config())))
    assert record.scalars["num_parameters"] <= 25_000
    for name in METHODS:
        scalars = {
            key: record.scalars[f"{name}/{key}"] for key in ("accuracy", "accuracy_int8", "bytes_int8")
        }
        assert scalars["bytes_int8"] <= 100_000
        assert scalars["accuracy_int8"] > 0.7
        assert abs(scalars["accuracy"] - scalars["accuracy_int8"]) <= 0.01
        network(record, name, Config())
