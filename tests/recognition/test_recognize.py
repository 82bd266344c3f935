"""Recordings to text: short and long, silent, at another rate, and in bounded memory."""

import dataclasses
import subprocess
import sys

import pytest
import soundfile
import torch

from hnrc_lib.audio import AudioError, Waveform, resample, write_audio
from hnrc_lib.datasets import load_digits
from hnrc_lib.recognition import Activity, DecoderSettings, Recognizer, Word, load_recognizer
from hnrc_lib.recognition.model_file import ModelFiles

RATE = 8000


@pytest.fixture(scope="module")
def recognizer(digits_folder):
    return load_recognizer(digits_folder)


@pytest.fixture(scope="module")
def digits():
    return {u.label: u.samples for u in load_digits("test", language="en")[:40]}


def quiet(seconds: float, seed: int) -> torch.Tensor:
    return 1e-3 * torch.randn(round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


def with_chunks(recognizer: Recognizer, chunk: float, overlap: float) -> Recognizer:
    files = recognizer.files
    settings = DecoderSettings(chunk_seconds=chunk, overlap_seconds=overlap)
    return Recognizer(ModelFiles(dataclasses.replace(files.card, decoder=settings), files.model))


def test_held_out_voices_are_recognised(recognizer):
    corpus = load_digits("test", language="en")[::3]
    right = sum(
        recognizer.transcribe(Waveform(u.samples, u.sample_rate)).text == recognizer.card.symbols[u.label]
        for u in corpus
    )
    assert right >= 0.8 * len(corpus)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (torch.zeros(4000), "no speech: the loudest moment"),
        (torch.zeros(0), "no speech: there are no samples"),
        (0.1 * torch.ones(4000), "no speech: the loudest moment"),
        (100 * quiet(30.0, 0), "no speech: the level is steady"),
    ],
)
def test_no_speech_is_an_empty_transcript_with_its_reason(recognizer, samples, reason):
    transcript = recognizer.transcribe(Waveform(samples, RATE))
    assert (transcript.text, transcript.words) == ("", ())
    assert transcript.reason.startswith(reason)
    assert transcript.seconds == len(samples) / RATE


@pytest.mark.parametrize("rate", [16000, 44100])
def test_another_rate_is_changed(recognizer, digits, rate):
    waveform = Waveform(resample(digits[7], RATE, rate), rate)
    transcript = recognizer.transcribe(waveform)
    assert transcript.text == "seven"
    assert transcript.seconds == pytest.approx(len(digits[7]) / RATE, abs=1e-3)


@pytest.mark.parametrize(
    "samples", [torch.tensor([0.0, torch.nan]), torch.zeros(2, 100), torch.zeros(9).int()]
)
def test_samples_that_are_no_sound_are_refused(recognizer, samples):
    with pytest.raises(ValueError, match="one channel"):
        recognizer.transcribe(Waveform(samples, RATE))


def test_a_file_that_is_no_audio_is_named(recognizer, tmp_path):
    path = tmp_path / "notes.wav"
    path.write_text("no sound")
    with pytest.raises(AudioError, match=r"notes\.wav"):
        recognizer.transcribe_file(path)


def spoken(said: list[int]) -> tuple[torch.Tensor, list[float]]:
    """Bursts of tones of 300 Hz, 400 Hz, … with pauses of changing length, and the middle of each."""
    parts, middles, count = [quiet(0.4, 0)], [], 3200
    burst = 0.3 * torch.hann_window(3200)
    for index, digit in enumerate(said):
        middles.append((count + 1600) / RATE)
        tone = torch.sin(2 * torch.pi * (300 + 100 * digit) / RATE * torch.arange(3200))
        parts += [burst * tone, quiet(0.35 + 0.1 * (index % 4), index)]
        count += len(parts[-2]) + len(parts[-1])
    return torch.cat(parts), middles


def hear_tones(samples: torch.Tensor, activity: Activity) -> list[Word]:
    words = []
    for start, end in activity.stretches:
        stretch = samples[round(start * RATE) : round(end * RATE)]
        hertz = int(torch.fft.rfft(stretch).abs().argmax()) * RATE / len(stretch)
        words.append(Word(str(round((hertz - 300) / 100)), start, end, 1.0))
    return words


@pytest.mark.parametrize(("chunk", "overlap"), [(12.0, 3.0), (5.0, 2.0), (4.1, 1.9), (2.2, 1.0)])
@pytest.mark.parametrize("block", [997, 60000])
def test_chunks_join_without_doubling_or_losing_a_word(recognizer, chunk, overlap, block):
    said = [7, 6, 1, 7, 7, 1, 6, 6, 7, 1] * 3
    samples, middles = spoken(said)
    small = with_chunks(recognizer, chunk, overlap)
    small.hear = hear_tones
    transcript = small.transcribe_blocks(samples.split(block))
    assert [int(word.text) for word in transcript.words] == said
    assert [word.middle for word in transcript.words] == pytest.approx(middles, abs=0.05)
    assert transcript.seconds == pytest.approx(len(samples) / RATE)


def test_a_file_and_its_samples_give_the_same(recognizer, tmp_path):
    samples, _ = spoken([7, 1, 6, 7])
    path = write_audio(tmp_path / "said.wav", samples, RATE, "FLOAT")
    small = with_chunks(recognizer, 2.0, 0.9)
    assert small.transcribe_file(path) == small.transcribe(Waveform(samples, RATE))
    with path.open("rb") as stream:
        assert small.transcribe_file(stream).text == small.transcribe_file(path).text


def test_the_same_words_come_whatever_was_heard_before(recognizer, digits):
    first = recognizer.transcribe(Waveform(digits[7], RATE))
    recognizer.transcribe(Waveform(digits[1], RATE))
    assert recognizer.transcribe(Waveform(digits[7], RATE)) == first


MEASURE = """
import resource, sys
from hnrc_lib.recognition import load_recognizer

recognizer = load_recognizer(sys.argv[1])
peaks, words = [], []
for path in sys.argv[2:]:
    words.append(len(recognizer.transcribe_file(path).words))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(*peaks, *words)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux")
def test_ten_minutes_need_no_more_memory_than_one(digits_folder, tmp_path):
    samples, _ = spoken([7, 6, 1, 7, 1, 6] * 5)
    loud = resample(samples, RATE, 16000)
    minute = torch.cat([loud, torch.zeros(60 * 16000 - len(loud))]).numpy()
    for name, minutes in (("one", 1), ("ten", 10)):
        with soundfile.SoundFile(tmp_path / f"{name}.wav", "w", 16000, 1) as file:
            for _ in range(minutes):
                file.write(minute)
    files = [str(tmp_path / f"{name}.wav") for name in ("one", "ten")]
    command = [sys.executable, "-c", MEASURE, str(digits_folder), *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    first, second, few, many = map(int, done.stdout.split())
    # The samples alone are 37 MiB in float32 at 16 kHz, 18 MiB at the model's 8 kHz.
    assert second - first < 12 * 1024
    assert (few, many) == (30, 300)
