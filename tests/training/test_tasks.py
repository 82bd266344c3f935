"""What tasks ask for: frames for repeated symbols, references, errors, named faults."""

import dataclasses

import pytest
import tiny_corpus
import torch
from torch.nn import functional

from hnrc_lib.sequence import Vocabulary
from hnrc_lib.training.tasks import ClassifyTask, CTCTask


def said(*texts: str):
    corpus = tiny_corpus.sentences(len(texts), 0)
    made = [dataclasses.replace(one, text=text) for one, text in zip(corpus, texts, strict=True)]
    return dataclasses.replace(corpus, utterances=made)


def test_a_repeated_symbol_needs_a_blank_between():
    task = CTCTask(Vocabulary.of_characters(["hello"]))
    targets = task.encode(said("hello", "lll", "he"), "cpu")
    assert task.needed_frames(targets).tolist() == [6, 5, 2]


def test_ctc_losses_are_torchs_per_symbol_and_in_half_precision_are_computed_in_single():
    task = CTCTask(Vocabulary(("one", "two")))
    targets = task.encode(said("one two two", "two"), "cpu")
    logits = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(0))
    frames, chosen = torch.tensor([9, 6]), torch.tensor([0, 1])
    expected = functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        torch.tensor([[1, 2, 2], [2, 0, 0]]),
        frames,
        torch.tensor([3, 1]),
        reduction="none",
    ) / torch.tensor([3, 1])
    torch.testing.assert_close(task.losses(logits, frames, targets, chosen), expected)
    half = task.losses(logits.bfloat16(), frames, targets, chosen)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, expected, rtol=0.02, atol=0.02)


def test_words_and_characters_are_counted_in_their_own_units():
    spelt = CTCTask(Vocabulary.of_characters(["one two"]))
    whole = CTCTask(Vocabulary(("one", "two")))
    assert spelt.errors(["one two"], ["on two"]) == (pytest.approx(1 / 7), 0.5)
    assert whole.errors(["one two"], ["one one two"]) == (0.5, 0.5)
    assert ClassifyTask(3).errors(["0", "1", "2", "2"], ["0", "2", "2", "2"]) == (0.25, 0.25)


def test_what_cannot_be_a_target_is_named():
    with pytest.raises(ValueError, match=r"text of '0_1' in .* must not be empty"):
        CTCTask(Vocabulary(("one",))).encode(said("one", "  "), "cpu")
    with pytest.raises(ValueError, match=r"must have a label in 0 … 1, \['1_2'"):
        ClassifyTask(2).encode(tiny_corpus.words(3, 1), "cpu")
