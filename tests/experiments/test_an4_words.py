"""Digits found in pairs of takes whose boundary is known."""

import statistics

import pytest
from an4_like import write_an4_voices

from hnrc_lib.datasets import load_an4, load_digits
from hnrc_lib.datasets.word_times import read_ctm
from hnrc_lib.experiments.an4_words import align_an4_digits

QUICK = {"hybrid.n_mels": 20, "hybrid.gmm.num_components": 2, "hybrid.gmm.first_rounds": 3}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_an4_voices(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def path(data_dir, tmp_path_factory):
    return align_an4_digits(QUICK, data_dir=data_dir, target=tmp_path_factory.mktemp("ctm") / "digits.ctm")


def test_every_digit_of_the_transcripts_is_there_in_order(path, data_dir):
    train = load_an4("train", data_dir=data_dir)
    said = [(one.name, word) for one in train for word in one.text.split()]
    assert [(time.utterance, time.word) for time in read_ctm(path)] == said
    assert train.manifest_sha256 in path.read_text().splitlines()[1]


def test_words_lie_apart_and_on_their_side_of_the_boundary(path, data_dir):
    times = read_ctm(path)
    takes = load_digits(language="en")
    lengths = [one.seconds for one in takes]
    voices = takes.speakers
    offsets = []
    for number, (first, second) in enumerate(zip(times[::2], times[1::2], strict=True)):
        assert first.utterance == second.utterance
        end = first.start + first.seconds
        assert end <= second.start + 1e-6
        voice, pair = voices[number // 4], number % 4
        rows = [index for index, one in enumerate(takes) if one.speaker == voice]
        boundary = lengths[rows[4 * pair]]
        offsets.append(abs((end + second.start) / 2 - boundary))
    assert statistics.median(offsets) < 0.1
