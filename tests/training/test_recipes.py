"""Recipes: every one in every size is whole, and a command line changes what it names."""

import dataclasses
import json

import pytest
import tiny_corpus
import torch

from hnrc_lib.datasets import Corpus, Utterance
from hnrc_lib.models import apply_model, output_lengths
from hnrc_lib.training.building import build_model, make_task
from hnrc_lib.training.corpora import CORPORA, Parts, load_parts
from hnrc_lib.training.optimizers import make_optimizer
from hnrc_lib.training.precision import mixed_precision
from hnrc_lib.training.recipe import SIZES, change
from hnrc_lib.training.recipes import RECIPES, make_recipe
from hnrc_lib.training.schedule import rate_factor

DICTIONARY = {"one": (("W", "AH", "N"),), "two": (("T", "UW"),)}


def a_part(rate: int, words: bool) -> Corpus:
    samples = torch.randn(rate)
    said = [
        Utterance(samples, rate, "s", "en", word, label if words else None, word)
        for label, word in enumerate(("one", "two"))
    ]
    return Corpus("two", said)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds_a_model_that_hears_its_features(name, size):
    recipe = make_recipe(name, size)
    assert recipe.corpus in CORPORA
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.seed = 1
    json.dumps(recipe.as_dict())
    part = a_part(recipe.front_end.sample_rate, recipe.task == "classify")
    task = make_task(recipe, Parts(part, part, part, DICTIONARY))
    model = build_model(recipe, task).eval()
    features, frames = recipe.front_end(
        torch.stack([one.samples for one in part]), torch.tensor([recipe.front_end.sample_rate] * 2)
    )
    logits = apply_model(model, features, frames)
    losses = task.losses(
        logits, output_lengths(model, frames), task.encode(part, "cpu"), torch.tensor([0, 1])
    )
    assert losses.shape == (2,)
    assert losses.isfinite().all()
    again = build_model(recipe, task)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_a_colab_recipe_needs_no_bfloat16_and_less_than_twelve_gigabytes():
    for name in RECIPES:
        recipe = make_recipe(name, "colab")
        assert recipe.precision in ("auto", "float32", "float16")


def test_texts_are_read_as_the_field_is_typed():
    recipe = change(
        make_recipe("digits-cnn", "quick"),
        {
            "clip": "none",
            "patience": "3",
            "average_last": "0",
            "front_end.variance": "false",
            "augmentation.snr_db": "0, 10",
            "optimizer_options.momentum": "0.9",
            "optimizer": "sgd",
        },
    )
    assert recipe.clip is None
    assert recipe.patience == 3
    assert recipe.front_end.variance is False
    assert recipe.augmentation.snr_db == (0, 10)
    assert recipe.optimizer_options == {"momentum": 0.9}
    assert recipe.optimizer == "sgd"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learnig_rate": "1"}, "learnig_rate must name a field"),
        ({"front_end.mels": "1"}, "front_end.mels must name a field"),
        ({"batch_size": "many"}, "batch_size must be of type int, got 'many'"),
        ({"batch_size": "0"}, "batch_size must be positive, got 0"),
        ({"front_end": "x"}, "set its own fields"),
        ({"front_end.variance": "perhaps"}, "must be true or false"),
        ({"patience": "3"}, "patience must be None with average_last"),
        ({"precision": "int3"}, "precision must be one of"),
        ({"learning_rate": "0"}, "learning_rate must be positive"),
    ],
)
def test_bad_changes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        make_recipe("digits-cnn", "quick", changes)


def test_unknown_names_list_those_there_are():
    with pytest.raises(ValueError, match="recipe must be one of digits-cnn"):
        make_recipe("digits-cmn")
    with pytest.raises(ValueError, match="size must be one of quick"):
        make_recipe("digits-cnn", "huge")
    with pytest.raises(ValueError, match="corpus must be one of digits"):
        load_parts("timit")
    with pytest.raises(ValueError, match="held_out must be None"):
        load_parts("digits", held_out="george")


def test_the_parts_of_the_shipped_digits_share_no_voice():
    for name in ("digits", "connected-digits"):
        parts = load_parts(name)
        voices = [set(part.speakers) for part in (parts.train, parts.validation, parts.test)]
        assert not voices[0] & voices[1]
        assert not voices[0] & voices[2]
        assert not voices[1] & voices[2]


@pytest.mark.speech
def test_the_parts_of_an4_and_fsdd_share_no_speaker_with_the_test_part():
    an4 = load_parts("an4")
    assert not set(an4.train.speakers) & set(an4.validation.speakers)
    assert not (set(an4.train.speakers) | set(an4.validation.speakers)) & set(an4.test.speakers)
    assert len(an4.train) + len(an4.validation) == 948
    assert len(an4.test) == 130
    fsdd = load_parts("fsdd", held_out="lucas")
    assert fsdd.test.speakers == ("lucas",)
    assert "lucas" not in fsdd.train.speakers + fsdd.validation.speakers


def test_optimizers_keep_decay_off_vectors_and_refuse_what_they_do_not_have():
    model = torch.nn.Linear(3, 2)
    optimizer = make_optimizer("AdamW", model.named_parameters(), learning_rate=0.1, weight_decay=0.5)
    decays = {group["params"][0].ndim: group["weight_decay"] for group in optimizer.param_groups}
    assert decays == {2: 0.5, 1: 0.0}
    with pytest.raises(ValueError, match="optimizer must be one of"):
        make_optimizer("adamv", model.named_parameters(), learning_rate=0.1)
    with pytest.raises(TypeError, match="no options"):
        make_optimizer("sgd", model.named_parameters(), learning_rate=0.1, momentun=0.9)


def test_a_rival_by_name_takes_a_step():
    model = torch.nn.Linear(3, 2)
    optimizer = make_optimizer("rivals:lion", model.named_parameters(), learning_rate=0.1)
    before = model.weight.detach().clone()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    assert not torch.equal(before, model.weight)
    with pytest.raises(ValueError, match="pytorch-optimizer has no 'lionn'"):
        make_optimizer("rivals:lionn", model.named_parameters(), learning_rate=0.1)


def test_the_schedules_rise_and_fall():
    cosine = [rate_factor("cosine", step, 100) for step in range(101)]
    assert cosine[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert max(cosine) == 1
    assert cosine[-1] == pytest.approx(0)
    assert rate_factor("linear", 55, 100) == pytest.approx(0.5)
    assert rate_factor("constant", 99, 100) == 1
    with pytest.raises(ValueError, match="schedule must be"):
        rate_factor("step", 0, 1)


def test_precision_on_a_cpu():
    assert mixed_precision("auto", "cpu") == "no"
    assert mixed_precision("bfloat16", "cpu") == "bf16"
    with pytest.raises(ValueError, match="must not be float16 on cpu"):
        mixed_precision("float16", "cpu")
    with pytest.raises(ValueError, match="precision must be auto"):
        mixed_precision("double", "cpu")


@pytest.mark.parametrize(
    ("capability", "expected"), [((9, 0), "bf16"), ((8, 0), "bf16"), ((7, 5), "fp16"), ((6, 1), "no")]
)
def test_precision_by_compute_capability(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert mixed_precision("auto", "cuda") == expected
    if capability < (8, 0):
        with pytest.raises(ValueError, match="must not be bfloat16"):
            mixed_precision("bfloat16", "cuda")


def test_a_classifier_needs_labels_and_ctc_needs_texts():
    recipe = make_recipe("digits-lstm", "quick")
    unlabelled = tiny_corpus.sentences(2, 0)
    with pytest.raises(ValueError, match="must have a label"):
        make_task(recipe, Parts(unlabelled, unlabelled, unlabelled))
    with pytest.raises(ValueError, match=r"front_end.num_frames must be a number"):
        build_model(
            change(make_recipe("digits-cnn"), {"front_end.num_frames": "none"}),
            make_task(recipe, tiny_corpus.word_parts()),
        )
