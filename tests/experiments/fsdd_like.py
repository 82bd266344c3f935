"""A folder laid out as FSDD is published, filled with shipped synthetic digits."""

from pathlib import Path

from hnrc_lib.audio import write_audio
from hnrc_lib.datasets import load_digits

VOICES = {"en-f1": "ann", "en-m1": "bob", "en-m2": "cal"}
TAKES = (0, 5, 6, 7)  # the first is an official test take


def write_fsdd_like(folder: Path) -> Path:
    """Write three speakers, ten digits, four takes; returns what ``HNRC_DATA_DIR`` would name."""
    recordings = folder / "fsdd" / "recordings"
    recordings.mkdir(parents=True)
    taken: dict[tuple[str, int | None], int] = {}
    for utterance in load_digits(language="en").where(speaker=VOICES):
        key = utterance.speaker, utterance.label
        take = TAKES[taken.setdefault(key, 0)]
        taken[key] += 1
        name = f"{utterance.label}_{VOICES[utterance.speaker]}_{take}.wav"
        write_audio(recordings / name, utterance.samples, utterance.sample_rate)
    return folder
