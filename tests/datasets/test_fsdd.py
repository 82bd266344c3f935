"""FSDD: the real one where it is, and small trees like it for what can be wrong."""

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from hnrc_lib.audio import AudioError, load_audio, write_audio
from hnrc_lib.datasets import Corpus, leave_one_speaker_out, load_fsdd, spectrograms

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two speakers, two digits, takes 3 to 6: a folder of corpora."""
    recordings = tmp_path / "fsdd" / "recordings"
    recordings.mkdir(parents=True)
    for speaker in ("george", "theo"):
        for label in (0, 7):
            for take in range(3, 7):
                samples = torch.full((800 + 10 * take,), 0.1 * take)
                write_audio(recordings / f"{label}_{speaker}_{take}.wav", samples, 8000)
    return tmp_path


def test_takes_make_the_official_split(tree: Path) -> None:
    test, train = load_fsdd("test", data_dir=tree), load_fsdd("train", data_dir=tree)
    assert {one.name.split("_")[2] for one in test} == {"3", "4"}
    assert {one.name.split("_")[2] for one in train} == {"5", "6"}
    both = load_fsdd(data_dir=tree)
    assert sorted(one.name for one in both) == sorted(one.name for one in (*test, *train))
    assert [corpus.name for corpus in (both, train, test)] == ["FSDD", "FSDD train", "FSDD test"]


def test_an_utterance_says_what_its_file_name_says(tree: Path) -> None:
    [one] = load_fsdd(data_dir=tree).where(name="7_theo_5")
    assert (one.speaker, one.language, one.text, one.label) == ("theo", "en", "seven", 7)
    assert (one.sample_rate, len(one.samples)) == (8000, 850)
    assert one.samples[0].item() == pytest.approx(0.5, abs=2**-15)
    assert one.sha256 == hashlib.sha256((tree / "fsdd/recordings/7_theo_5.wav").read_bytes()).hexdigest()


def test_takes_are_ordered_by_number(tree: Path) -> None:
    (tree / "fsdd/recordings/0_george_3.wav").rename(tree / "fsdd/recordings/0_george_10.wav")
    takes = [
        int(one.name.split("_")[2]) for one in load_fsdd(data_dir=tree) if one.name.startswith("0_george")
    ]
    assert takes == [4, 5, 6, 10]


def test_what_is_absent_is_said(tree: Path) -> None:
    missing = load_fsdd("test", data_dir=tree).missing
    assert len(missing) == 6
    assert missing[0] == (
        "speaker george: 46 of 50 recordings are absent: "
        "0_george_0, 0_george_1, 0_george_2, 1_george_0, 1_george_1, …"
    )
    assert missing[1] == "speaker jackson: 50 of 50 recordings are absent"


def test_a_complete_tree_misses_nothing(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    content = write_audio(tmp_path / "a.wav", torch.full((200,), 0.25), 8000).read_bytes()
    for speaker in SPEAKERS:
        for label in range(10):
            for take in range(5):
                (recordings / f"{label}_{speaker}_{take}.wav").write_bytes(content)
    corpus = load_fsdd("test", data_dir=tmp_path)
    assert (len(corpus), corpus.speakers, corpus.missing) == (300, SPEAKERS, ())
    assert len(load_fsdd(data_dir=tmp_path).missing) == 6


@pytest.mark.parametrize("folder", ["fsdd", "free-spoken-digit-dataset", "."])
def test_the_folder_may_be_the_clone_or_hold_it(tree: Path, tmp_path: Path, folder: str) -> None:
    home = tmp_path / "other"
    (home / folder).mkdir(parents=True)
    (tree / "fsdd" / "recordings").rename(home / folder / "recordings")
    assert len(load_fsdd(data_dir=home)) == 16


def test_the_variable_names_the_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HNRC_DATA_DIR", str(tree))
    assert len(load_fsdd()) == 16


def test_without_a_folder_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HNRC_DATA_DIR", raising=False)
    with pytest.raises(
        FileNotFoundError, match=r"HNRC_DATA_DIR is not set; get it with: hnrc data fetch fsdd"
    ):
        load_fsdd()


@pytest.mark.parametrize("inside", ["", "fsdd", "fsdd/recordings"])
def test_an_empty_folder_says_how_to_get_it(tmp_path: Path, inside: str) -> None:
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    with pytest.raises(FileNotFoundError, match=r"no fsdd/recordings/\*\.wav in .*: hnrc data fetch fsdd"):
        load_fsdd(data_dir=tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="data_dir must name an existing folder"):
        load_fsdd(data_dir=tmp_path / "nowhere")


def test_another_split_is_refused(tree: Path) -> None:
    with pytest.raises(ValueError, match="split must be 'train', 'test' or None, got 'dev'"):
        load_fsdd("dev", data_dir=tree)


@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_a_damaged_recording_is_named(tree: Path, damage: str) -> None:
    path = tree / "fsdd/recordings/7_theo_6.wav"
    path.write_bytes({"truncated": path.read_bytes()[:300], "empty": b"", "text": b"hello" * 50}[damage])
    with pytest.raises(AudioError, match=r"1 recordings? cannot be used:\n.*7_theo_6\.wav"):
        load_fsdd(data_dir=tree)


@pytest.mark.parametrize("name", ["seven_theo_1.wav", "7_theo.wav", "7_theo_1 (copy).wav", "17_theo_1.wav"])
def test_a_recording_with_a_strange_name_is_refused(tree: Path, name: str) -> None:
    write_audio(tree / "fsdd/recordings" / name, torch.ones(80) / 2, 8000)
    with pytest.raises(ValueError, match=r"must be named digit_speaker_take\.wav") as caught:
        load_fsdd(data_dir=tree)
    assert name in str(caught.value)


def test_other_files_are_left_alone(tree: Path) -> None:
    for name in ("._7_theo_3.wav", "notes.txt", ".DS_Store"):
        (tree / "fsdd/recordings" / name).write_text("x")
    assert len(load_fsdd(data_dir=tree)) == 16


def test_flac_copies_are_the_same_samples(tree: Path) -> None:
    original = load_fsdd(data_dir=tree)
    for path in (tree / "fsdd/recordings").glob("7_*.wav"):
        write_audio(path.with_suffix(".flac"), load_audio(path).samples, 8000)
        path.unlink()
    copy = load_fsdd(data_dir=tree)
    assert [one.name for one in copy] == [one.name for one in original]
    assert all(torch.equal(ours.samples, theirs.samples) for ours, theirs in zip(copy, original, strict=True))


def test_stereo_and_other_rates_are_brought_to_8_khz_mono(tree: Path) -> None:
    path = tree / "fsdd/recordings/7_theo_6.wav"
    soundfile.write(path, np.tile([[0.5, 0.25]], (1600, 1)), 16000)
    [one] = load_fsdd(data_dir=tree).where(name="7_theo_6")
    assert (one.sample_rate, len(one.samples)) == (8000, 800)
    assert one.samples[200:600].mean().item() == pytest.approx(0.375, abs=1e-3)


@pytest.mark.speech
def test_the_real_corpus_is_as_published(fsdd: Corpus) -> None:
    here = set(fsdd.speakers)
    assert here <= set(SPEAKERS)
    assert len(fsdd) == 500 * len(here)
    assert [sentence.split(":")[0] for sentence in fsdd.missing] == [
        f"speaker {who}" for who in SPEAKERS if who not in here
    ]
    counts = np.bincount([50 * SPEAKERS.index(one.speaker) // 5 + int(one.label or 0) for one in fsdd])
    assert set(counts) <= {0, 50}
    assert {one.sample_rate for one in fsdd} == {8000}
    assert all(0.1 < one.seconds < 2.5 and one.samples.abs().max() > 0.005 for one in fsdd)


@pytest.mark.speech
def test_the_real_split_is_the_official_one(fsdd: Corpus) -> None:
    train, test = load_fsdd("train"), load_fsdd("test")
    assert (len(train), len(test)) == (len(fsdd) * 9 // 10, len(fsdd) // 10)
    assert {int(one.name.split("_")[2]) for one in test} == set(range(5))
    assert {int(one.name.split("_")[2]) for one in train} == set(range(5, 50))


@pytest.mark.speech
def test_loading_and_features_are_quick(fsdd: Corpus) -> None:
    start = time.perf_counter()
    corpus = load_fsdd()
    loaded = time.perf_counter()
    spectrograms(corpus)
    finished = time.perf_counter()
    # Five times what a slow core needs: this catches a loop that became quadratic, not a busy machine.
    assert loaded - start < 10
    assert finished - loaded < 10


@pytest.mark.speech
def test_features_of_real_speech_tell_digits_apart_across_speakers(fsdd: Corpus) -> None:
    """Nearest class mean on a speaker never heard: chance is 0.1, a broken label or axis stays there."""
    features, labels = spectrograms(fsdd)
    row = {one.name: index for index, one in enumerate(fsdd)}
    accuracies = []
    for speaker in fsdd.speakers:
        train, held_out = ([row[one.name] for one in part] for part in leave_one_speaker_out(fsdd, speaker))
        seen, known = features[train].flatten(1), labels[train]
        means = torch.stack([seen[known == label].mean(0) for label in range(10)])
        predicted = torch.cdist(features[held_out].flatten(1), means).argmin(1)
        accuracies.append((predicted == labels[held_out]).float().mean().item())
    assert np.mean(accuracies) > 0.38
