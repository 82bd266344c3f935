"""A folder laid out as AN4 is published, filled with pairs of shipped synthetic digits."""

from pathlib import Path

import torch

from hnrc_lib.audio import write_audio
from hnrc_lib.datasets import load_digits

PAIRS = 4
NUM_TRAIN_VOICES = 7  # the seventh validates
RATE = 16000
DICTIONARY = {"ZERO": "Z IH R OW", "ONE": "W AH N", "TWO": "T UW", "THREE": "TH R IY"}


def write_an4_voices(folder: Path) -> Path:
    """Seven voices to train on, two others to test on, four utterances of two takes of a digit each."""
    etc = folder / "an4" / "etc"
    etc.mkdir(parents=True)
    digits = load_digits(language="en")
    voices = digits.speakers[: NUM_TRAIN_VOICES + 2]
    for part, chosen in (("train", voices[:NUM_TRAIN_VOICES]), ("test", voices[NUM_TRAIN_VOICES:])):
        ids, texts = [], []
        for voice in chosen:
            takes, speaker = digits.where(speaker=voice), voice.replace("-", "")
            path = folder / "an4" / "wav" / part / speaker
            path.mkdir(parents=True)
            for index in range(PAIRS):
                # Takes lie by digit: those of 2i + 1 follow those of 2i.
                pair, name = (takes[4 * index], takes[4 * index + 2]), f"{speaker}{index}"
                samples = torch.cat([one.samples for one in pair]).repeat_interleave(2)
                write_audio(path / f"{name}.wav", samples, RATE)
                ids.append(f"{part}/{speaker}/{name}")
                texts.append(f"{' '.join(one.text.upper() for one in pair)} ({name})")
        (etc / f"an4_{part}.fileids").write_text("\n".join(ids))
        (etc / f"an4_{part}.transcription").write_text("\n".join(texts))
    lines = "".join(f"{word}  {phones}\n" for word, phones in DICTIONARY.items())
    (etc / "an4.dic").write_text(lines)
    return folder
