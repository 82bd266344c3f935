from dataclasses import asdict

import numpy as np
import pytest
from fsdd_like import VOICES, write_fsdd_like

from hnrc_lib.experiments import fsdd_speakers
from hnrc_lib.experiments.fsdd_speakers import Config
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training import wilson_interval
from hnrc_lib.training.recipes import make_recipe

SPEAKERS = sorted(VOICES.values())
QUICK = Config(changes={"corpus": "fsdd", "max_epochs": 10, "average_last": 0, "batch_size": 10})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir, folder):
    return fsdd_speakers.run(QUICK, data_dir=data_dir, folder=folder)


def test_every_speaker_is_held_out_once_and_all_takes_are_counted(record, folder):
    scalars, confusion = record.scalars, record.arrays["confusion"]
    assert sorted(path.name for path in folder.iterdir()) == SPEAKERS
    assert confusion.sum() == scalars["num_takes"] == 3 * 40
    assert confusion.sum(axis=1).tolist() == [12] * 10
    accuracies = [scalars[f"accuracy_{speaker}"] for speaker in SPEAKERS]
    np.testing.assert_array_equal(record.arrays["accuracy"], accuracies)
    assert scalars["accuracy_mean"] == pytest.approx(sum(accuracies) / 3)
    assert scalars["accuracy_mean"] == pytest.approx(confusion.trace() / 120)
    assert scalars["accuracy_deviation"] == pytest.approx(np.std(accuracies, ddof=1))
    interval = scalars["accuracy_low"], scalars["accuracy_high"]
    assert interval == pytest.approx(wilson_interval(int(confusion.trace()), 120))


def test_it_learns_digits_of_voices_that_it_did_not_hear(record):
    assert record.scalars["accuracy_mean"] > 0.4  # chance is a tenth
    assert record.arrays["train_loss"][-1] < 0.8 * record.arrays["train_loss"][0]


def test_the_record_tells_what_was_run_and_saves_and_loads(record, tmp_path):
    recipe = make_recipe("digits-cnn", "full", QUICK.changes | {"held_out": SPEAKERS[0]})
    where = record.provenance
    assert where.config == asdict(QUICK) | {"recipe": recipe.as_dict()}
    assert where.scale == "reduced"
    assert where.corpus == "FSDD, 3 of 6 speakers, each held out in turn"
    assert record.scalars["steps"] == 3 * 10 * 6  # speakers, epochs, batches of 60 takes
    record.save(tmp_path)
    assert load_record("fsdd_speakers", tmp_path).scalars == record.scalars


def test_a_missing_corpus_is_an_error_that_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="fsdd"):
        fsdd_speakers.run(QUICK, data_dir=tmp_path)


def test_the_committed_record_is_the_default_configuration_and_meets_its_bar():
    record = load_record("fsdd_speakers")
    scalars, where = record.scalars, record.provenance
    recipe = make_recipe("digits-cnn", "full", {"held_out": "george"})
    assert where.config == asdict(Config()) | {"recipe": recipe.as_dict()}
    assert where.scale == "full"
    assert where.corpus.endswith("and 20 synthetic voices to train on")
    names = ("george", "jackson", "lucas", "nicolas", "yweweler")
    rates = [scalars[f"accuracy_{name}"] for name in names]
    assert scalars["accuracy_mean"] == pytest.approx(np.mean(rates))
    assert scalars["accuracy_mean"] >= 0.85
    assert record.arrays["confusion"].sum() == scalars["num_takes"] == 2500
