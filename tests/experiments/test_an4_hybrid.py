import json
from dataclasses import asdict

import pytest
import torch

from hnrc_lib.audio import write_audio
from hnrc_lib.datasets import load_digits
from hnrc_lib.datasets.an4 import load_an4
from hnrc_lib.experiments import an4_hybrid
from hnrc_lib.experiments.an4_hybrid import STAGES, Config
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training.hybrid import GmmConfig, NetworkConfig

DICTIONARY = {
    "ZERO": "Z IH R OW", "ONE": "W AH N", "TWO": "T UW", "THREE": "TH R IY", "FOUR": "F AO R",
    "FIVE": "F AY V", "SIX": "S IH K S", "SEVEN": "S EH V AH N", "EIGHT": "EY T", "NINE": "N AY N",
}  # fmt: skip
QUICK = Config(
    gmm_mels=20,
    n_mels=13,
    gmm=GmmConfig(num_components=2, first_rounds=2, rounds=1),
    first=NetworkConfig(num_epochs=1, batch_size=8),
    second=NetworkConfig(num_epochs=1, batch_size=8),
    hidden=16,
    scales=((1.0, 5.0), (1.0,)),
    every=2,
)


def write_an4_like(folder):
    """Two digits an utterance, synthetic, by three voices to train on and one to test on."""
    etc = folder / "an4" / "etc"
    etc.mkdir(parents=True)
    (etc / "an4.dic").write_text("".join(f"{word}  {phones}\n" for word, phones in DICTIONARY.items()))
    digits = load_digits(language="en")
    for part, voices in (("train", ("en-f1", "en-m1", "en-m2")), ("test", ("en-f2",))):
        ids, texts = [], []
        for voice in voices:
            takes = digits.where(speaker=voice)[::1]
            for index in range(0, len(takes), 2):
                pair, name = takes[index : index + 2], f"{voice.replace('-', '')}{index}"
                path = folder / "an4" / "wav" / part / voice.replace("-", "")
                path.mkdir(parents=True, exist_ok=True)
                # Twice as fast at twice the rate: any speech will do here.
                write_audio(path / f"{name}.wav", torch.cat([one.samples for one in pair]), 16000)
                ids.append(f"{part}/{path.name}/{name}")
                texts.append(f"{' '.join(one.text.upper() for one in pair)} ({name})")
        (etc / f"an4_{part}.fileids").write_text("\n".join(ids))
        (etc / f"an4_{part}.transcription").write_text("\n".join(texts))
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_an4_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return an4_hybrid.run(QUICK, data_dir=data_dir)


def test_speakers_that_the_weight_is_chosen_on_are_not_trained_on(record, data_dir):
    scalars = record.scalars
    assert scalars["num_train"] + scalars["num_chosen_on"] == len(load_an4("train", data_dir=data_dir)) == 60
    assert scalars["num_chosen_on"] == 40
    assert scalars["num_test"] == 20
    assert scalars["num_words"] == 40


def test_rates_are_fractions_with_their_intervals(record):
    scalars = record.scalars
    for stage, scales in zip(STAGES, ((1.0, 5.0), (1.0,), (1.0,)), strict=True):
        assert 0 <= scalars[f"wer_{stage}_low"] <= scalars[f"wer_{stage}"] <= scalars[f"wer_{stage}_high"]
        assert scalars[f"wer_{stage}_chosen_on"] >= 0
        assert scalars[f"scale_{stage}"] in scales
    assert scalars["wer_gmm"] < 0.9
    assert 0 < scalars["moved"] < 1
    assert record.arrays["loss"].shape == (2,)
    assert record.arrays["gmm_scores"][-1] > record.arrays["gmm_scores"][0]
    assert record.provenance.config == asdict(QUICK)


def test_the_committed_record_is_the_default_configuration_on_real_speech():
    record = load_record("an4_hybrid")
    config = json.loads(json.dumps(asdict(Config())))
    for stage in ("first", "second"):
        assert config[stage].pop("frequency_masks") == 0  # named since; the record is of training without
    assert record.provenance.config == config
    scalars = record.scalars
    assert (scalars["num_test"], scalars["num_words"], record.provenance.scale) == (130, 773, "full")
    assert scalars["num_train"] + scalars["num_chosen_on"] == 948
    assert scalars["wer_gmm"] < 0.12
    # A negative result: eight epochs leave the network behind the Gaussians, and realignment helps it.
    assert scalars["wer_gmm"] < scalars["wer_realigned"] < scalars["wer_hybrid"]
