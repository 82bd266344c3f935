"""Digits cut out of AN4: the real ones, by the alignment that ships."""

import statistics

import pytest

from hnrc_lib.datasets import Corpus, load_an4, load_an4_digits
from hnrc_lib.datasets.an4_digits import WORD_TIMES
from hnrc_lib.datasets.digits_plan import WORDS
from hnrc_lib.datasets.word_times import cut_words, read_ctm
from hnrc_lib.paths import shipped

pytestmark = pytest.mark.speech


@pytest.fixture(scope="module")
def digits() -> Corpus:
    return load_an4_digits()


def test_they_are_every_digit_of_the_training_part_in_order(digits: Corpus) -> None:
    train = load_an4("train")
    said = [
        (utterance.speaker, word.lower())
        for utterance in train
        for word in utterance.text.split()
        if word.lower() in {one.text for one in digits}
    ]
    assert [(one.speaker, one.text) for one in digits] == said
    assert (len(digits), len(digits.speakers)) == (1650, 74)
    assert set(digits.labels) == set(range(10))
    assert {one.sample_rate for one in digits} == {8000}


def test_the_alignment_is_of_these_recordings_and_in_them() -> None:
    head = shipped(*WORD_TIMES).read_text().splitlines()[:3]
    assert load_an4("train").manifest_sha256 in head[1]
    seconds = {one.name: one.seconds for one in load_an4("train")}
    assert all(
        time.start + time.seconds <= seconds[time.utterance] + 0.02 for time in read_ctm(shipped(*WORD_TIMES))
    )


def test_words_are_as_long_as_words_are(digits: Corpus) -> None:
    for label in range(10):
        assert 0.2 < statistics.median(one.seconds for one in digits.where(label=label)) < 0.7


def test_what_lies_outside_the_words_of_a_string_of_digits_is_nearly_silent() -> None:
    labels = {word.upper(): label for label, word in enumerate(WORDS["en"])}
    strings = [one for one in load_an4("train") if set(one.text.split()) <= set(labels)]
    assert len(strings) > 100
    whole = Corpus("strings", strings)
    words = cut_words(whole, read_ctm(shipped(*WORD_TIMES)), labels, margin_seconds=0)
    # Samples and energy that the words hold, of each string.
    held = {one.name: [0.0, 0.0] for one in strings}
    for word in words:
        string = held[word.name.rpartition("-")[0]]
        string[0] += len(word.samples)
        string[1] += float(word.samples.square().sum())
    time = [held[one.name][0] / len(one.samples) for one in strings]
    energy = [held[one.name][1] / float(one.samples.square().sum()) for one in strings]
    assert statistics.mean(time) < 0.8
    assert statistics.median(energy) > 0.95
