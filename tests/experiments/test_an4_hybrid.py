import json
from dataclasses import asdict

import pytest
from an4_like import write_an4_voices

from hnrc_lib.datasets.an4 import load_an4
from hnrc_lib.experiments import an4_hybrid
from hnrc_lib.experiments.an4_hybrid import Config
from hnrc_lib.experiments.hybrid_stages import STAGES
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training.recipes import make_recipe

QUICK = Config(
    changes={
        "front_end.n_mels": 13,
        "model.hidden": 16,
        "hybrid.n_mels": 20,
        "hybrid.gmm.num_components": 2,
        "hybrid.gmm.first_rounds": 2,
        "max_epochs": 1,
        "average_last": 0,
    },
    realigned={"seed": 1},
    scales=((1.0, 5.0), (1.0,)),
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_an4_voices(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return an4_hybrid.run(QUICK, data_dir=data_dir)


def test_speakers_that_the_weight_is_chosen_on_are_not_trained_on(record, data_dir):
    scalars = record.scalars
    assert scalars["num_train"] + scalars["num_chosen_on"] == len(load_an4("train", data_dir=data_dir)) == 28
    assert scalars["num_chosen_on"] == 4
    assert scalars["num_test"] == 8
    assert scalars["num_words"] == 16


def test_rates_are_fractions_with_their_intervals(record):
    scalars = record.scalars
    for stage, scales in zip(STAGES, ((1.0, 5.0), (1.0,), (1.0,)), strict=True):
        assert 0 <= scalars[f"wer_{stage}_low"] <= scalars[f"wer_{stage}"] <= scalars[f"wer_{stage}_high"]
        assert scalars[f"wer_{stage}_chosen_on"] >= 0
        assert scalars[f"scale_{stage}"] in scales
    assert scalars["wer_gmm"] < 0.9
    assert 0 < scalars["moved"] < 1
    assert scalars["steps"] == 8
    assert record.arrays["train_loss"].shape == (4,)
    assert record.arrays["gmm_scores"][-1] > record.arrays["gmm_scores"][0]
    recipe = make_recipe("an4-hybrid", "full", QUICK.changes)
    assert record.provenance.config == asdict(QUICK) | {"recipe": recipe.as_dict()}
    assert record.provenance.scale == "reduced"


def test_the_committed_record_is_the_default_configuration_on_real_speech():
    record = load_record("an4_hybrid")
    recipe = make_recipe("an4-hybrid")
    assert record.provenance.config == json.loads(json.dumps(asdict(Config()))) | {"recipe": recipe.as_dict()}
    scalars = record.scalars
    assert (scalars["num_test"], scalars["num_words"], record.provenance.scale) == (130, 773, "full")
    assert scalars["num_train"] + scalars["num_chosen_on"] == 948
    assert scalars["wer_gmm"] < 0.12
