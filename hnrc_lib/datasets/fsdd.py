"""The Free Spoken Digit Dataset: real speech, six speakers, digits in English at 8 kHz."""

import os
import re
from collections import Counter
from pathlib import Path

from hnrc_lib.datasets.corpus import Corpus, Utterance, read_recordings
from hnrc_lib.datasets.digits_plan import WORDS
from hnrc_lib.datasets.locate import find_corpus, recordings_in

SAMPLE_RATE = 8000
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TAKES = 50
TEST_TAKES = range(5)

_FOLDERS = ("fsdd", "free-spoken-digit-dataset", ".")
_FILE_NAME = re.compile(r"(?P<label>[0-9])_(?P<speaker>[a-z]+)_(?P<take>[0-9]+)")


def load_fsdd(split: str | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Corpus:
    """Free Spoken Digit Dataset: 6 speakers × 10 digits × 50 takes where the copy is complete.

    The official test set is takes 0 to 4 of every speaker and digit, the training set takes 5 to 49; both
    have the same speakers. For unseen speakers use ``leave_one_speaker_out`` on the whole corpus. What a
    copy lacks is listed in ``Corpus.missing``; the rest is loaded.

    Args:
        split: ``"train"``, ``"test"``, or None for both.
        data_dir: folder that holds ``fsdd/recordings`` (or the cloned repository, or is it); without it
            the environment variable ``HNRC_DATA_DIR`` is read. FLAC copies under the same names are read
            too.

    Returns:
        Utterances ordered by speaker, digit and take; names are the files' without suffix.

    Raises:
        FileNotFoundError: no folder is named, or FSDD is not in it; says how to get it.
        AudioError: files that are no speech; every one is named.
        ValueError: another split, or a recording whose name does not say digit, speaker and take.

    >>> import tempfile, torch
    >>> from hnrc_lib.audio import write_audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "fsdd" / "recordings").mkdir(parents=True)
    ...     _ = write_audio(Path(folder, "fsdd", "recordings", "7_theo_0.wav"), torch.rand(3000), SAMPLE_RATE)
    ...     corpus = load_fsdd("test", data_dir=folder)
    >>> corpus[0].speaker, corpus[0].text, corpus.missing[0]
    ('theo', 'seven', 'speaker george: 50 of 50 recordings are absent')

    Source: Z. Jackson and others, 2016, Free Spoken Digit Dataset, CC BY-SA 4.0.
    """
    if split not in (None, "train", "test"):
        raise ValueError(f"split must be 'train', 'test' or None, got {split!r}")
    recordings = _recordings_folder(data_dir)
    chosen = [
        (speaker, label, take, path)
        for speaker, label, take, path in sorted(map(_parse, recordings_in(recordings)))
        if split is None or (take in TEST_TAKES) == (split == "test")
    ]
    loaded = read_recordings([path for *_, path in chosen], SAMPLE_RATE)
    utterances = [
        Utterance(
            waveform.samples,
            waveform.sample_rate,
            speaker,
            "en",
            WORDS["en"][label],
            label,
            path.stem,
            sha256,
        )
        for (speaker, label, _, path), (waveform, sha256) in zip(chosen, loaded, strict=True)
    ]
    name = "FSDD" if split is None else f"FSDD {split}"
    return Corpus(name, utterances, _missing({path.stem for *_, path in chosen}, split))


def _recordings_folder(data_dir: str | os.PathLike[str] | None) -> Path:
    def holds(folder: Path) -> bool:
        return (folder / "recordings").is_dir() and bool(recordings_in(folder / "recordings"))

    folder = find_corpus("FSDD", "fsdd", data_dir, _FOLDERS, holds, sought="fsdd/recordings/*.wav")
    return folder / "recordings"


def _parse(path: Path) -> tuple[str, int, int, Path]:
    match = _FILE_NAME.fullmatch(path.stem)
    if match is None:
        raise ValueError(
            "a recording of FSDD must be named digit_speaker_take.wav, such as 7_jackson_32.wav, "
            f"got {str(path)!r}"
        )
    return match["speaker"], int(match["label"]), int(match["take"]), path


def _missing(present: set[str], split: str | None) -> tuple[str, ...]:
    """A sentence for each speaker of the published corpus whose recordings are not all here."""
    takes = [take for take in range(TAKES) if split is None or (take in TEST_TAKES) == (split == "test")]
    expected = [(who, f"{label}_{who}_{take}") for who in SPEAKERS for label in range(10) for take in takes]
    absent = [(who, name) for who, name in expected if name not in present]
    sentences = []
    for who, count in Counter(who for who, _ in absent).items():
        names = [name for speaker, name in absent if speaker == who]
        which = "" if count == 10 * len(takes) else f": {', '.join(names[:5])}" + (", …" if count > 5 else "")
        sentences.append(f"speaker {who}: {count} of {10 * len(takes)} recordings are absent{which}")
    return tuple(sentences)
