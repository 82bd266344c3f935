"""Folders of keywords in the layout of Speech Commands: one folder a word, one second a recording."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hnrc_lib.datasets.corpus import Corpus, Utterance, read_recordings
from hnrc_lib.datasets.locate import find_corpus, recording, recordings_in

SAMPLE_RATE = 16000
SPLITS = ("train", "validation", "test")
UNKNOWN = "_unknown_"

_LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_FOLDERS = ("speech-commands", "speech_commands", "speech_commands_v0.02", ".")
_FILE_NAME = re.compile(r"(?P<speaker>[0-9A-Za-z]+)_nohash_(?P<take>[0-9]+)")
_LIST_LINE = re.compile(r"(?P<word>\w+)/(?P<stem>[\w-]+)\.(?:wav|flac)")


class _Keyword(NamedTuple):
    """One recording; the fields' order is the corpus's."""

    word: str
    speaker: str
    take: int
    path: Path

    @property
    def name(self) -> str:
        return f"{self.word}/{self.path.stem}"


def load_keywords(
    split: str | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    words: Sequence[str] | None = None,
) -> Corpus:
    """Isolated words, one folder each, split as the published lists say: Speech Commands and its like.

    ``testing_list.txt`` and ``validation_list.txt`` name the files of those splits; the rest is for
    training. Folders whose names begin with ``_`` are no words: the minutes of noise in
    ``_background_noise_`` are not utterances. Everything is held in memory: the whole training set of
    Speech Commands v0.02 (84 843 utterances of a second) takes 5.4 GB, 10 of its 35 words 2 GB.

    Args:
        split: ``"train"``, ``"validation"``, ``"test"``, or None for all.
        data_dir: folder that holds ``speech-commands/`` (or is it); without it the environment variable
            ``HNRC_DATA_DIR`` is read. FLAC copies under the same names are read too.
        words: the words wanted, in the order of their labels; all words, sorted, when left out. Recordings
            of other words are left out, or, where ``"_unknown_"`` is among the words, given its label
            (their text stays the word said).

    Returns:
        Utterances ordered by word, speaker and take; the speaker is the hash before ``_nohash_``, names
        are ``word/file`` without suffix.

    Raises:
        FileNotFoundError: no folder is named, or no keywords are in it; says how to get them.
        AudioError: files that are no speech; every one is named.
        ValueError: another split, words that have no folder or come twice, a recording whose name does not
            say its speaker, a list with a line that names no recording (with file and line).

    >>> import tempfile, torch
    >>> from hnrc_lib.audio import write_audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for word in ("yes", "no", "stop"):
    ...         Path(folder, word).mkdir()
    ...         _ = write_audio(Path(folder, word, "0a7c2a8d_nohash_0.wav"), torch.rand(3000), SAMPLE_RATE)
    ...     for part in _LISTS.values():
    ...         _ = Path(folder, part).write_text("")
    ...     corpus = load_keywords(data_dir=folder)
    ...     two = load_keywords(data_dir=folder, words=["yes", "_unknown_"])
    >>> [(one.text, one.label) for one in corpus]
    [('no', 0), ('stop', 1), ('yes', 2)]
    >>> [(one.text, one.label) for one in two]
    [('no', 1), ('stop', 1), ('yes', 0)]

    Source: P. Warden, 2018, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition,
    arXiv:1804.03209; CC BY 4.0.
    """
    if split not in (None, *SPLITS):
        raise ValueError(f"split must be one of {SPLITS} or None, got {split!r}")
    folder = find_corpus(
        "a folder of keywords",
        "speech-commands",
        data_dir,
        _FOLDERS,
        _holds_keywords,
        sought="speech-commands/testing_list.txt with folders of words",
    )
    known = _words(folder)
    labels = _labels(known, words)
    listed = {part: _read_list(folder, part, known) for part in _LISTS}
    kept = [
        one
        for word in known
        if word in labels or UNKNOWN in labels
        for one in _recordings(folder, word)
        if split in (None, _split_of(one, listed))
    ]
    utterances = [
        Utterance(
            waveform.samples,
            waveform.sample_rate,
            one.speaker,
            "en",
            one.word,
            labels.get(one.word, labels.get(UNKNOWN)),
            one.name,
            sha256,
        )
        for one, (waveform, sha256) in zip(
            kept, read_recordings([one.path for one in kept], SAMPLE_RATE), strict=True
        )
    ]
    return Corpus(" ".join(part for part in ("keywords", split) if part), utterances, _missing(listed, known))


def _holds_keywords(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _LISTS.values()) and bool(_words(folder))


def _words(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in "_.")


def _labels(known: list[str], words: Sequence[str] | None) -> dict[str, int]:
    """Word → label; refuses what no folder holds, which would be a class without examples."""
    if words is None:
        return {word: label for label, word in enumerate(known)}
    if isinstance(words, str):
        raise ValueError(f"words must be a sequence of words, got the string {words!r}")
    if absent := [word for word in words if word not in known and word != UNKNOWN]:
        raise ValueError(f"words must be among {known} or {UNKNOWN!r}, got {absent}")
    if len(set(words)) != len(words) or not words:
        raise ValueError(f"words must differ and be at least one, got {list(words)}")
    return {word: label for label, word in enumerate(words)}


def _recordings(folder: Path, word: str) -> list[_Keyword]:
    found = []
    for path in recordings_in(folder / word):
        match = _FILE_NAME.fullmatch(path.stem)
        if match is None:
            raise ValueError(
                "a recording of a keyword must be named speaker_nohash_take.wav, such as "
                f"0a7c2a8d_nohash_0.wav, got {str(path)!r}"
            )
        found.append(_Keyword(word, match["speaker"], int(match["take"]), path))
    return sorted(found)


def _read_list(folder: Path, part: str, known: list[str]) -> set[str]:
    """Names ``word/stem`` on the part's list; each must be there unless its word's folder is not."""
    path = folder / _LISTS[part]
    names = set()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        match = _LIST_LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"{path}:{number}: word/recording.wav expected, got {line!r}")
        name = f"{match['word']}/{match['stem']}"
        if match["word"] in known and recording(folder / name) is None:
            raise ValueError(f"{path}:{number}: there is no recording {line.strip()!r} in {str(folder)!r}")
        names.add(name)
    return names


def _split_of(one: _Keyword, listed: dict[str, set[str]]) -> str:
    return next((part for part, names in listed.items() if one.name in names), "train")


def _missing(listed: dict[str, set[str]], known: list[str]) -> tuple[str, ...]:
    """A sentence for each word on the lists that has no folder here."""
    words = {name.partition("/")[0] for names in listed.values() for name in names}
    return tuple(f"word {word}: its folder is absent" for word in sorted(words - set(known)))
