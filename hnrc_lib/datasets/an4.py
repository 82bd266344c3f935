"""AN4, the census database: real speech, 84 speakers, letters, numbers and commands in English at 16 kHz."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from hnrc_lib.datasets.corpus import Corpus, Utterance, read_recordings
from hnrc_lib.datasets.locate import find_corpus, recording

SAMPLE_RATE = 16000
UTTERANCES = {"train": 948, "test": 130}

_FOLDERS = ("an4", ".")
_FILE_ID = re.compile(r"[\w-]+/(?P<speaker>[\w-]+)/(?P<name>[\w-]+)")
_TRANSCRIPT = re.compile(
    r"(?:<s>\s+)?(?P<text>[A-Z']+(?:\s+[A-Z']+)*)(?:\s+</s>)?\s+\((?P<name>[\w-]+)\)", re.I
)
_PRONUNCIATION = re.compile(r"(?P<word>[A-Z']+)(?:\([0-9]+\))?\s+(?P<phones>[A-Z]+(?:\s+[A-Z]+)*)")


class _Listed(NamedTuple):
    """One line of a list of files and its transcript."""

    speaker: str
    name: str
    text: str
    path: Path


def load_an4(split: str | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Corpus:
    """AN4 as published for SphinxTrain: 948 utterances to train on, 130 to test on.

    The splits are the official ones and share no speaker (74 and 10). Spelled names and addresses, dates,
    numbers and commands over a close-talking microphone, 101 words in all: easy, small, and real. There
    is no official set for validation; hold out speakers of the training set.

    Args:
        split: ``"train"``, ``"test"``, or None for both, training first.
        data_dir: folder that holds ``an4/etc`` and ``an4/wav`` (or is it); without it the environment
            variable ``HNRC_DATA_DIR`` is read. FLAC copies under the same names are read too.

    Returns:
        Utterances in the order of ``etc/an4_SPLIT.fileids``, without labels; the text is in upper case,
        words apart by one space; names are the files' without suffix.

    Raises:
        FileNotFoundError: no folder is named, or AN4 is not in it; says how to get it.
        AudioError: files that are no speech; every one is named.
        ValueError: another split; a list, transcript or recording that does not fit the others, with file
            and line.

    >>> import tempfile, torch
    >>> from hnrc_lib.audio import write_audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     etc, wav = Path(folder, "an4", "etc"), Path(folder, "an4", "wav", "an4_clstk", "fash")
    ...     etc.mkdir(parents=True)
    ...     wav.mkdir(parents=True)
    ...     _ = write_audio(wav / "an253-fash-b.wav", torch.rand(3000), SAMPLE_RATE)
    ...     _ = (etc / "an4_train.fileids").write_text("an4_clstk/fash/an253-fash-b")
    ...     _ = (etc / "an4_train.transcription").write_text("<s> GO </s> (an253-fash-b)")
    ...     corpus = load_an4("train", data_dir=folder)
    >>> corpus[0].speaker, corpus[0].text, corpus.missing
    ('fash', 'GO', ('AN4 train: 947 of 948 utterances are absent from etc/an4_train.fileids',))

    Source: A. Acero, 1993, Acoustical and Environmental Robustness in Automatic Speech Recognition;
    Carnegie Mellon University's licence of the BSD kind.
    """
    if split not in (None, *UTTERANCES):
        raise ValueError(f"split must be 'train', 'test' or None, got {split!r}")
    folder = _an4_folder(data_dir)
    parts = {part: _read_lists(folder, part) for part in UTTERANCES if split in (None, part)}
    listed = [one for part in parts.values() for one in part]
    loaded = read_recordings([one.path for one in listed], SAMPLE_RATE)
    utterances = [
        Utterance(waveform.samples, SAMPLE_RATE, one.speaker, "en", one.text, None, one.name, sha256)
        for one, (waveform, sha256) in zip(listed, loaded, strict=True)
    ]
    missing = tuple(
        f"AN4 {part}: {UTTERANCES[part] - len(lines)} of {UTTERANCES[part]} utterances are absent "
        f"from etc/an4_{part}.fileids"
        for part, lines in parts.items()
        if len(lines) < UTTERANCES[part]
    )
    return Corpus("AN4" if split is None else f"AN4 {split}", utterances, missing)


def load_an4_lexicon(
    data_dir: str | os.PathLike[str] | None = None,
) -> dict[str, tuple[tuple[str, ...], ...]]:
    """AN4's pronunciation dictionary: the phones of every word, each way it may be said.

    Args:
        data_dir: as for ``load_an4``.

    Returns:
        Word → pronunciations, the first one the file's own first; an alternate, written ``WORD(2)`` there,
        joins its word.

    Raises:
        FileNotFoundError: as for ``load_an4``, or the dictionary is absent.
        ValueError: a line that is no word and its phones, an alternate before its word, or a pronunciation
            listed twice, with file and line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "etc").mkdir()
    ...     _ = Path(folder, "etc", "an4_test.fileids").write_text("")
    ...     _ = Path(folder, "etc", "an4.dic").write_text("A   AH\\nA(2)   EY\\n")
    ...     load_an4_lexicon(folder)
    {'A': (('AH',), ('EY',))}
    """
    path = _an4_folder(data_dir) / "etc" / "an4.dic"
    if not path.is_file():
        raise FileNotFoundError(f"AN4's dictionary is needed, but there is no {str(path)!r}")
    lexicon: dict[str, tuple[tuple[str, ...], ...]] = {}
    for number, line in _lines(path):
        match = _PRONUNCIATION.fullmatch(line)
        if match is None:
            raise ValueError(f"{path}:{number}: a word and its phones expected, got {line!r}")
        word, phones = match["word"], tuple(match["phones"].split())
        if "(" in line and word not in lexicon:
            raise ValueError(f"{path}:{number}: {word} itself must come before its alternate {line!r}")
        if phones in lexicon.get(word, ()):
            raise ValueError(f"{path}:{number}: pronunciations of a word must differ, got {line!r} again")
        lexicon[word] = (*lexicon.get(word, ()), phones)
    return lexicon


def _an4_folder(data_dir: str | os.PathLike[str] | None) -> Path:
    def holds(folder: Path) -> bool:
        return any((folder / "etc" / f"an4_{part}.fileids").is_file() for part in UTTERANCES)

    return find_corpus("AN4", "an4", data_dir, _FOLDERS, holds, sought="an4/etc/an4_*.fileids")


def _read_lists(folder: Path, part: str) -> list[_Listed]:
    """The part's list of files and its transcripts, line by line."""
    files, transcripts = (folder / "etc" / f"an4_{part}.{kind}" for kind in ("fileids", "transcription"))
    for path in (files, transcripts):
        if not path.is_file():
            raise FileNotFoundError(f"AN4 {part} is needed, but there is no {str(path)!r}")
    ids, texts = list(_lines(files)), list(_lines(transcripts))
    if len(ids) != len(texts):
        raise ValueError(f"{transcripts} must have a line for each of {files}: {len(ids)}, got {len(texts)}")
    return [
        _join(folder, f"{files}:{at}", file_id, f"{transcripts}:{place}", line)
        for (at, file_id), (place, line) in zip(ids, texts, strict=True)
    ]


def _join(folder: Path, id_place: str, file_id: str, text_place: str, line: str) -> _Listed:
    named, said = _FILE_ID.fullmatch(file_id), _TRANSCRIPT.fullmatch(line)
    if named is None:
        raise ValueError(f"{id_place}: folder/speaker/name expected, got {file_id!r}")
    if said is None:
        raise ValueError(f"{text_place}: words and (name) expected, got {line!r}")
    if said["name"] != named["name"]:
        raise ValueError(
            f"{text_place}: the transcript of {named['name']!r} expected, as {id_place} says, "
            f"got {said['name']!r}"
        )
    path = recording(folder / "wav" / file_id)
    if path is None:
        raise ValueError(f"{id_place}: no recording wav/{file_id}.wav (or .flac) in {str(folder)!r}")
    return _Listed(named["speaker"], named["name"], " ".join(said["text"].upper().split()), path)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Lines that are not empty, with their numbers from 1."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be text in UTF-8: {error}") from error
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
