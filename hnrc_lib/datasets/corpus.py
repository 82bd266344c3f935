"""Utterances and corpora: what every data set of the book is turned into."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio import AudioError, Waveform, load_audio

_NAMED_FILES = 10


@dataclass(frozen=True, eq=False)
class Utterance:
    """One recording and what is known about it.

    Attributes:
        samples: waveform x, shape (T,), float32, full scale ±1.
        sample_rate: samples per second, in hertz.
        speaker: who speaks; unique within a corpus.
        language: ISO 639 code, for example ``"en"`` or ``"cmn"``.
        text: what is said, in the language's own script.
        label: class of the utterance, or None where the text is a transcript.
        name: identifies the utterance within its corpus.
        sha256: hash of the file it came from; of the samples' bytes where there was no file.

    >>> Utterance(torch.zeros(4000), 8000, "jackson", "en", "seven", 7, "7_jackson_0").seconds
    0.5
    """

    samples: Float[Tensor, "time"]
    sample_rate: int
    speaker: str
    language: str
    text: str
    label: int | None
    name: str
    sha256: str = ""

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != torch.float32 or len(self.samples) == 0:
            got = f"shape {tuple(self.samples.shape)}, {self.samples.dtype}"
            raise ValueError(
                f"samples of {self.name!r} must have shape (T,) with T > 0 and be float32, got {got}"
            )
        if self.sample_rate <= 0:
            raise ValueError(f"sample_rate of {self.name!r} must be positive, got {self.sample_rate}")
        if not self.sha256:
            digest = hashlib.sha256(self.samples.cpu().numpy().tobytes()).hexdigest()
            object.__setattr__(self, "sha256", digest)

    @property
    def seconds(self) -> float:
        """Duration T / sample_rate, in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, eq=False, repr=False)
class Corpus(Sequence[Utterance]):
    """A named, ordered sequence of utterances; subsets are corpora too.

    Attributes:
        name: of the corpus and, where it is one, of its part: ``"FSDD test"``.
        utterances: in the order in which they are indexed.
        missing: what the published corpus holds and this copy does not, one sentence each.

    >>> said = [Utterance(torch.zeros(9), 8000, who, "en", "one", 1, f"1_{who}") for who in ("ann", "bob")]
    >>> corpus = Corpus("two voices", said)
    >>> len(corpus), corpus.speakers, corpus[-1].name, len(corpus[:1])
    (2, ('ann', 'bob'), '1_bob', 1)
    >>> corpus.where(speaker="bob").speakers
    ('bob',)
    """

    name: str
    utterances: Sequence[Utterance]
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "utterances", tuple(self.utterances))
        names = {utterance.name for utterance in self.utterances}
        if len(names) != len(self.utterances):
            repeated = sorted(name for name in names if sum(u.name == name for u in self.utterances) > 1)
            raise ValueError(f"names in corpus {self.name!r} must differ, got {repeated[:5]} more than once")

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    @overload
    def __getitem__(self, index: int) -> Utterance: ...
    @overload
    def __getitem__(self, index: slice) -> "Corpus": ...
    def __getitem__(self, index: int | slice) -> "Utterance | Corpus":
        if isinstance(index, slice):
            return replace(self, utterances=self.utterances[index])
        return self.utterances[index]

    def __repr__(self) -> str:
        lacks = f", missing {len(self.missing)}" if self.missing else ""
        return (
            f"Corpus({self.name!r}: {len(self)} utterances, {len(self.speakers)} speakers, "
            f"{self.seconds / 60:.1f} min{lacks})"
        )

    @property
    def speakers(self) -> tuple[str, ...]:
        """Speakers, sorted, each once."""
        return tuple(sorted({utterance.speaker for utterance in self.utterances}))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages, sorted, each once."""
        return tuple(sorted({utterance.language for utterance in self.utterances}))

    @property
    def labels(self) -> tuple[int | None, ...]:
        """Label of each utterance, in order."""
        return tuple(utterance.label for utterance in self.utterances)

    @property
    def seconds(self) -> float:
        """Duration of all utterances together, in seconds."""
        return sum(utterance.seconds for utterance in self.utterances)

    @property
    def manifest_sha256(self) -> str:
        """SHA-256 over the lines ``name sha256``, sorted: names these very files, in any order."""
        lines = sorted(f"{utterance.name} {utterance.sha256}\n" for utterance in self.utterances)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def where(
        self,
        *,
        speaker: str | Iterable[str] | None = None,
        language: str | Iterable[str] | None = None,
        label: int | Iterable[int] | None = None,
        name: str | Iterable[str] | None = None,
    ) -> "Corpus":
        """The utterances that meet every condition, in order.

        Args:
            speaker: a speaker, or several.
            language: a language, or several.
            label: a class, or several.
            name: an utterance's name, or several.

        Raises:
            ValueError: a value that no utterance of this corpus has; an empty training set would go
                unnoticed.
        """
        kept = list(self.utterances)
        for attribute, wanted in (
            ("speaker", speaker),
            ("language", language),
            ("label", label),
            ("name", name),
        ):
            if wanted is None:
                continue
            values = {wanted} if isinstance(wanted, str | int) else set(wanted)
            self._check_known(attribute, values)
            kept = [utterance for utterance in kept if getattr(utterance, attribute) in values]
        return replace(self, utterances=kept)

    def _check_known(self, attribute: str, values: set) -> None:
        known = {getattr(utterance, attribute) for utterance in self.utterances}
        if unknown := values - known:
            shown = sorted(known - {None})
            some = f"{shown[:12]}" + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
            raise ValueError(
                f"{attribute} must occur in corpus {self.name!r}, which has {some}; "
                f"got {sorted(unknown, key=str)}"
            )


def leave_one_speaker_out(corpus: Corpus, speaker: str) -> tuple[Corpus, Corpus]:
    """Split a corpus into everyone else and one speaker.

    Args:
        corpus: at least two speakers.
        speaker: the one to hold out.

    Returns:
        (train, held_out): disjoint, together the corpus.

    Raises:
        ValueError: no such speaker, or nobody else to train on.

    >>> said = [Utterance(torch.zeros(9), 8000, who, "en", "one", 1, f"1_{who}") for who in ("ann", "bob")]
    >>> train, held_out = leave_one_speaker_out(Corpus("two voices", said), "bob")
    >>> train.speakers, held_out.speakers, held_out.name
    (('ann',), ('bob',), 'two voices, bob')
    """
    held_out = corpus.where(speaker=speaker)
    others = [other for other in corpus.speakers if other != speaker]
    if not others:
        raise ValueError(
            f"corpus {corpus.name!r} must have a second speaker to train on, got {speaker!r} alone"
        )
    train = corpus.where(speaker=others)
    return (
        replace(train, name=f"{corpus.name} without {speaker}"),
        replace(held_out, name=f"{corpus.name}, {speaker}"),
    )


def read_recordings(paths: Iterable[Path], sample_rate: int) -> list[tuple[Waveform, str]]:
    """Waveform and SHA-256 of each file, each read once.

    Args:
        paths: files to read.
        sample_rate: rate wanted, in hertz; files of another rate are resampled.

    Raises:
        AudioError: names every file that cannot be used, and why.
    """
    recordings, unreadable = [], []
    for path in paths:
        try:
            content = path.read_bytes()
            stream = io.BytesIO(content)
            stream.name = str(path)
            recordings.append(
                (load_audio(stream, sample_rate=sample_rate), hashlib.sha256(content).hexdigest())
            )
        except (AudioError, OSError) as error:
            unreadable.append(str(error))
    if unreadable:
        more = f"\n… and {len(unreadable) - _NAMED_FILES} more" if len(unreadable) > _NAMED_FILES else ""
        listed = "\n".join(unreadable[:_NAMED_FILES])
        raise AudioError(f"{len(unreadable)} recordings cannot be used:\n{listed}{more}")
    return recordings
