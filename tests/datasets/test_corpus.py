"""Utterances, corpora, their subsets and their fingerprints."""

import dataclasses
import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.audio import AudioError, write_audio
from hnrc_lib.datasets import Corpus, Utterance, leave_one_speaker_out
from hnrc_lib.datasets.corpus import read_recordings


def utterance(name: str, *, speaker: str = "ann", language: str = "en", label: int | None = 1) -> Utterance:
    samples = torch.full((80,), len(name) / 100)
    return Utterance(
        samples, 8000, speaker, language, "one", label, name, hashlib.sha256(name.encode()).hexdigest()
    )


@pytest.fixture
def corpus() -> Corpus:
    people = [("ann", "en"), ("bob", "en"), ("chen", "cmn")]
    said = [
        utterance(f"{label}_{who}", speaker=who, language=language, label=label)
        for who, language in people
        for label in range(4)
    ]
    return Corpus("people", said, missing=("speaker dan: absent",))


def test_a_corpus_is_a_sequence(corpus: Corpus) -> None:
    names = [one.name for one in corpus]
    assert len(corpus) == len(names) == 12
    assert [corpus[index].name for index in range(-12, 12)] == names * 2
    assert corpus[3] in corpus
    assert corpus.index(corpus[3]) == 3
    with pytest.raises(IndexError):
        corpus[12]


@settings(deadline=None)
@given(st.slices(12))
def test_slices_are_corpora(part: slice) -> None:
    whole = Corpus("letters", [utterance(letter) for letter in "abcdefghijkl"], missing=("m",))
    piece = whole[part]
    assert isinstance(piece, Corpus)
    assert "".join(one.name for one in piece) == "abcdefghijkl"[part]
    assert (piece.name, piece.missing) == ("letters", ("m",))


def test_summaries(corpus: Corpus) -> None:
    assert corpus.speakers == ("ann", "bob", "chen")
    assert corpus.languages == ("cmn", "en")
    assert corpus.labels == (0, 1, 2, 3) * 3
    assert corpus.seconds == pytest.approx(0.12)
    assert repr(corpus) == "Corpus('people': 12 utterances, 3 speakers, 0.0 min, missing 1)"


@settings(deadline=None)
@given(
    speaker=st.none() | st.sampled_from(["ann", "bob"]) | st.sets(st.sampled_from(["ann", "bob", "chen"])),
    language=st.none() | st.sampled_from(["en", "cmn"]),
    label=st.none() | st.integers(0, 2) | st.sets(st.integers(0, 2)),
)
def test_where_equals_a_filter(
    speaker: str | set | None, language: str | None, label: int | set | None
) -> None:
    said = [
        utterance(f"{who}{label}", speaker=who, language="cmn" if who == "chen" else "en", label=label)
        for who in ("ann", "bob", "chen")
        for label in range(3)
    ]

    def meets(value: object, wanted: object) -> bool:
        return wanted is None or value == wanted or (isinstance(wanted, set) and value in wanted)

    expected = [
        one
        for one in said
        if meets(one.speaker, speaker) and meets(one.language, language) and meets(one.label, label)
    ]
    assert list(Corpus("c", said).where(speaker=speaker, language=language, label=label)) == expected


def test_where_by_name(corpus: Corpus) -> None:
    assert [one.name for one in corpus.where(name=["2_bob", "0_ann"])] == ["0_ann", "2_bob"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"speaker": "theo"}, r"speaker must occur in corpus 'people', which has \['ann', .*got \['theo'\]"),
        ({"language": ["en", "fr"]}, r"language must occur .* got \['fr'\]"),
        ({"label": 7}, r"label must occur .*\[0, 1, 2, 3\]; got \[7\]"),
    ],
)
def test_where_refuses_what_is_not_there(corpus: Corpus, condition: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        corpus.where(**condition)


def test_manifest_hash_names_the_files_in_any_order(corpus: Corpus) -> None:
    lines = sorted(f"{one.name} {one.sha256}\n" for one in corpus)
    assert corpus.manifest_sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert corpus[::-1].manifest_sha256 == corpus.manifest_sha256
    assert corpus[1:].manifest_sha256 != corpus.manifest_sha256
    changed = [dataclasses.replace(corpus[0], sha256="0" * 64), *corpus[1:]]
    assert Corpus("people", changed).manifest_sha256 != corpus.manifest_sha256


def test_samples_without_a_file_are_hashed() -> None:
    one, other = (Utterance(torch.tensor([x]), 8000, "a", "en", "", None, "n") for x in (0.25, 0.5))
    assert one.sha256 == hashlib.sha256(torch.tensor([0.25]).numpy().tobytes()).hexdigest()
    assert one.sha256 != other.sha256


def test_utterances_and_corpora_are_frozen(corpus: Corpus) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus[0].label = 5  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.name = "x"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("samples", [torch.zeros(0), torch.zeros(4, dtype=torch.float64)])
def test_utterances_refuse_other_samples(samples: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="samples of 'n' must have shape"):
        Utterance(samples, 8000, "a", "en", "", None, "n")


def test_utterances_refuse_a_rate_of_zero() -> None:
    with pytest.raises(ValueError, match="sample_rate of 'n' must be positive, got 0"):
        Utterance(torch.zeros(4), 0, "a", "en", "", None, "n")


def test_names_must_differ() -> None:
    with pytest.raises(ValueError, match=r"names in corpus 'c' must differ, got \['a'\] more than once"):
        Corpus("c", [utterance("a"), utterance("b"), utterance("a")])


def test_leave_one_speaker_out_is_a_partition(corpus: Corpus) -> None:
    for speaker in corpus.speakers:
        train, held_out = leave_one_speaker_out(corpus, speaker)
        assert held_out.speakers == (speaker,)
        assert speaker not in train.speakers
        assert sorted(one.name for one in (*train, *held_out)) == sorted(one.name for one in corpus)
        assert train.name == f"people without {speaker}"
        assert train.missing == corpus.missing


def test_leave_one_speaker_out_needs_two_speakers(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="must have a second speaker to train on, got 'ann' alone"):
        leave_one_speaker_out(corpus.where(speaker="ann"), "ann")
    with pytest.raises(ValueError, match=r"speaker must occur .* got \['theo'\]"):
        leave_one_speaker_out(corpus, "theo")


def test_recordings_come_with_the_hash_of_their_file(tmp_path) -> None:
    paths = [write_audio(tmp_path / f"{n}.wav", torch.full((n,), 0.5), 8000) for n in (40, 80)]
    read = read_recordings(paths, 8000)
    assert [len(waveform.samples) for waveform, _ in read] == [40, 80]
    assert [sha256 for _, sha256 in read] == [hashlib.sha256(p.read_bytes()).hexdigest() for p in paths]


def test_every_unreadable_recording_is_named(tmp_path) -> None:
    good = write_audio(tmp_path / "good.wav", torch.full((80,), 0.5), 8000)
    empty, noise = tmp_path / "empty.wav", tmp_path / "noise.wav"
    empty.touch()
    noise.write_bytes(b"not audio" * 100)
    with pytest.raises(AudioError, match="3 recordings cannot be used") as caught:
        read_recordings([good, empty, noise, tmp_path / "absent.wav"], 8000)
    for name, reason in (("empty.wav", "empty"), ("noise.wav", "not audio"), ("absent.wav", "No such file")):
        assert any(name in line and reason in line for line in str(caught.value).splitlines())
    assert "good.wav" not in str(caught.value)


def test_a_long_list_of_unreadable_recordings_is_cut(tmp_path) -> None:
    with pytest.raises(AudioError, match=r"14 recordings cannot be used:(.*\n){11}… and 4 more$"):
        read_recordings([tmp_path / f"{n}.wav" for n in range(14)], 8000)


def test_recordings_of_another_rate_are_resampled(tmp_path) -> None:
    path = write_audio(tmp_path / "a.wav", torch.zeros(16000), 16000)
    [(waveform, _)] = read_recordings([path], 8000)
    assert (waveform.sample_rate, len(waveform.samples)) == (8000, 8000)
