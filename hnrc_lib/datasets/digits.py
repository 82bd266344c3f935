"""The digits that ship with the book: synthetic speech in English and Mandarin."""

import csv
from pathlib import Path

from hnrc_lib.audio import AudioError
from hnrc_lib.datasets.corpus import Corpus, Utterance, read_recordings
from hnrc_lib.datasets.digits_plan import LANGUAGES, SPLITS
from hnrc_lib.paths import shipped

SAMPLE_RATE = 8000


def load_digits(split: str | None = None, *, language: str | None = None) -> Corpus:
    """Digits 0 to 9 in English and Mandarin, spoken by espeak-ng: 40 voices, 4 takes, 8 kHz.

    The splits share no voice, in either language (12, 4 and 4 voices each). Synthetic speech is easy:
    these files serve cells that run live, and no result on them says anything about real speech. How
    they were made, and their limits, are written in ``data/digits/README.md``.

    Args:
        split: ``"train"`` (960 utterances), ``"dev"`` (320), ``"test"`` (320), or None for all.
        language: ``"en"`` or ``"cmn"`` (Mandarin), or None for both.

    Returns:
        Utterances ordered by speaker, digit and take.

    Raises:
        ValueError: another split or language.
        FileNotFoundError: the manifest is absent: this copy of the library came without its data.
        AudioError: a file is absent or unreadable, or is not the one that the manifest names.

    >>> corpus = load_digits("test", language="cmn")
    >>> len(corpus), corpus.speakers, corpus[0].text
    (160, ('cmn-andrea', 'cmn-annie', 'cmn-gene', 'cmn-michael'), '零')
    """
    for argument, value, known in (("split", split, SPLITS), ("language", language, LANGUAGES)):
        if value is not None and value not in known:
            raise ValueError(f"{argument} must be one of {known} or None, got {value!r}")
    folder = shipped("digits")
    rows = [
        row
        for row in _manifest(folder)
        if split in (None, row["split"]) and language in (None, row["language"])
    ]
    loaded = read_recordings([folder / row["file"] for row in rows], SAMPLE_RATE)
    utterances = []
    for row, (waveform, sha256) in zip(rows, loaded, strict=True):
        if sha256 != row["sha256"]:
            raise AudioError(f"{row['file']!r} of the shipped digits is not the file that manifest.csv names")
        utterances.append(
            Utterance(
                samples=waveform.samples,
                sample_rate=waveform.sample_rate,
                speaker=row["speaker"],
                language=row["language"],
                text=row["text"],
                label=int(row["label"]),
                name=row["name"],
                sha256=sha256,
            )
        )
    return Corpus(" ".join(part for part in ("digits", split, language) if part), utterances)


def _manifest(folder: Path) -> list[dict[str, str]]:
    path = folder / "manifest.csv"
    if not path.is_file():
        raise FileNotFoundError(f"the shipped digits have no manifest: {str(path)!r} does not exist")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
