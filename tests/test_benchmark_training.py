"""The plain loop that training is held to computes what the engine computes."""

import numpy as np
import pytest
import torch

from benchmarks.harness import Settings, measure
from benchmarks.plain_training import features
from benchmarks.tables import gpu, training
from hnrc_lib.datasets import connect_digits, load_digits
from hnrc_lib.training.corpora import Parts, load_parts
from hnrc_lib.training.recipes import make_recipe


@pytest.mark.parametrize("name", ["digits-cnn", "digits-lstm", "connected-digits-ctc"])
def test_features_are_those_of_the_engine_but_for_the_edges_of_words(name):
    front_end = make_recipe(name, "quick").front_end
    for utterance in load_digits("train", language="en")[::97]:
        found = features(utterance.samples.numpy(), front_end)
        ours, _ = front_end(utterance.samples[None], torch.tensor([len(utterance.samples)]))
        expected = ours[0].T.double().numpy()
        assert found.shape[0] == expected.shape[0] == front_end.num_features
        assert abs(found.shape[1] - expected.shape[1]) <= 4  # of silence
        if found.shape == expected.shape:
            bands = front_end.n_mels
            alike = np.corrcoef(found[:bands].ravel(), expected[:bands].ravel())[0, 1]
            assert alike > 0.9


def test_a_pass_uses_the_utterances_asked_for_and_learns():
    parts = training.picked(load_parts("digits"), 32)
    assert len(parts.train) == 32
    assert len(parts.train.speakers) > 8
    recipe = make_recipe("digits-cnn", "quick")
    for make in (training.plain, training.engine):
        run = make(recipe, parts)
        losses = [run() for _ in range(8)]
        assert losses[-1] < losses[0]


def test_the_rows_for_a_card_are_those_of_the_recipe_and_read_nothing_without_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(training, "_loaded", lambda corpus: pytest.fail(f"{corpus} was read"))
    cases = [case for case in gpu.cases(quick=True) if case.title.startswith("an4-ctc")]
    assert len(cases) == 2
    for case in cases:
        outcomes = measure(case, Settings(rounds=1, min_seconds=0.0))["rows"]
        assert [row["note"] for row in outcomes] == ["not run: no CUDA card"] * 2
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(training, "_loaded", absent)
    for case in gpu.cases(quick=True):
        for row in case.rows:
            assert row.cuda
            assert (row.missing == "the corpus an4 is not there") == case.title.startswith("an4-ctc")


def absent(corpus):
    raise FileNotFoundError(corpus)


def test_what_runs_on_a_card_runs_on_the_cpu_and_reports_its_pace(monkeypatch):
    strings = connect_digits(load_digits("dev", language="en"), num_strings=4, max_digits=2, seed=0)
    monkeypatch.setattr(training, "_loaded", lambda corpus: Parts(strings, strings, strings))
    case = training.training_case("connected-digits-ctc", "quick", 4, perturbed=False)
    for row in case.rows:
        pace, loss = row.prepare()()
        assert row.figures((pace, loss)) == {"utterances a CPU second": pace}
        assert pace > 0
        assert 0 < loss < float("inf")
