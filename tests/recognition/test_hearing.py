"""Words of one chunk: classes, and texts spelt by a model that writes what it is told."""

import itertools

import pytest
import torch
from torch import nn

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import load_digits
from hnrc_lib.recognition import ModelCard, ModelFiles, find_speech, load_model_files
from hnrc_lib.recognition.hearing import HearClasses, HearText
from hnrc_lib.sequence import Vocabulary


class Dictated(nn.Module):
    """Writes one symbol, certain, on each frame it is told."""

    def __init__(self, size: int, written: dict[int, int], shorter: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.size, self.written, self.shorter = size, written, shorter

    def output_lengths(self, lengths):
        return (lengths - 1) // self.shorter + 1

    def forward(self, features, lengths):
        logits = torch.full((1, (features.shape[1] - 1) // self.shorter + 1, self.size), -5.0)
        logits[..., 0] = 5.0
        for frame, symbol in self.written.items():
            logits[0, frame, 0], logits[0, frame, symbol] = -5.0, 5.0
        return logits


def text_files(symbols: tuple[str, ...], model: nn.Module) -> ModelFiles:
    front_end = FrontEnd(8000, n_mels=8)
    return ModelFiles(ModelCard("dictated", "ctc", "ConvLSTM", {}, front_end, symbols, "", "", {}, ""), model)


@pytest.mark.parametrize("shorter", [1, 4])
def test_a_text_has_its_words_at_their_frames(shorter):
    letters = Vocabulary.of_characters(["GO ON"])
    written = dict(zip((2, 4, 5, 9, 11), letters.encode("GO ON"), strict=True))
    hear = HearText(text_files(letters.symbols, Dictated(len(letters), written, shorter)))
    samples = torch.randn(8000, generator=torch.Generator().manual_seed(0))
    first, second = hear(samples, find_speech(samples, 8000))
    step = 0.01 * shorter
    assert (first.text, second.text) == ("GO", "ON")
    assert (first.start, first.end) == pytest.approx((2 * step, 5 * step))
    assert (second.start, second.end) == pytest.approx((9 * step, 12 * step))
    assert first.confidence > 0.99


def test_symbols_may_be_words():
    hear = HearText(text_files(("one", "two"), Dictated(3, {3: 2, 8: 1, 9: 1})))
    words = hear(torch.randn(4000), find_speech(torch.randn(4000), 8000))
    assert [word.text for word in words] == ["two", "one"]
    assert words[1].end == pytest.approx(0.10)


def test_blanks_alone_are_no_words():
    hear = HearText(text_files(("one", "two"), Dictated(3, {})))
    assert hear(torch.randn(4000), find_speech(torch.randn(4000), 8000)) == []


def test_a_short_recording_is_one_word_and_a_long_one_a_word_for_each_stretch(digits_folder):
    hear = HearClasses(load_model_files(digits_folder))
    digits = {u.label: u.samples for u in load_digits("test", language="en")[:40]}
    (one,) = hear(digits[7], find_speech(digits[7], 8000))
    assert one.text == "seven"
    assert 0.5 < one.confidence <= 1
    pause = 1e-3 * torch.randn(4000, generator=torch.Generator().manual_seed(0))
    spoken = torch.cat([pause, digits[7], pause, digits[1], pause, digits[7], pause])
    words = hear(spoken, find_speech(spoken, 8000))
    assert [word.text for word in words] == ["seven", "one", "seven"]
    assert all(a.end < b.start for a, b in itertools.pairwise(words))
