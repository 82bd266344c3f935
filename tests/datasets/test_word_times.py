"""CTM files and words cut out of recordings."""

import pytest
import torch

from hnrc_lib.datasets import Corpus, Utterance
from hnrc_lib.datasets.word_times import WordTime, cut_words, read_ctm, write_ctm

TIMES = [
    WordTime("an1", 0.1, 0.2, "GO"),
    WordTime("an1", 0.5, 0.3, "NINE"),
    WordTime("an2", 0.0, 0.4, "TWO"),
    WordTime("elsewhere", 0.0, 0.4, "TWO"),
]
LABELS = {"NINE": 9, "TWO": 2}


@pytest.fixture
def corpus():
    """Two recordings of a second whose samples are their own indices."""
    samples = torch.arange(1000.0)
    return Corpus(
        "two",
        [
            Utterance(samples, 1000, "ann", "en", "GO NINE", None, "an1"),
            Utterance(samples, 1000, "bob", "en", "TWO", None, "an2"),
        ],
        ("one is absent",),
    )


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "words.ctm"
    write_ctm(path, TIMES, ["made by hand", "twice"])
    assert path.read_text().startswith(";; made by hand\n;; twice\nan1 1 0.10 0.20 GO\n")
    assert read_ctm(path) == TIMES
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("an1 1 0.1 GO", r"words.ctm:2: utterance channel start seconds word expected, got 'an1 1 0.1 GO'"),
        ("an1 1 0.1 0.0 GO", r"words.ctm:2: seconds of 'GO' in an1 must be > 0, got 0.0"),
        ("an1 1 0.1.2 0.3 GO", r"words.ctm:2: could not convert string to float"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path, line, message):
    path = tmp_path / "words.ctm"
    path.write_text(f";; head\n{line}\n")
    with pytest.raises(ValueError, match=message):
        read_ctm(path)


def test_words_wanted_are_cut_out_with_a_margin(corpus):
    cut = cut_words(corpus, TIMES, LABELS, margin_seconds=0.1)
    assert [(one.name, one.text, one.label, one.speaker) for one in cut] == [
        ("an1-1", "nine", 9, "ann"),
        ("an2-0", "two", 2, "bob"),
    ]
    # A margin ends where the recording does.
    assert [(int(one.samples[0]), int(one.samples[-1])) for one in cut] == [(400, 899), (0, 499)]
    assert cut[0].sha256 != corpus[0].sha256
    assert cut.missing == corpus.missing


def test_a_word_past_the_end_and_a_negative_margin_are_refused(corpus):
    with pytest.raises(ValueError, match=r"times of an2 must lie within its 1.00 s, got 'TWO' at 1.0 s"):
        cut_words(corpus, [WordTime("an2", 1.0, 0.2, "TWO")], LABELS)
    with pytest.raises(ValueError, match=r"margin_seconds must not be negative, got -0.1"):
        cut_words(corpus, TIMES, LABELS, margin_seconds=-0.1)
