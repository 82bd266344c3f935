import json
from dataclasses import asdict

import pytest
from fsdd_like import write_fsdd_like

from hnrc_lib.datasets import load_fsdd
from hnrc_lib.experiments import digits_hybrid
from hnrc_lib.experiments.digits_hybrid import STAGES, Config
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training.hybrid import GmmConfig, NetworkConfig

QUICK = Config(
    num_states=3,
    n_mels=13,
    gmm=GmmConfig(num_components=2, first_rounds=1, rounds=1),
    first=NetworkConfig(num_epochs=2, batch_size=8, frequency_masks=1),
    second=NetworkConfig(num_epochs=1, batch_size=8),
    hidden=16,
    dilations=(1,),
    num_strings=4,
    num_train_strings=4,
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return digits_hybrid.run(QUICK, data_dir=data_dir)


def test_every_speaker_is_held_out_once(record, data_dir):
    scalars, arrays = record.scalars, record.arrays
    assert scalars["speakers"] == ["ann", "bob", "cal"]
    assert scalars["num_isolated"] == 120
    assert scalars["num_strings"] == 12
    assert arrays["accuracy"].shape == (3, 3)
    assert arrays["confusion"].sum(axis=(1, 2)).tolist() == [120] * 3
    assert ((arrays["moved"] > 0) & (arrays["moved"] < 1)).all()
    assert record.provenance.manifest_sha256 == load_fsdd(data_dir=data_dir).manifest_sha256
    assert record.provenance.config == asdict(QUICK)


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
    assert record.provenance.config == json.loads(json.dumps(asdict(Config())))
    scalars = record.scalars
    assert (scalars["num_isolated"], scalars["num_strings"], record.provenance.scale) == (2500, 300, "full")
    assert scalars["speakers"] == ["george", "jackson", "lucas", "nicolas", "yweweler"]
    for row, stage in enumerate(STAGES):
        assert scalars[f"accuracy_{stage}"] == pytest.approx(record.arrays["accuracy"][row].mean())
        assert record.arrays["confusion"][row].trace() / 2500 == pytest.approx(scalars[f"accuracy_{stage}"])
