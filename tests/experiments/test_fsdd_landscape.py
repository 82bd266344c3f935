from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from fsdd_like import write_fsdd_like
from torch.nn.functional import cross_entropy

from hnrc_lib.experiments import fsdd_cnn, fsdd_landscape
from hnrc_lib.experiments.fsdd_landscape import Config, loss_and_error_rate
from hnrc_lib.experiments.record import load_record
from hnrc_lib.models import MLP
from hnrc_lib.training import TrainingConfig, evaluate

QUICK = Config(
    cnn=fsdd_cnn.Config(
        num_frames=18,
        n_mels=18,
        training=TrainingConfig(learning_rate=2e-3, max_epochs=8, batch_size=10, average_last=3),
        num_threads=1,
    ),
    num_utterances=20,
    num_points=5,
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return fsdd_landscape.run(QUICK, data_dir=data_dir)


@pytest.fixture(scope="module")
def committed():
    return load_record("fsdd_landscape")


def test_the_middle_is_the_loss_of_the_network_that_fsdd_cnn_trains(data_dir):
    everything = replace(QUICK, num_utterances=None, num_points=3)
    found = fsdd_landscape.run(everything, data_dir=data_dir)
    expected = fsdd_cnn.run(QUICK.cnn, data_dir=data_dir).scalars
    assert found.scalars["loss"] == pytest.approx(expected["train_loss"], rel=1e-5)
    assert found.scalars["error_rate"] == pytest.approx(1 - expected["train_accuracy"])
    assert found.scalars["loss"] == found.arrays["loss"][1, 1]
    assert found.scalars["num_utterances"] == 60
    assert found.provenance.scale == "full"
    split = fsdd_cnn.load_split(QUICK.cnn, data_dir=data_dir)
    untrained = evaluate(fsdd_cnn.untrained_cnn(QUICK.cnn), split.train)
    assert found.scalars["initial_loss"] == pytest.approx(untrained.loss, rel=1e-5)


def test_training_has_moved_into_a_lower_place(record):
    assert record.scalars["loss"] < 0.7 * record.scalars["initial_loss"]
    assert record.arrays["loss"].shape == record.arrays["initial_error_rate"].shape == (5, 5)
    assert record.arrays["alpha"].tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    # Away from the weights by as much as their own length, the loss is higher on every side.
    border = np.ones((5, 5), dtype=bool)
    border[1:-1, 1:-1] = False
    assert (record.arrays["loss"][border] > record.scalars["loss"]).all()


def test_directions_are_as_long_as_the_weights_they_move(record):
    for prefix in ("", "initial_"):
        gram = record.arrays[f"{prefix}gram"]
        norm = record.scalars[f"{prefix}weight_norm"]
        np.testing.assert_allclose(np.sqrt(gram.diagonal()), norm, rtol=1e-5)
        np.testing.assert_allclose(gram, gram.T)
        assert abs(gram[0, 1]) < 0.1 * gram[0, 0]


def test_a_subset_is_called_reduced_and_the_configuration_says_how_many(record):
    assert record.provenance.scale == "reduced"
    assert record.provenance.config == asdict(QUICK)
    assert record.scalars["num_utterances"] == record.provenance.config["num_utterances"] == 20


def test_a_subset_has_every_digit_and_speaker_alike():
    labels = torch.arange(10).repeat_interleave(6).repeat(2)  # two speakers, ten digits, six takes
    features = torch.arange(120.0)[:, None]
    _, chosen = fsdd_landscape._subset((features, labels), 40)
    assert chosen.bincount().tolist() == [4] * 10
    with pytest.raises(ValueError, match=r"num_utterances must lie in 1 … 120, got 121"):
        fsdd_landscape._subset((features, labels), 121)


def test_loss_and_error_rate_are_those_of_the_whole_set_whatever_the_batches():
    generator = torch.Generator().manual_seed(0)
    model = MLP(4, 3, generator=generator)
    features = torch.randn(230, 4, generator=generator)
    labels = torch.randint(3, (230,), generator=generator)
    params = {name: value.detach() for name, value in model.named_parameters()}
    loss, error_rate = loss_and_error_rate(model, (features, labels))(params)
    logits = model(features).double()
    assert loss.item() == pytest.approx(cross_entropy(logits, labels).item(), rel=1e-6)
    assert error_rate.item() == pytest.approx((logits.argmax(1) != labels).double().mean().item())
    params["dense.1.bias"] = torch.full((3,), torch.nan)
    assert loss_and_error_rate(model, (features, labels))(params).isnan().all()


def test_an_even_grid_would_miss_the_weights_and_is_refused():
    with pytest.raises(ValueError, match="num_points must be odd, got 4"):
        fsdd_landscape.run(replace(QUICK, num_points=4))


def test_the_committed_record_is_the_default_configuration_around_the_recorded_network(committed):
    network = load_record("fsdd_cnn")
    config = Config()
    assert committed.provenance.config == asdict(config)
    assert committed.provenance.config["cnn"] == network.provenance.config
    assert committed.provenance.manifest_sha256 == network.provenance.manifest_sha256
    # Recorded on the same machine, so it is the very network whose accuracy is recorded.
    assert committed.scalars["loss"] == pytest.approx(network.scalars["train_loss"], rel=1e-4)
    assert committed.provenance.scale == "full"
    arrays = committed.arrays
    assert arrays["loss"].shape == (config.num_points, config.num_points)
    middle = config.num_points // 2
    assert arrays["loss"][middle, middle] == committed.scalars["loss"] < 0.1
    assert arrays["initial_loss"][middle, middle] > np.log(10) - 0.1
    assert np.isfinite(arrays["loss"]).all()
