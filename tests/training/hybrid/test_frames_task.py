"""Frames as targets: aligned once, stretched with their utterances, read as words; kept and resumed."""

import dataclasses
import itertools

import pytest
import torch
from tones import WORDS, corpus
from torch.nn import functional

from hnrc_lib.audio import FrontEnd, stretch_time
from hnrc_lib.datasets import Corpus
from hnrc_lib.models import FrameNetwork
from hnrc_lib.training.augmentation import Augmentation
from hnrc_lib.training.building import make_task
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.export import export_recognizer
from hnrc_lib.training.hybrid import (
    AcousticModel,
    FramesTask,
    GmmConfig,
    HybridConfig,
    ScaledNetwork,
    any_words,
    log_priors,
    whole_words,
)
from hnrc_lib.training.hybrid.frames_task import IGNORED, stretched
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.rounds import hybrid_rounds, realigned, share_moved

FRONT_END = FrontEnd(sample_rate=8000, n_mels=20)
EVERY_STEP = RunOptions(device="cpu", checkpoint_seconds=0)
PAIRS = [list(pair) for pair in itertools.product(WORDS, repeat=2)]


def recipe(**changes) -> Recipe:
    settings = {
        "model": {"hidden": 24, "dilations": (1, 2)},
        "augmentation": Augmentation(vocal_tract=0.03, tempo=0.2, noise_probability=0.5, frequency_masks=1),
        "batch_size": 6,
        "max_epochs": 10,
        "learning_rate": 6e-3,
        "hybrid": HybridConfig(
            num_states=2, n_mels=20, language="any-words", gmm=GmmConfig(1, first_rounds=1, rounds=1)
        ),
    }
    fields = {"front_end": FRONT_END} | settings | changes
    return Recipe("tones", "quick", "none", "frames", "FrameNetwork", **fields)


@pytest.fixture(scope="module")
def parts():
    test = corpus([["up", "level", "down"], ["down"], ["level", "level"]], seed=1000)
    return Parts(corpus(PAIRS * 2), corpus(PAIRS[:4], seed=500), test)


@pytest.fixture(scope="module")
def rounds(parts, tmp_path_factory):
    made = [recipe(), recipe(max_epochs=3, learning_rate=2e-3, seed=1)]
    return list(hybrid_rounds(made, tmp_path_factory.mktemp("rounds"), EVERY_STEP, parts=parts))


def test_the_engine_trains_a_network_that_reads_words(rounds, parts):
    first, second = rounds
    assert first.test.texts == ("up level down", "down", "level level")
    assert second.test.word_error == 0
    assert first.state.losses[-1] < 0.6 * first.state.losses[0]
    again = second.task.hybrid(second.model, FRONT_END)
    assert again.recognise(parts.test, second.task.lexicon, second.task.pairs) == list(second.test.texts)


def test_a_second_round_goes_on_from_the_first_ones_weights_on_its_alignment(rounds):
    first, second = rounds
    assert 0.005 < share_moved(first.task, second.task, first) < 0.8
    assert share_moved(first.task, first.task, first) == 0
    assert second.state.losses[0] < 0.6 * first.state.losses[0]
    again = realigned(first)
    for one, other in zip(
        again.alignment(first.parts.train), second.task.alignment(first.parts.train), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("stop_after", [2, 5])
def test_a_run_in_pieces_has_the_same_losses_to_the_bit(parts, tmp_path, stop_after):
    made = recipe(max_epochs=3, model={"hidden": 8, "dilations": (1,), "dropout": 0.2})
    whole = run_recipe(made, tmp_path / "whole", EVERY_STEP, parts=parts)
    seen = []
    pieces = dataclasses.replace(
        EVERY_STEP, checkpoint_seconds=1e9, progress=seen.append, stop=lambda: len(seen) % stop_after == 0
    )
    for _ in range(10):
        result = run_recipe(made, tmp_path / "pieces", pieces, parts=parts)
        if result.finished:
            break
    assert len(seen) == 9
    assert result.state.losses == whole.state.losses
    assert result.state.grad_norms == whole.state.grad_norms
    assert [epoch.validation_loss for epoch in result.state.epochs] == [
        epoch.validation_loss for epoch in whole.state.epochs
    ]
    assert result.test.texts == whole.test.texts


def test_gaussians_are_kept_for_a_run_that_goes_on_and_damaged_ones_are_named(parts, tmp_path, monkeypatch):
    first = make_task(recipe(), parts, tmp_path)
    monkeypatch.setattr("hnrc_lib.training.hybrid.making.train_gaussians", None)
    kept = make_task(recipe(), parts, tmp_path)
    assert torch.equal(kept.log_prior, first.log_prior)
    assert torch.equal(kept.teacher.scores.emissions.means, first.teacher.scores.emissions.means)
    monkeypatch.undo()
    others = dataclasses.replace(parts, train=parts.train[:12])
    assert not torch.equal(make_task(recipe(), others, tmp_path).log_prior, first.log_prior)
    (tmp_path / "step-00000000" / "state.safetensors").write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="step-00000000 is damaged.*trained again"):
        again = make_task(recipe(), parts, tmp_path)
    assert torch.equal(again.log_prior, first.log_prior)


def test_states_stretch_as_features_do():
    """A feature that is the state itself, stretched by the front end's own function, rounds to the same."""
    generator = torch.Generator().manual_seed(0)
    lengths, frames = torch.tensor([30, 12, 1, 7]), torch.tensor([20, 31, 4, 7])
    states = torch.randint(9, (4, 30), generator=generator)
    found = stretched(states, lengths, frames, 33)
    for row, (length, wanted) in enumerate(zip(lengths.tolist(), frames.tolist(), strict=True)):
        places = torch.arange(length).double()[None, :, None]
        moved = stretch_time(places, lengths[row : row + 1], frames[row : row + 1])[0, :wanted, 0]
        difference = found[row, :wanted] - states[row][moved.round().long()]
        # Halfway between two states either is right.
        assert (difference[(moved % 1 - 0.5).abs() > 1e-6] == 0).all()
        assert (found[row, wanted:] == IGNORED).all()


def test_losses_are_means_over_the_frames_of_each_utterance(parts):
    task = make_task(recipe(), parts)
    targets = task.encode(parts.train, "cpu")
    chosen = torch.tensor([3, 0])
    frames = targets.lengths[chosen]
    logits = torch.randn(2, int(frames.max()), task.output_size, generator=torch.Generator().manual_seed(0))
    found = task.losses(logits, frames, targets, chosen)
    for row, index in enumerate(chosen.tolist()):
        states = task.alignment(parts.train)[index]
        expected = functional.cross_entropy(logits[row, : len(states)].double(), states)
        assert float(found[row]) == pytest.approx(float(expected), rel=1e-5)


def test_curvature_is_the_hessian_of_the_losses(parts):
    task = make_task(recipe(), parts)
    targets, chosen = task.encode(parts.train, "cpu"), torch.tensor([3, 0])
    frames = (0.8 * targets.lengths[chosen]).long()
    generator = torch.Generator().manual_seed(0)
    logits, vector = torch.randn(2, 2, int(frames.max()) + 3, task.output_size, generator=generator)
    _, expected = torch.autograd.functional.hvp(
        lambda z: task.losses(z, frames, targets, chosen).sum(), logits, vector
    )
    torch.testing.assert_close(task.curve(logits, vector, frames, targets, chosen), expected)


def test_utterances_too_short_for_their_words_are_left_out_and_named(parts, tmp_path):
    made = list(parts.train)
    made[5] = dataclasses.replace(made[5], samples=made[5].samples[:100], sha256="")
    short = dataclasses.replace(parts, train=Corpus("tones", made))
    result = run_recipe(recipe(max_epochs=1), tmp_path, EVERY_STEP, parts=short)
    assert result.too_short == (made[5].name,)
    assert result.state.utterances == 17


def test_scaled_likelihoods_are_posteriors_over_priors():
    network = FrameNetwork(9, 3, hidden=8, generator=torch.Generator().manual_seed(0))
    features, lengths = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(1)), torch.tensor([5, 3])
    prior = torch.tensor([0.5, 0.3, 0.2])
    found = ScaledNetwork(network, prior.log(), 0.5)(features, lengths)
    expected = network(features, lengths).softmax(-1) / prior.sqrt()
    torch.testing.assert_close(found.exp(), expected.detach())


def test_priors_count_frames_and_are_never_zero():
    priors = log_priors([torch.tensor([0, 0, 2]), torch.tensor([2, 2])], 4).exp()
    assert priors.tolist() == pytest.approx([3 / 9, 1 / 9, 4 / 9, 1 / 9])


def test_what_does_not_fit_is_refused(parts, rounds, tmp_path):
    for changes in ({"trim_db": 25.0}, {"num_frames": 32}):
        ((name, value),) = changes.items()
        bad = recipe(front_end=dataclasses.replace(FRONT_END, **changes))
        with pytest.raises(ValueError, match=f"front_end.{name} must be None, .* got {value}"):
            make_task(bad, parts)
    with pytest.raises(ValueError, match="dictionary for units 'phones', 'tones' has none"):
        make_task(recipe(hybrid=HybridConfig(units="phones")), parts)
    with pytest.raises(ValueError, match="hybrid must be given with task 'frames'"):
        dataclasses.replace(recipe(), hybrid=None)
    with pytest.raises(ValueError, match="hybrid must be given with task 'frames'"):
        dataclasses.replace(recipe(), task="ctc")
    with pytest.raises(ValueError, match="must be of task classify or ctc, got 'frames'"):
        export_recognizer(
            rounds[0], tmp_path, name="tones", data="tones", licence="none", accuracy={}, limits="tones"
        )
    lexicon, pairs = whole_words(WORDS, num_states=40), any_words(3)
    teacher = AcousticModel(FRONT_END, lambda features, lengths: features, torch.full((121,), 0.5))
    with pytest.raises(ValueError, match="every utterance of 'tones' is too short"):
        FramesTask(lexicon, pairs, teacher, parts.train[:2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": "letters"}, "units must be one of words, phones, got 'letters'"),
        ({"language": "any"}, "language must be one of one-word, any-words, bigram, got 'any'"),
        ({"num_states": 0}, "num_states must be positive, got 0"),
        ({"prior_scale": -1.0}, "prior_scale must not be negative, got -1.0"),
    ],
)
def test_a_bad_value_of_the_hidden_markov_model_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        HybridConfig(**changes)
