"""When each word of a recording is said: NIST's CTM files, and corpora of words cut out by them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hnrc_lib.datasets.corpus import Corpus, Utterance
from hnrc_lib.files import replace_file

_LINE = re.compile(
    r"(?P<utterance>\S+) (?P<channel>\S+) (?P<start>[0-9.]+) (?P<seconds>[0-9.]+) (?P<word>\S+)"
)


@dataclass(frozen=True)
class WordTime:
    """One word of an utterance.

    Attributes:
        utterance: its name in the corpus.
        start: seconds from the beginning, ≥ 0.
        seconds: duration, > 0.
        word: what is said.

    Raises:
        ValueError: a time out of range.
    """

    utterance: str
    start: float
    seconds: float
    word: str

    def __post_init__(self) -> None:
        for name, fits in (("start", self.start >= 0), ("seconds", self.seconds > 0)):
            if not fits:
                least = "≥ 0" if name == "start" else "> 0"
                raise ValueError(
                    f"{name} of {self.word!r} in {self.utterance} must be {least}, got {getattr(self, name)}"
                )


def read_ctm(path: Path) -> list[WordTime]:
    """Words of a CTM file: ``utterance channel start seconds word`` a line, ``;;`` before a comment.

    Args:
        path: of the file, UTF-8.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a line of another shape or a time out of range, with file and line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "words.ctm")
    ...     write_ctm(path, [WordTime("an1-ann-b", 0.25, 0.5, "NINE")], ["by hand"])
    ...     path.read_text(), read_ctm(path)
    (';; by hand\\nan1-ann-b 1 0.25 0.50 NINE\\n',
     [WordTime(utterance='an1-ann-b', start=0.25, seconds=0.5, word='NINE')])

    Source: NIST, the Rich Transcription evaluations' CTM format (conversation time marks).
    """
    times = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith(";;"):
            continue
        match = _LINE.fullmatch(line.strip())
        try:
            if match is None:
                raise ValueError(f"utterance channel start seconds word expected, got {line!r}")
            start, seconds = float(match["start"]), float(match["seconds"])
            times.append(WordTime(match["utterance"], start, seconds, match["word"]))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from error
    return times


def write_ctm(path: Path, times: Iterable[WordTime], comments: Sequence[str] = ()) -> None:
    """Write words to a CTM file, whole or not at all, times to a hundredth of a second.

    Args:
        path: of the file.
        times: in the order of the lines.
        comments: lines at its head.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    lines = [f";; {comment}" for comment in comments]
    lines += [f"{one.utterance} 1 {one.start:.2f} {one.seconds:.2f} {one.word}" for one in times]
    replace_file(path, ("\n".join(lines) + "\n").encode())


def cut_words(
    corpus: Corpus, times: Iterable[WordTime], labels: dict[str, int], *, margin_seconds: float = 0.02
) -> Corpus:
    """Words cut out of their utterances: what was said in a row, as isolated words.

    What it is not: a word said alone. Each keeps what its neighbours did to its edges, and where the
    alignment errs a piece of a neighbour.

    Args:
        corpus: utterances of any length.
        times: of their words; words and utterances that are not wanted or not there are passed over.
        labels: class of each word wanted; its text is the word in lower case.
        margin_seconds: kept on either side of a word, ≥ 0.

    Returns:
        One utterance for each word, in the corpus's order; names are ``UTTERANCE-k``, k counting its words
        from 0.

    Raises:
        ValueError: a negative margin, a word that begins after the end of its recording.

    >>> import torch
    >>> said = Utterance(torch.arange(80.0), 80, "ann", "en", "GO NINE", None, "an1")
    >>> words = [WordTime("an1", 0.0, 0.25, "GO"), WordTime("an1", 0.25, 0.5, "NINE")]
    >>> nine = cut_words(Corpus("one", [said]), words, {"NINE": 9}, margin_seconds=0.05)[0]
    >>> nine.name, nine.text, nine.label, nine.samples[[0, -1]]
    ('an1-1', 'nine', 9, tensor([16., 63.]))
    """
    if not margin_seconds >= 0:
        raise ValueError(f"margin_seconds must not be negative, got {margin_seconds}")
    spoken: dict[str, list[WordTime]] = defaultdict(list)
    for time in times:
        spoken[time.utterance].append(time)
    cut = [
        _cut(utterance, time, place, labels[time.word], margin_seconds)
        for utterance in corpus
        for place, time in enumerate(spoken[utterance.name])
        if time.word in labels
    ]
    return replace(corpus, name=f"{corpus.name}, words", utterances=cut)


def _cut(utterance: Utterance, time: WordTime, place: int, label: int, margin: float) -> Utterance:
    rate = utterance.sample_rate
    start = max(round((time.start - margin) * rate), 0)
    end = round((time.start + time.seconds + margin) * rate)
    if time.start >= utterance.seconds:
        raise ValueError(
            f"times of {utterance.name} must lie within its {utterance.seconds:.2f} s, "
            f"got {time.word!r} at {time.start} s"
        )
    return replace(
        utterance,
        samples=utterance.samples[start:end].clone(),
        text=time.word.lower(),
        label=label,
        name=f"{utterance.name}-{place}",
        sha256="",
    )
