"""Strings of digits, taken apart again and compared with the takes they were made of."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.datasets import Corpus, Utterance, connect_digits

WORDS = {"en": ("zero", "one", "two", "three"), "cmn": ("零", "一", "二", "三")}
VOICES = (("ann", "en"), ("bob", "en"), ("chen", "cmn"), ("ann", "cmn"))


def take(speaker: str, language: str, label: int, number: int) -> Utterance:
    """A take of its own length and level, so that it is known again within a string."""
    level = 0.1 + 0.01 * label + 0.05 * number + 0.001 * VOICES.index((speaker, language))
    samples = torch.full((60 + 10 * label + number,), level)
    name = f"{label}_{speaker}_{language}_{number}"
    return Utterance(samples, 8000, speaker, language, WORDS[language][label], label, name)


CORPUS = Corpus(
    "takes",
    [
        take(who, language, label, number)
        for who, language in VOICES
        for label in range(4)
        for number in range(3)
    ],
    missing=("speaker dan: absent",),
)


def take_apart(string: Utterance) -> tuple[list[Utterance], list[torch.Tensor]]:
    """The takes of a string in order and the gaps between them, found by their levels."""
    takes, gaps, start = [], [], 0
    while True:
        [found] = [
            one
            for one in CORPUS
            if torch.equal(string.samples[start : start + len(one.samples)], one.samples)
        ]
        takes.append(found)
        start += len(found.samples)
        if start == len(string.samples):
            return takes, gaps
        loud = torch.nonzero(string.samples[start:] > 0.09)[0, 0].item()
        gaps.append(string.samples[start : start + int(loud)])
        start += int(loud)


def test_a_string_is_takes_of_one_voice_and_noise_between() -> None:
    strings = connect_digits(CORPUS, num_strings=60, max_digits=5, seed=3, gap_seconds=(0.01, 0.05))
    for string in strings:
        takes, gaps = take_apart(string)
        assert {(one.speaker, one.language) for one in takes} == {(string.speaker, string.language)}
        assert string.text == " ".join(one.text for one in takes)
        assert len({one.name for one in takes}) == len(takes)
        assert (string.label, string.sample_rate) == (None, 8000)
        assert all(80 <= len(gap) <= 400 for gap in gaps)
        power = torch.cat([one.samples for one in takes]).square().mean()
        for gap in gaps:
            assert -45 < 10 * torch.log10(gap.square().mean() / power) < -35
    assert {(one.speaker, one.language) for one in strings} == set(VOICES)


def test_numbers_of_digits_and_gaps_are_uniform() -> None:
    strings = connect_digits(CORPUS, num_strings=800, max_digits=4, seed=0, gap_seconds=(0.0, 0.02))
    counts = np.bincount([len(one.text.split()) for one in strings], minlength=5)
    # Five standard deviations of a binomial count with n = 800, p = 1/4.
    assert counts[0] == 0
    assert np.abs(counts[1:] - 200).max() < 5 * np.sqrt(800 * 0.25 * 0.75)
    digits = np.bincount([WORDS[one.language].index(word) for one in strings for word in one.text.split()])
    assert np.abs(digits / digits.sum() - 0.25).max() < 0.05


def test_the_seed_decides_and_the_number_of_strings_does_not() -> None:
    few, many, other = (
        connect_digits(CORPUS, num_strings=count, seed=seed, max_digits=3)
        for count, seed in ((5, 7), (12, 7), (5, 8))
    )
    assert [one.sha256 for one in few] == [one.sha256 for one in many][:5]
    assert [(one.name, one.text) for one in few] == [(one.name, one.text) for one in many][:5]
    assert [one.sha256 for one in few] != [one.sha256 for one in other]


def test_no_gap_is_no_noise() -> None:
    for string in connect_digits(CORPUS, num_strings=20, seed=1, max_digits=4, gap_seconds=(0, 0)):
        takes, gaps = take_apart(string)
        assert len(string.samples) == sum(len(one.samples) for one in takes)
        assert all(len(gap) == 0 for gap in gaps)


@settings(max_examples=20)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**40))
def test_any_size_is_kept_to(num_strings: int, max_digits: int, seed: int) -> None:
    strings = connect_digits(CORPUS, num_strings=num_strings, max_digits=max_digits, seed=seed)
    assert len(strings) == num_strings
    assert all(1 <= len(one.text.split(" ")) <= max_digits for one in strings)
    assert (strings.name, strings.missing) == ("takes, connected", CORPUS.missing)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_strings": 0}, "num_strings must be at least 1, got 0"),
        ({"max_digits": 0}, "max_digits must be at least 1, got 0"),
        (
            {"max_digits": 13},
            r"max_digits must not exceed the takes of any speaker, got 13, takes \{\('ann', 'en'\)",
        ),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"gap_seconds": (0.3, 0.1)}, r"gap_seconds must be .*got \(0\.3, 0\.1\)"),
        ({"gap_seconds": (-0.1, 0.1)}, "gap_seconds must be"),
        ({"gap_seconds": (0.0, float("nan"))}, "gap_seconds must be"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        connect_digits(CORPUS, **{"num_strings": 2, "seed": 0, **arguments})


def test_corpora_that_cannot_be_connected_are_refused() -> None:
    one = take("ann", "en", 1, 0)
    rates = Corpus("rates", [one, Utterance(one.samples, 16000, "ann", "en", "two", 2, "2")])
    with pytest.raises(ValueError, match=r"one sample rate, got rates \[8000, 16000\]"):
        connect_digits(rates, num_strings=1, max_digits=1, seed=0)
    phrases = Corpus("phrases", [Utterance(one.samples, 8000, "ann", "en", "one two", None, "12")])
    with pytest.raises(ValueError, match=r"must be one word, not those of \['12'\]"):
        connect_digits(phrases, num_strings=1, max_digits=1, seed=0)
    with pytest.raises(ValueError, match="one sample rate"):
        connect_digits(Corpus("nothing", []), num_strings=1, seed=0)
