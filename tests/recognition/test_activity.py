"""Speech by level: silence, noise and tones are empty, words are found where they are."""

import os

import pytest
import torch

from hnrc_lib.datasets import load_digits, load_fsdd
from hnrc_lib.recognition.activity import find_speech, frame_levels, quietest_instant

RATE = 8000


def noise(seconds: float, level: float, seed: int = 0) -> torch.Tensor:
    return level * torch.randn(round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


def tone(seconds: float, hertz: float = 50.0) -> torch.Tensor:
    return 0.3 * torch.sin(2 * torch.pi * hertz / RATE * torch.arange(round(seconds * RATE)))


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (torch.zeros(0), "no samples"),
        (torch.zeros(8000), "the loudest moment has -120 dB"),
        (torch.full((8000,), 0.5), "the loudest moment"),
        (noise(1.0, 1e-4), "the loudest moment has -79 dB"),
        (noise(2.0, 0.1), "the level is steady"),
        (tone(2.0), "the level is steady"),
        (noise(0.05, 0.1), "no sound lasts 60 ms"),
        (torch.cat([noise(1, 1e-3), torch.tensor([0.9]), noise(1, 1e-3, 1)]), "no sound lasts|steady"),
    ],
)
def test_what_is_not_speech_has_a_reason(samples, reason):
    activity = find_speech(samples, RATE)
    assert activity.stretches == ()
    assert activity.reason.startswith("no speech: ")
    assert any(part in activity.reason for part in reason.split("|"))


def test_words_are_found_where_they_are():
    word = load_digits("test", language="en")[3].samples
    quiet = 1e-3
    samples = torch.cat([noise(1.0, quiet), word, noise(0.8, quiet, 1), word, noise(0.5, quiet, 2)])
    activity = find_speech(samples, RATE)
    assert len(activity.stretches) == 2
    length = len(word) / RATE
    for (start, end), said in zip(activity.stretches, (1.0, 1.8 + length), strict=True):
        assert start == pytest.approx(said, abs=0.2)
        assert end == pytest.approx(said + length, abs=0.25)


def test_levels_are_those_of_the_definition():
    samples = noise(0.1, 0.2) + 0.4
    centred = (samples - samples.mean()).double()
    levels = frame_levels(samples, RATE)
    for t in (0, 3):
        frame = centred[80 * t : 80 * t + 200]
        expected = 10 * torch.log10(((frame - frame.mean()) ** 2).mean())
        assert float(levels[t]) == pytest.approx(float(expected), abs=1e-3)
    assert len(frame_levels(samples[:10], RATE)) == 1


def test_the_quietest_instant_is_in_the_pause():
    samples = torch.cat([noise(2.0, 0.2), noise(0.3, 0.01), noise(2.0, 0.2, 1)])
    assert quietest_instant(samples, RATE, 1.0, 3.5) == pytest.approx(2.15, abs=0.06)
    assert quietest_instant(samples, RATE, 1.0, 1.1) == pytest.approx(1.05, abs=0.06)


def test_shipped_digits_are_heard():
    for utterance in load_digits("test")[::5]:
        assert find_speech(utterance.samples, utterance.sample_rate).reason == ""


@pytest.mark.speech
def test_real_digits_are_heard():
    for utterance in load_fsdd(data_dir=os.environ["HNRC_DATA_DIR"])[::50]:
        assert find_speech(utterance.samples, utterance.sample_rate).reason == ""
