"""Training, validation and test parts of the corpora that recipes name."""

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hnrc_lib.datasets import (
    Corpus,
    connect_digits,
    leave_one_speaker_out,
    load_an4,
    load_an4_digits,
    load_an4_lexicon,
    load_digits,
    load_fsdd,
    load_keywords,
    trim_silence,
)

DataDir = str | os.PathLike[str] | None
_VALIDATION_SPEAKER_EVERY = 12
_VOICE_STRINGS = 600
_AN4_STRINGS = 800
_MIXED_STRINGS = 250
_STRINGS = {"train": 1000, "validation": 150, "test": 300}


@dataclass(frozen=True)
class Parts:
    """Disjoint parts of a corpus.

    Attributes:
        train: what is trained on.
        validation: chooses the weights; never trained on.
        test: what the result is measured on; never looked at before.
        pronunciations: word → its pronunciations in phones; empty where the corpus has no dictionary.
    """

    train: Corpus
    validation: Corpus
    test: Corpus
    pronunciations: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)


def load_parts(name: str, *, held_out: str | None = None, data_dir: DataDir = None) -> Parts:
    """Parts of a corpus by name.

    Args:
        name: one of ``CORPORA``.
        held_out: speaker who is tested; the alphabetically first where None and the corpus leaves one out.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.

    Raises:
        ValueError: no such corpus or speaker, or a speaker for a corpus that leaves none out.
        FileNotFoundError: the corpus is not there; says how to get it.

    >>> parts = load_parts("digits")
    >>> [len(part) for part in (parts.train, parts.validation, parts.test)]
    [960, 320, 320]
    """
    if name not in CORPORA:
        raise ValueError(f"corpus must be one of {', '.join(CORPORA)}, got {name!r}")
    return CORPORA[name](held_out, data_dir)


def each_held_out(name: str, *, data_dir: DataDir = None) -> Iterator[tuple[str, Parts]]:
    """Every speaker of a corpus held out in turn, in alphabetical order; what is on disk is read once.

    Args:
        name: one of ``CORPORA`` that leaves a speaker out.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.

    Yields:
        The speaker, and the parts that ``load_parts`` gives for it.

    Raises:
        ValueError: no such corpus.
        FileNotFoundError: the corpus is not there.
    """
    if name not in _BY_SPEAKER:
        raise ValueError(f"corpus must be one of {', '.join(_BY_SPEAKER)} to hold speakers out, got {name!r}")
    speech = _Fsdd(data_dir)
    for speaker in speech.everything.speakers:
        yield speaker, _BY_SPEAKER[name](speech, speaker)


def _digits(held_out: str | None, data_dir: DataDir) -> Parts:
    _refuse_speaker("digits", held_out)
    return Parts(load_digits("train"), load_digits("dev"), load_digits("test"))


class _Fsdd:
    """FSDD, and further voices beside it, each read from disk once."""

    def __init__(self, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        self.takes, self.test_takes = (load_fsdd(part, data_dir=data_dir) for part in ("train", "test"))
        self.everything = Corpus("FSDD", [*self.takes, *self.test_takes], missing=self.takes.missing)

    @functools.cached_property
    def voices(self) -> Corpus:
        """The synthetic English voices."""
        return load_digits(language="en")

    @functools.cached_property
    def an4(self) -> Corpus:
        """AN4's digits, cut out of what was said in a row."""
        return load_an4_digits(data_dir=self._data_dir)


def _fsdd(speech: _Fsdd, speaker: str) -> Parts:
    """Takes 5 to 49 of all but one speaker, takes 0 to 4 of the same, and every take of that one."""
    return Parts(
        leave_one_speaker_out(speech.takes, speaker)[0],
        leave_one_speaker_out(speech.test_takes, speaker)[0],
        leave_one_speaker_out(speech.everything, speaker)[1],
    )


def _fsdd_with_voices(speech: _Fsdd, speaker: str) -> Parts:
    """As ``fsdd``, with every English voice of the shipped digits beside the training speakers."""
    return _with_more(_fsdd(speech, speaker), speech.voices)


def _fsdd_with_voices_and_an4(speech: _Fsdd, speaker: str) -> Parts:
    """As ``fsdd-and-voices``, with the digits of AN4's 74 training speakers as well."""
    return _with_more(_fsdd_with_voices(speech, speaker), speech.an4)


def _with_more(parts: Parts, more: Corpus) -> Parts:
    """The parts, with more to train on."""
    missing = (*parts.train.missing, *more.missing)
    train = Corpus(f"{parts.train.name} and {more.name}", [*parts.train, *more], missing)
    return replace(parts, train=train)


def _trimmed_digits(held_out: str | None, data_dir: DataDir) -> Parts:
    return _trimmed(_digits(held_out, data_dir))


def _fsdd_words_and_strings(speech: _Fsdd, speaker: str) -> Parts:
    """As ``fsdd-and-voices`` without silence around the words, with strings to train on beside them."""
    parts = _fsdd_with_voices(speech, speaker)
    strings = connect_digits(parts.train, num_strings=_MIXED_STRINGS, seed=len(_STRINGS) + 1)
    both = Corpus(f"{parts.train.name}, words and strings", [*parts.train, *strings], parts.train.missing)
    return _trimmed(replace(parts, train=both))


def _trimmed(parts: Parts) -> Parts:
    train, validation, test = map(trim_silence, (parts.train, parts.validation, parts.test))
    return replace(parts, train=train, validation=validation, test=test)


def _connected(parts: Parts) -> Parts:
    train, validation, test = (
        connect_digits(getattr(parts, part), num_strings=count, seed=seed)
        for seed, (part, count) in enumerate(_STRINGS.items())
    )
    return Parts(train, validation, test)


def _connected_digits(held_out: str | None, data_dir: DataDir) -> Parts:
    return _connected(_digits(held_out, data_dir))


def _connected_fsdd(speech: _Fsdd, speaker: str) -> Parts:
    """Strings of FSDD's speakers; to train on, strings of the synthetic English voices beside them."""
    voices = connect_digits(speech.voices, num_strings=_VOICE_STRINGS, seed=len(_STRINGS))
    return _with_more(_connected(_fsdd(speech, speaker)), voices)


def _connected_fsdd_and_an4(speech: _Fsdd, speaker: str) -> Parts:
    """As ``connected-fsdd``, with strings of digits that AN4's 74 training speakers said as well."""
    strings = connect_digits(speech.an4, num_strings=_AN4_STRINGS, seed=len(_STRINGS) + 2)
    named = [replace(string, name=f"an4_{string.name}") for string in strings]
    return _with_more(_connected_fsdd(speech, speaker), replace(strings, utterances=named))


def _one_held_out(make: Callable[[_Fsdd, str], Parts]) -> Callable[[str | None, DataDir], Parts]:
    def parts(held_out: str | None, data_dir: DataDir) -> Parts:
        speech = _Fsdd(data_dir)
        return make(speech, held_out or speech.everything.speakers[0])

    return parts


def _an4(held_out: str | None, data_dir: DataDir) -> Parts:
    """Of the training part, every twelfth speaker in alphabetical order validates."""
    _refuse_speaker("an4", held_out)
    train = load_an4("train", data_dir=data_dir)
    chosen = train.speakers[_VALIDATION_SPEAKER_EVERY // 2 :: _VALIDATION_SPEAKER_EVERY]
    validation = replace(train.where(speaker=chosen), name="AN4 validation")
    rest = train.where(speaker=[who for who in train.speakers if who not in chosen])
    return Parts(rest, validation, load_an4("test", data_dir=data_dir))


def _an4_with_dictionary(held_out: str | None, data_dir: DataDir) -> Parts:
    return replace(_an4(held_out, data_dir), pronunciations=load_an4_lexicon(data_dir))


def _keywords(held_out: str | None, data_dir: DataDir) -> Parts:
    _refuse_speaker("keywords", held_out)
    train, validation, test = (
        load_keywords(part, data_dir=data_dir) for part in ("train", "validation", "test")
    )
    return Parts(train, validation, test)


def _refuse_speaker(corpus: str, held_out: str | None) -> None:
    if held_out is not None:
        raise ValueError(f"held_out must be None: {corpus} has a test part of its own, got {held_out!r}")


_BY_SPEAKER: dict[str, Callable[[_Fsdd, str], Parts]] = {
    "fsdd": _fsdd,
    "fsdd-and-voices": _fsdd_with_voices,
    "fsdd-voices-and-an4": _fsdd_with_voices_and_an4,
    "fsdd-words-and-strings": _fsdd_words_and_strings,
    "connected-fsdd": _connected_fsdd,
    "connected-fsdd-and-an4": _connected_fsdd_and_an4,
}
CORPORA: dict[str, Callable[[str | None, DataDir], Parts]] = {
    "digits": _digits,
    "digits-trimmed": _trimmed_digits,
    "connected-digits": _connected_digits,
    **{name: _one_held_out(make) for name, make in _BY_SPEAKER.items()},
    "an4": _an4,
    "an4-with-dictionary": _an4_with_dictionary,
    "keywords": _keywords,
}
