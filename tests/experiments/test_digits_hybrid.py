import json
from dataclasses import asdict

import pytest
from fsdd_like import write_fsdd_like

from hnrc_lib.experiments import digits_hybrid
from hnrc_lib.experiments.digits_hybrid import Config
from hnrc_lib.experiments.hybrid_stages import STAGES
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training.recipes import make_recipe

QUICK = Config(
    changes={
        "front_end.n_mels": 13,
        "model.hidden": 16,
        "model.dilations": [1],
        "hybrid.num_states": 3,
        "hybrid.n_mels": 13,
        "hybrid.gmm.num_components": 2,
        "hybrid.gmm.first_rounds": 1,
        "max_epochs": 1,
        "average_last": 1,
        "corpus": "fsdd",
    },
    realigned={"learning_rate": 1e-3},
    num_strings=4,
    insertions=(0.0, -10.0),
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return digits_hybrid.run(QUICK, data_dir=data_dir)


def test_every_speaker_is_held_out_once(record):
    scalars, arrays = record.scalars, record.arrays
    assert scalars["speakers"] == ["ann", "bob", "cal"]
    assert scalars["num_isolated"] == 120
    assert scalars["num_strings"] == 12
    assert record.arrays["insertion"].shape == (3, 3)
    assert set(record.arrays["insertion"].flatten()) <= {0.0, -10.0}
    assert arrays["accuracy"].shape == (3, 3)
    assert arrays["confusion"].sum(axis=(1, 2)).tolist() == [120] * 3
    assert ((arrays["moved"] > 0) & (arrays["moved"] < 1)).all()
    recipe = make_recipe("digits-hybrid", "full", QUICK.changes | {"held_out": "ann"})
    assert record.provenance.config == asdict(QUICK) | {"recipe": recipe.as_dict()}
    assert record.provenance.scale == "reduced"


def test_rates_are_those_of_the_arrays(record):
    for row, stage in enumerate(STAGES):
        scalars = record.scalars
        accuracy = record.arrays["accuracy"][row].mean()
        assert scalars[f"accuracy_{stage}"] == pytest.approx(accuracy)
        assert record.arrays["confusion"][row].trace() / 120 == pytest.approx(accuracy)
        assert scalars[f"accuracy_{stage}_low"] < accuracy < scalars[f"accuracy_{stage}_high"]
        assert 0 <= scalars[f"wer_{stage}_low"] <= scalars[f"wer_{stage}"] <= scalars[f"wer_{stage}_high"]


def test_even_a_little_training_beats_chance(record):
    assert record.scalars["accuracy_gmm"] > 0.3


def test_the_committed_record_is_the_default_configuration_on_real_speech():
    record = load_record("digits_hybrid")
    recipe = make_recipe("digits-hybrid", "full", {"held_out": "george"})
    assert record.provenance.config == json.loads(json.dumps(asdict(Config()))) | {"recipe": recipe.as_dict()}
    scalars = record.scalars
    assert (scalars["num_isolated"], scalars["num_strings"], record.provenance.scale) == (2500, 300, "full")
    assert scalars["speakers"] == ["george", "jackson", "lucas", "nicolas", "yweweler"]
    for row, stage in enumerate(STAGES):
        assert scalars[f"accuracy_{stage}"] == pytest.approx(record.arrays["accuracy"][row].mean())
        assert record.arrays["confusion"][row].trace() / 2500 == pytest.approx(scalars[f"accuracy_{stage}"])
    # Within three points of the network that hears each word as a whole.
    whole = load_record("fsdd_speakers").scalars["accuracy_mean"]
    assert min(scalars["accuracy_hybrid"], scalars["accuracy_realigned"]) > whole - 0.03
