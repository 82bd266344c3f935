import os
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from fsdd_like import write_fsdd_like

from hnrc_lib.datasets import load_fsdd
from hnrc_lib.experiments import fsdd_cnn
from hnrc_lib.experiments.fsdd_cnn import Config, load_split, train_cnn
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training import RandomWarp, TrainingConfig, wilson_interval

# On george the trained network reaches 0.83 to 0.87 with other seeds, but at most 0.55 once features are
# reversed or shuffled in time, reversed in frequency, or lack the static part or the deltas.
FLOOR = 0.7
TOLERANCE = 0.08
QUICK = Config(
    num_frames=18,
    n_mels=18,
    training=TrainingConfig(learning_rate=2e-3, max_epochs=8, batch_size=10, schedule="cosine"),
    num_threads=1,
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return fsdd_cnn.run(QUICK, data_dir=data_dir)


@pytest.fixture(scope="module")
def committed():
    return load_record("fsdd_cnn")


def test_the_speaker_held_out_is_the_alphabetically_first_and_nowhere_in_training(data_dir):
    split = load_split(QUICK, data_dir=data_dir)
    assert split.held_out_speaker == "ann"
    assert [len(part[1]) for part in (split.train, split.validation, split.held_out)] == [60, 20, 40]
    heard = torch.cat([split.train[0], split.validation[0]])
    assert (split.held_out[0][:, None] - heard[None]).abs().amax(dim=(2, 3)).min() > 0.1
    assert (split.train[0][:, None] - split.validation[0][None]).abs().amax(dim=(2, 3)).min() > 0.1
    other = load_split(replace(QUICK, held_out_speaker="cal"), data_dir=data_dir)
    assert other.held_out_speaker == "cal"
    assert not torch.equal(other.held_out[0], split.held_out[0])


def test_static_features_and_deltas_have_unit_variance_in_training_alone(data_dir):
    split = load_split(QUICK, data_dir=data_dir)
    squares = split.train[0].unflatten(2, (2, 18)).square().mean(dim=(0, 1, 3))
    torch.testing.assert_close(squares, torch.ones(2))
    assert abs(split.held_out[0].square().mean().item() - 1) > 1e-3


def test_an_unknown_speaker_is_refused(data_dir):
    with pytest.raises(ValueError, match="speaker must occur in corpus"):
        load_split(replace(QUICK, held_out_speaker="dan"), data_dir=data_dir)


def test_the_record_is_consistent(record, data_dir):
    scalars, arrays = record.scalars, record.arrays
    confusion = arrays["confusion"]
    assert confusion.sum() == scalars["num_held_out"] == 40
    assert confusion.sum(axis=1).tolist() == [4] * 10
    assert scalars["num_correct"] == confusion.trace()
    assert scalars["accuracy"] == pytest.approx(confusion.trace() / 40)
    interval = scalars["accuracy_low"], scalars["accuracy_high"]
    assert interval == pytest.approx(wilson_interval(int(confusion.trace()), 40))
    np.testing.assert_allclose(arrays["accuracy_per_digit"], confusion.diagonal() / 4)
    assert scalars["chance"] == pytest.approx(0.1)
    assert len(arrays["train_loss"]) == len(arrays["validation_accuracy"]) == 8
    assert arrays["validation_loss"].min() == scalars["validation_loss"]
    provenance = record.provenance
    assert provenance.manifest_sha256 == load_fsdd(data_dir=data_dir).manifest_sha256
    assert provenance.config == asdict(QUICK)
    assert provenance.scale == "full"
    assert "ann held out" in provenance.corpus
    assert f"{scalars['num_parameters']:,} parameters" in provenance.model


def test_it_learns_to_recognise_digits(record):
    assert record.scalars["train_accuracy"] > 0.5
    assert record.arrays["train_loss"][-1] < 0.7 * record.arrays["train_loss"][0]


def test_the_same_configuration_gives_the_same_record_to_the_bit(record, data_dir, tmp_path):
    again = fsdd_cnn.run(QUICK, data_dir=data_dir)
    for name, values in record.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], values)
    again.save(tmp_path)
    loaded = load_record("fsdd_cnn", tmp_path)
    assert loaded.scalars == again.scalars
    seeded = replace(QUICK, seed=1)
    other = fsdd_cnn.run(seeded, data_dir=data_dir)
    assert other.arrays["train_loss"].tolist() != record.arrays["train_loss"].tolist()


def test_the_warp_of_the_configuration_is_used(data_dir):
    split = load_split(QUICK, data_dir=data_dir)
    short = replace(QUICK, training=replace(QUICK.training, max_epochs=1))
    still = replace(short, warp=RandomWarp(0.0, 0.0, 0.0, 0.0, num_groups=2))
    losses = [train_cnn(config, split)[1].curve("train_loss") for config in (short, still)]
    assert losses[0] != losses[1]


def test_progress_is_told_of_every_epoch(data_dir):
    heard = []
    short = replace(QUICK, training=replace(QUICK.training, max_epochs=2))
    fsdd_cnn.run(short, data_dir=data_dir, progress=heard.append)
    assert [report.epoch for report in heard] == [1, 2]


def test_the_committed_record_is_the_default_configuration_on_real_speech(committed):
    provenance = committed.provenance
    assert provenance.config == asdict(Config())
    assert committed.scalars["held_out_speaker"] == "george"
    assert committed.scalars["num_train"] == 1800
    assert committed.scalars["num_held_out"] == 500
    assert committed.arrays["confusion"].sum() == 500
    assert committed.scalars["accuracy_low"] > FLOOR
    assert committed.scalars["seconds"] <= 90
    assert provenance.scale == "full"


@pytest.mark.speech
def test_real_speech_of_an_unheard_speaker_is_recognised_in_time(committed, capsys):
    """The main job: wav files of real speech, one speaker held out, to an accuracy."""
    try:
        record = fsdd_cnn.run()
    except FileNotFoundError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"real speech: {error}")
    found = record.scalars
    with capsys.disabled():
        print(
            f"\n{found['held_out_speaker']}: accuracy {found['accuracy']:.3f} "
            f"({found['accuracy_low']:.3f} … {found['accuracy_high']:.3f}), "
            f"validation {found['validation_accuracy']:.3f}; "
            f"{found['seconds']:.1f} s of 90 s, {found['cpu_seconds']:.1f} s of CPU"
        )
    assert record.provenance.manifest_sha256 == committed.provenance.manifest_sha256
    assert found["accuracy"] > FLOOR
    # Another processor rounds differently and so trains another network of the same kind.
    assert found["accuracy"] == pytest.approx(committed.scalars["accuracy"], abs=TOLERANCE)
    assert found["validation_accuracy"] > 0.9
    # Two cores for 90 s; CPU time, because others may share the machine.
    assert found["cpu_seconds"] <= 2 * 90
