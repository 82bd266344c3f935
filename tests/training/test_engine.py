"""The engine in one process: it learns, resumes, refuses, and skips what is not finite."""

import dataclasses
import json

import pytest
import tiny_corpus
import torch

from hnrc_lib.training.checkpoint import load_newest
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.tasks import ClassifyTask

EVERY_STEP = RunOptions(device="cpu", checkpoint_seconds=0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of the words that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    recipe = tiny_corpus.word_recipe(max_epochs=8)
    return recipe, folder, run_recipe(recipe, folder, EVERY_STEP, parts=tiny_corpus.word_parts())


def test_it_learns_the_words(whole):
    _, folder, result = whole
    assert result.finished
    assert result.test.error == 0
    assert result.state.losses[-1] < 0.5 * result.state.losses[0]
    assert len(result.state.losses) == result.state.step == 24
    written = json.loads((folder / "result.json").read_text("utf-8"))
    assert written["test"]["error"] == 0
    assert written["steps"] == 24


def test_a_finished_run_is_read_not_repeated(whole):
    recipe, folder, result = whole
    reports = []
    options = dataclasses.replace(EVERY_STEP, progress=reports.append)
    again = run_recipe(recipe, folder, options, parts=tiny_corpus.word_parts())
    assert reports == []
    assert again.state.losses == result.state.losses
    assert again.test == result.test


def test_the_kept_weights_are_the_mean_of_the_last_epochs(whole, tmp_path):
    recipe = dataclasses.replace(whole[0], average_last=2, max_epochs=2)
    kept = []
    options = dataclasses.replace(EVERY_STEP, progress=lambda report: kept.append(report.finished_epoch))
    result = run_recipe(recipe, tmp_path, options, parts=tiny_corpus.word_parts())
    checkpoint, _ = load_newest(tmp_path / "checkpoints")
    name = "output.weight"
    last = checkpoint.tensors[f"model.{name}"]
    average = checkpoint.tensors[f"average.{name}"]
    assert not torch.equal(last, average)
    torch.testing.assert_close(dict(result.model.named_parameters())[name].detach(), average)


@pytest.mark.parametrize("stop_after", [1, 4, 7])
def test_a_run_in_pieces_has_the_same_losses_to_the_bit(tmp_path, stop_after):
    recipe, parts = tiny_corpus.sentence_recipe(), tiny_corpus.sentence_parts()
    whole = run_recipe(recipe, tmp_path / "whole", EVERY_STEP, parts=parts)
    seen = []
    pieces = dataclasses.replace(
        EVERY_STEP, checkpoint_seconds=1e9, progress=seen.append, stop=lambda: len(seen) % stop_after == 0
    )
    for _ in range(20):
        result = run_recipe(recipe, tmp_path / "pieces", pieces, parts=parts)
        if result.finished:
            break
    assert result.finished
    assert len(seen) == 9
    assert result.state.losses == whole.state.losses
    assert result.state.grad_norms == whole.state.grad_norms
    assert [epoch.validation_loss for epoch in result.state.epochs] == [
        epoch.validation_loss for epoch in whole.state.epochs
    ]
    assert result.test.texts == whole.test.texts


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path):
    recipe, parts = tiny_corpus.word_recipe(), tiny_corpus.word_parts()
    whole = run_recipe(recipe, tmp_path / "whole", EVERY_STEP, parts=parts)
    steps = []
    options = dataclasses.replace(EVERY_STEP, progress=steps.append, stop=lambda: len(steps) == 5)
    run_recipe(recipe, tmp_path / "hurt", options, parts=parts)
    newest = sorted((tmp_path / "hurt" / "checkpoints").iterdir())[-1]
    state = newest / "state.safetensors"
    content = bytearray(state.read_bytes())
    content[-1] ^= 1
    state.write_bytes(content)
    result = run_recipe(recipe, tmp_path / "hurt", EVERY_STEP, parts=parts)
    assert newest.name in result.damaged[0]
    assert "sha256" in result.damaged[0]
    assert result.state.losses == whole.state.losses


def test_another_recipe_in_the_same_folder_is_refused(whole):
    recipe, folder, _ = whole
    other = dataclasses.replace(recipe, learning_rate=1.0)
    with pytest.raises(ValueError, match=r"run with other \['learning_rate'\]"):
        run_recipe(other, folder, EVERY_STEP, parts=tiny_corpus.word_parts())


def test_a_run_that_finds_no_corpus_leaves_its_folder_to_others(tmp_path):
    absent = dataclasses.replace(tiny_corpus.word_recipe(max_epochs=1), corpus="an4")
    with pytest.raises(FileNotFoundError, match="AN4 is needed"):
        run_recipe(absent, tmp_path / "run", dataclasses.replace(EVERY_STEP, data_dir=tmp_path))
    assert list(tmp_path.iterdir()) == []


def poisoned(parts: Parts, *where: int) -> Parts:
    """The training part with samples that make the loss NaN."""
    made = list(parts.train)
    for index in where:
        made[index] = dataclasses.replace(made[index], samples=made[index].samples * float("nan"))
    return dataclasses.replace(parts, train=dataclasses.replace(parts.train, utterances=made))


def test_a_batch_that_is_not_finite_is_skipped_and_counted(tmp_path):
    recipe = tiny_corpus.word_recipe(augmentation=tiny_corpus.Augmentation())
    result = run_recipe(recipe, tmp_path, EVERY_STEP, parts=poisoned(tiny_corpus.word_parts(), 3))
    assert result.state.skipped == 3
    assert sum(loss != loss for loss in result.state.losses) == 3
    assert all(value.isfinite().all() for value in result.model.state_dict().values())
    assert result.summary()["skipped_steps"] == 3


def test_ten_such_batches_in_a_row_stop_the_run_with_the_weights_whole(tmp_path):
    recipe = tiny_corpus.word_recipe(max_epochs=10)
    parts = poisoned(tiny_corpus.word_parts(), *range(24))
    with pytest.raises(FloatingPointError, match="10th step in a row"):
        run_recipe(recipe, tmp_path, EVERY_STEP, parts=parts)
    checkpoint, _ = load_newest(tmp_path / "checkpoints")
    assert checkpoint.values["skipped"] == 9
    assert all(
        value.isfinite().all() for name, value in checkpoint.tensors.items() if name.startswith("model.")
    )


def test_utterances_too_short_for_their_texts_are_left_out_and_named(tmp_path):
    parts = tiny_corpus.sentence_parts()
    made = list(parts.train)
    made[5] = dataclasses.replace(
        made[5], text="low low low mid high low mid high low low low low low low low"
    )
    train = dataclasses.replace(parts.train, utterances=made)
    recipe = tiny_corpus.sentence_recipe(max_epochs=1)
    result = run_recipe(recipe, tmp_path, EVERY_STEP, parts=dataclasses.replace(parts, train=train))
    assert result.too_short == (made[5].name,)
    assert result.summary()["too_short"] == [made[5].name]


def test_no_utterance_long_enough_is_an_error(tmp_path):
    parts = tiny_corpus.sentence_parts()
    text = " ".join(["low"] * 100)
    made = [dataclasses.replace(one, text=text) for one in parts.train]
    train = dataclasses.replace(parts.train, utterances=made)
    with pytest.raises(ValueError, match="too short for its text"):
        run_recipe(
            tiny_corpus.sentence_recipe(), tmp_path, EVERY_STEP, parts=dataclasses.replace(parts, train=train)
        )


def test_unknown_letters_are_named(tmp_path):
    parts = tiny_corpus.sentence_parts()
    made = [dataclasses.replace(one, text="treble") for one in parts.validation]
    validation = dataclasses.replace(parts.validation, utterances=made)
    with pytest.raises(ValueError, match=r"text of '2_0' in 'rows of tones 2'.*treble"):
        run_recipe(
            tiny_corpus.sentence_recipe(),
            tmp_path,
            EVERY_STEP,
            parts=dataclasses.replace(parts, validation=validation),
        )


def test_each_part_is_encoded_once_however_many_epochs(tmp_path, monkeypatch):
    parts, encoded, encode = tiny_corpus.word_parts(), [], ClassifyTask.encode
    monkeypatch.setattr(
        ClassifyTask,
        "encode",
        lambda task, corpus, device: encoded.append(corpus) or encode(task, corpus, device),
    )
    run_recipe(tiny_corpus.word_recipe(max_epochs=3), tmp_path, EVERY_STEP, parts=parts)
    assert [corpus.name for corpus in encoded] == [
        parts.train.name,
        parts.validation.name,
        parts.test.name,
    ]


def test_patience_stops_early(tmp_path):
    recipe = tiny_corpus.word_recipe(
        max_epochs=30, average_last=0, patience=2, learning_rate=0.05, schedule="constant"
    )
    result = run_recipe(recipe, tmp_path, EVERY_STEP, parts=tiny_corpus.word_parts())
    assert len(result.state.epochs) == result.state.best_epoch + 2 < 30
    errors = [epoch.validation_error for epoch in result.state.epochs]
    assert result.best_metric == min(errors)


def test_trackers_write_what_the_reports_say(tmp_path):
    options = dataclasses.replace(EVERY_STEP, trackers=("tensorboard",))
    run_recipe(tiny_corpus.word_recipe(max_epochs=1), tmp_path, options, parts=tiny_corpus.word_parts())
    assert list(tmp_path.rglob("events.out.tfevents*"))
