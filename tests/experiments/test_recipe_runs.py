from pathlib import Path

import pytest
import torch
from an4_like import write_an4_voices

from hnrc_lib.experiments.recipe_runs import (
    costs,
    curves,
    describe_runs,
    run_folder,
    utterance_log_probs,
)
from hnrc_lib.models import apply_model, num_parameters, output_lengths
from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipes import make_recipe
from hnrc_lib.training.resident import ResidentCorpus


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    data_dir = write_an4_voices(tmp_path_factory.mktemp("corpora"))
    recipe = make_recipe("an4-ctc", "quick", {"max_epochs": 2, "batch_size": 12, "model.hidden_size": 12})
    return run_recipe(recipe, tmp_path_factory.mktemp("run"), RunOptions(data_dir=data_dir, device="cpu"))


def test_a_folder_that_is_named_stays_and_a_temporary_one_goes(tmp_path):
    with run_folder(tmp_path) as where:
        (where / "kept").touch()
    assert (tmp_path / "kept").is_file()
    with run_folder(None) as where:
        assert Path(where).is_dir()
    assert not where.exists()


def test_log_probabilities_are_those_of_each_utterance_heard_alone(result):
    front_end, model, test = result.recipe.front_end, result.model, result.parts.test
    scores, lengths = utterance_log_probs(result, ResidentCorpus(test, front_end))
    assert scores.shape[:2] == (int(lengths.max()), len(test))
    assert len(set(lengths.tolist())) > 1
    for index, utterance in enumerate(test):
        features, frames = front_end(utterance.samples[None], torch.tensor([len(utterance.samples)]))
        with torch.no_grad():
            alone = apply_model(model, features, frames).log_softmax(dim=-1)[0]
        size = int(lengths[index])
        assert size == int(output_lengths(model, frames))
        torch.testing.assert_close(scores[:size, index], alone[:size], rtol=1e-3, atol=1e-3)


def test_another_vocal_tract_is_heard_through_the_warped_bank(result):
    front_end, model, test = result.recipe.front_end, result.model, result.parts.test
    scores, lengths = utterance_log_probs(result, ResidentCorpus(test, front_end), 1.2)
    one = 3
    heard = front_end.spectra(test[one].samples[None], torch.tensor([len(test[one].samples)]))
    features, frames = front_end.features(*heard, frequency_scale=torch.tensor([1.2]))
    with torch.no_grad():
        expected = apply_model(model, features, frames).log_softmax(dim=-1)[0]
    assert len(expected) == int(lengths[one])
    torch.testing.assert_close(scores[: len(expected), one], expected, rtol=1e-3, atol=1e-3)
    plain, _ = utterance_log_probs(result, ResidentCorpus(test, front_end))
    assert not torch.allclose(plain, scores, atol=1e-2)


def test_costs_of_several_runs_add_up(result):
    one, two = costs([result]), costs([result, result])
    assert one["steps"] == result.state.step == 2 * 2
    assert two["steps"] == 2 * one["steps"]
    assert two["cpu_seconds"] == pytest.approx(2 * one["cpu_seconds"], abs=0.11)
    pace = result.state.utterances / result.state.cpu_seconds
    assert one["utterances_per_cpu_second"] == pytest.approx(pace, abs=0.06)
    assert two["num_parameters"] == one["num_parameters"] == num_parameters(result.model)
    assert num_parameters(result.model) == sum(value.numel() for value in result.model.state_dict().values())


def test_curves_are_by_step_and_by_epoch(result):
    found = curves(result)
    assert found["train_loss"].tolist() == result.state.losses
    assert found["grad_norm"].tolist() == result.state.grad_norms
    assert len(found["validation_loss"]) == len(found["validation_error"]) == 2
    assert found["validation_error"].min() == result.best_metric


def test_provenance_names_every_part_the_model_and_the_configuration(result):
    where = describe_runs("a corpus", [result, result], {"size": "quick"})
    parts = (result.parts.train, result.parts.validation, result.parts.test)
    assert where.manifest_sha256.split() == sorted(part.manifest_sha256 for part in parts)
    assert where.model.startswith("ConvLSTM (hidden_size 12, num_layers 2")
    assert f"{num_parameters(result.model):,} parameters" in where.model
    assert where.config == {"size": "quick", "recipe": result.recipe.as_dict()}
    assert where.seconds == pytest.approx(2 * result.state.seconds, abs=0.01)
    assert (where.device, where.seed, where.corpus) == ("cpu", 0, "a corpus")
