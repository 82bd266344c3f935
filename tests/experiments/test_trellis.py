from dataclasses import asdict, fields, replace

import numpy as np
import pytest
import torch
from an4_like import write_an4_voices
from fsdd_like import write_fsdd_like

from hnrc_lib.datasets import load_an4
from hnrc_lib.experiments import trellis
from hnrc_lib.experiments.record import load_record
from hnrc_lib.experiments.trellis import Config, train_digits
from hnrc_lib.recognition import load_model_files
from hnrc_lib.recognition.hearing import apply_to_samples
from hnrc_lib.sequence import HMM, Vocabulary, ctc_loss, greedy_decode


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    write_an4_voices(folder)
    return write_fsdd_like(folder)


@pytest.fixture(scope="module")
def quick(data_dir):
    said = load_an4("test", data_dir=data_dir)[0]
    return Config(speaker="bob", digit="2_bob_0", utterance=said.name, num_states=3, num_steps=2)


@pytest.fixture(scope="module")
def record(quick, data_dir):
    return trellis.run(quick, data_dir=data_dir)


@pytest.fixture(scope="module")
def shipped():
    return load_record(trellis.NAME)


def test_a_run_says_what_it_heard_and_that_it_is_reduced(record, quick):
    where = record.provenance
    assert where.corpus == f"FSDD 2_bob_0 (trained on 80 utterances of others) and AN4 {quick.utterance}"
    assert where.scale == "reduced"
    assert where.config == asdict(quick)
    assert record.scalars["hmm_label"] == 2
    assert record.scalars["hmm_num_tested"] == 40
    assert record.scalars["hmm_accuracy"] > 0.5


def test_the_arrays_are_those_of_three_states_and_of_the_model_s_outputs(record, quick, data_dir):
    arrays = record.arrays
    frames = len(arrays["hmm_bands"])
    assert arrays["hmm_scores"].shape == (10, frames, 3)
    np.testing.assert_allclose(arrays["hmm_transitions"].sum(2) + arrays["hmm_final"], 1, atol=1e-9)
    said = next(u for u in load_an4("test", data_dir=data_dir) if u.name == quick.utterance)
    logits, bands = apply_to_samples(load_model_files("an4"), said.samples)
    np.testing.assert_array_equal(arrays["ctc_logits"], logits[0].numpy())
    assert len(arrays["ctc_bands"]) == bands
    assert record.scalars["ctc_text"] == said.text
    assert record.scalars["ctc_frame_seconds"] == pytest.approx(0.04)


def test_training_separates_what_is_apart():
    generator = torch.Generator().manual_seed(0)
    labels = [digit for digit in range(10) for _ in range(4)]
    path = torch.arange(12).div(4, rounding_mode="floor").double()
    features = [
        torch.stack([path + 5 * d, path - 5 * d], 1)
        + 0.1 * torch.randn(12, 2, generator=generator, dtype=torch.float64)
        for d in labels
    ]
    digits = train_digits(Config(num_states=3, num_steps=4), features, labels)
    for label, one in zip(labels[::4], features[::4], strict=True):
        assert int(digits.log_likelihoods(one).argmax()) == label
    hmm, emissions = digits.models[0]
    np.testing.assert_allclose(emissions.means[:, 0, 0], [0, 1, 2], atol=0.2)
    assert float(hmm.transition_matrix[0, 0]) == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digit": "2_ann_0"}, "digit must name a recording of .*, got '2_ann_0'"),
        ({"utterance": "an1"}, "utterance must name a recording of AN4 test, got 'an1'"),
    ],
)
def test_a_recording_that_is_not_there_is_refused(quick, data_dir, change, message):
    with pytest.raises(ValueError, match=message):
        trellis.run(replace(quick, **change), data_dir=data_dir)


def test_a_digit_that_nobody_says_is_refused():
    with pytest.raises(ValueError, match="labels must hold every digit, got no 1"):
        train_digits(Config(num_states=2, num_steps=1), [torch.randn(9, 2).double()], [0])


def test_the_record_is_of_real_speech_in_full(shipped):
    where = shipped.provenance
    assert where.scale == "full"
    assert set(where.config) == {field.name for field in fields(Config)}
    assert "2000 utterances of others" in where.corpus
    assert shipped.scalars["hmm_accuracy"] > 0.75


def test_the_recorded_digit_is_recognised_by_its_own_model(shipped):
    arrays = {name: torch.from_numpy(array).double() for name, array in shipped.arrays.items()}
    found = [
        float(HMM(*parts).log_likelihood(scores.unsqueeze(0)))
        for *parts, scores in zip(
            *(arrays[f"hmm_{name}"] for name in ("initial", "transitions", "final", "scores")), strict=True
        )
    ]
    assert int(np.argmax(found)) == shipped.scalars["hmm_label"]


def test_the_recorded_word_is_misheard_by_one_space(shipped):
    vocabulary = Vocabulary(tuple(shipped.scalars["symbols"]))
    log_probs = torch.from_numpy(shipped.arrays["ctc_logits"]).double().log_softmax(-1).unsqueeze(1)
    (path,) = greedy_decode(log_probs, torch.tensor([len(log_probs)]))
    heard = vocabulary.decode(path.symbols)
    assert (shipped.scalars["ctc_text"], heard) == ("NINETEEN", "NINE TEEN")
    losses = [
        float(ctc_loss(log_probs, torch.tensor([vocabulary.encode(text)]), (26,), (len(text),)))
        for text in ("NINETEEN", heard)
    ]
    assert losses[1] < losses[0]
