"""Speakers held out in turn against each held out by itself; FSDD is a folder of synthetic voices."""

import dataclasses

import pytest

from hnrc_lib.audio import write_audio
from hnrc_lib.datasets import load_digits
from hnrc_lib.training import corpora
from hnrc_lib.training.corpora import each_held_out, load_parts

VOICES = {"en-f1": "ann", "en-m1": "bob"}


@pytest.fixture(scope="module")
def digits():
    """Two synthetic voices."""
    return load_digits(language="en").where(speaker=VOICES)


@pytest.fixture(scope="module")
def home(tmp_path_factory, digits):
    """The same two as if FSDD's, ten digits, two takes: the first is an official test take."""
    folder = tmp_path_factory.mktemp("corpora")
    recordings = folder / "fsdd" / "recordings"
    recordings.mkdir(parents=True)
    taken = {}
    for one in digits:
        key = one.speaker, one.label
        take = 5 * taken.setdefault(key, 0)
        taken[key] += 1
        if take < 10:
            name = f"{one.label}_{VOICES[one.speaker]}_{take}.wav"
            write_audio(recordings / name, one.samples, one.sample_rate)
    return folder


@pytest.fixture
def read(monkeypatch, digits):
    """What is read from disk, by the name of its loader."""
    read, load = [], corpora.load_fsdd
    monkeypatch.setattr(corpora, "load_fsdd", lambda *a, **k: read.append("fsdd") or load(*a, **k))
    monkeypatch.setattr(corpora, "load_digits", lambda **k: read.append("digits") or digits)
    named = [dataclasses.replace(one, name=f"an4-{one.name}") for one in digits]
    more = dataclasses.replace(digits, name="AN4", utterances=named, missing=("AN4: one is absent",))
    monkeypatch.setattr(corpora, "load_an4_digits", lambda **k: read.append("an4") or more)
    return read


@pytest.mark.parametrize("name", sorted(corpora._BY_SPEAKER))
def test_each_speaker_in_turn_has_the_parts_of_that_speaker_alone(home, read, monkeypatch, name):
    for name_of_count in ("_VOICE_STRINGS", "_AN4_STRINGS", "_MIXED_STRINGS"):
        monkeypatch.setattr(corpora, name_of_count, 6)
    for part in corpora._STRINGS:
        monkeypatch.setitem(corpora._STRINGS, part, 6)
    found = dict(each_held_out(name, data_dir=home))
    assert list(found) == ["ann", "bob"]
    for speaker, parts in found.items():
        alone = load_parts(name, held_out=speaker, data_dir=home)
        for part in ("train", "validation", "test"):
            one, other = getattr(parts, part), getattr(alone, part)
            assert (one.name, one.manifest_sha256) == (other.name, other.manifest_sha256)
        assert parts.test.speakers == (speaker,)
        assert speaker not in parts.train.speakers + parts.validation.speakers
    assert load_parts(name, data_dir=home).test.speakers == ("ann",)


def test_the_corpus_is_read_once_for_all_speakers(home, read):
    assert len(list(each_held_out("fsdd-and-voices", data_dir=home))) == 2
    assert read == ["fsdd", "fsdd", "digits"]


@pytest.mark.parametrize(
    ("name", "others"),
    [("fsdd-voices-and-an4", "fsdd-and-voices"), ("connected-fsdd-and-an4", "connected-fsdd")],
)
def test_an4s_voices_are_trained_on_beside_the_others_and_nothing_else_changes(
    home, read, monkeypatch, name, others
):
    monkeypatch.setattr(corpora, "_AN4_STRINGS", 6)
    more, fewer = (load_parts(corpus, held_out="ann", data_dir=home) for corpus in (name, others))
    added = [one.name for one in more.train[len(fewer.train) :]]
    assert [one.name for one in more.train[: len(fewer.train)]] == [one.name for one in fewer.train]
    assert added
    assert all("an4" in one for one in added)
    assert more.train.missing[-1] == "AN4: one is absent"
    for part in ("validation", "test"):
        assert getattr(more, part).manifest_sha256 == getattr(fewer, part).manifest_sha256


def test_a_corpus_with_a_test_part_of_its_own_holds_nobody_out():
    with pytest.raises(
        ValueError, match=r"corpus must be one of fsdd, .* to hold speakers out, got 'digits'"
    ):
        next(each_held_out("digits"))
