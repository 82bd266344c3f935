"""Folders of keywords, small trees in the layout of Speech Commands."""

from pathlib import Path

import pytest
import torch

from hnrc_lib.audio import AudioError, load_audio, write_audio
from hnrc_lib.datasets import load_keywords

FILES = {
    "yes": ("aa11_nohash_0", "aa11_nohash_1", "bb22_nohash_0", "cc33_nohash_0"),
    "no": ("aa11_nohash_0", "bb22_nohash_0", "aa11_nohash_10", "aa11_nohash_2"),
    "wow": ("cc33_nohash_0", "dd44_nohash_0"),
}
VALIDATION = ("yes/bb22_nohash_0.wav", "no/bb22_nohash_0.wav")
TESTING = ("yes/cc33_nohash_0.wav", "wow/cc33_nohash_0.wav")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "speech-commands"
    for word, stems in FILES.items():
        (folder / word).mkdir(parents=True)
        for place, stem in enumerate(stems):
            write_audio(folder / word / f"{stem}.wav", torch.full((160 + place,), 0.25), 16000)
    (folder / "_background_noise_").mkdir()
    write_audio(folder / "_background_noise_" / "pink_noise.wav", torch.full((9000,), 0.25), 16000)
    (folder / "validation_list.txt").write_text("\n".join(VALIDATION) + "\n")
    (folder / "testing_list.txt").write_text("\n".join(TESTING) + "\n")
    (folder / "README.md").write_text("x")
    return tmp_path


def test_the_lists_make_the_splits(tree: Path) -> None:
    parts = {part: load_keywords(part, data_dir=tree) for part in ("train", "validation", "test")}
    named = {part: {f"{one.name}.wav" for one in corpus} for part, corpus in parts.items()}
    everything = {f"{word}/{stem}.wav" for word, stems in FILES.items() for stem in stems}
    assert named["validation"] == set(VALIDATION)
    assert named["test"] == set(TESTING)
    assert named["train"] == everything - set(VALIDATION) - set(TESTING)
    assert {f"{one.name}.wav" for one in load_keywords(data_dir=tree)} == everything
    assert parts["train"].name == "keywords train"


def test_an_utterance_is_what_folder_and_file_say(tree: Path) -> None:
    [one] = load_keywords(data_dir=tree).where(name="yes/bb22_nohash_0")
    assert (one.text, one.speaker, one.language, one.label) == ("yes", "bb22", "en", 2)
    assert (one.sample_rate, len(one.samples)) == (16000, 162)


def test_order_is_word_speaker_and_take_by_number(tree: Path) -> None:
    names = [one.name for one in load_keywords(data_dir=tree, words=["no"])]
    assert names == ["no/aa11_nohash_0", "no/aa11_nohash_2", "no/aa11_nohash_10", "no/bb22_nohash_0"]


def test_labels_are_places_among_the_words(tree: Path) -> None:
    corpus = load_keywords(data_dir=tree)
    assert {one.text: one.label for one in corpus} == {"no": 0, "wow": 1, "yes": 2}
    chosen = load_keywords(data_dir=tree, words=("yes", "no"))
    assert {one.text: one.label for one in chosen} == {"yes": 0, "no": 1}
    rest = load_keywords(data_dir=tree, words=("yes", "_unknown_"))
    assert {one.text: one.label for one in rest} == {"yes": 0, "no": 1, "wow": 1}
    assert len(rest) == len(corpus)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["yes", "maybe"], r"words must be among \['no', 'wow', 'yes'\] or '_unknown_', got \['maybe'\]"),
        (["_background_noise_"], r"got \['_background_noise_'\]"),
        (["yes", "yes"], "words must differ"),
        ([], "at least one"),
        ("yes", "words must be a sequence of words, got the string 'yes'"),
    ],
)
def test_words_without_examples_are_refused(tree: Path, words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_keywords(data_dir=tree, words=words)


def test_another_split_is_refused(tree: Path) -> None:
    with pytest.raises(ValueError, match=r"split must be one of \('train', 'validation', 'test'\) or None"):
        load_keywords("dev", data_dir=tree)


def test_without_it_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no speech-commands/testing_list.*fetch speech-commands"):
        load_keywords(data_dir=tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("yes/zz99_nohash_0.wav", r"list\.txt:3: there is no recording 'yes/zz99_nohash_0\.wav'"),
        ("yes", r"list\.txt:3: word/recording\.wav expected, got 'yes'"),
        ("../yes/aa11_nohash_0.wav", r"list\.txt:3: word/recording\.wav expected"),
    ],
)
@pytest.mark.parametrize("name", ["testing_list.txt", "validation_list.txt"])
def test_a_wrong_line_is_named(tree: Path, name: str, line: str, message: str) -> None:
    with (tree / "speech-commands" / name).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match=message):
        load_keywords(data_dir=tree)


def test_a_word_without_folder_is_said_to_be_missing(tree: Path) -> None:
    with (tree / "speech-commands" / "testing_list.txt").open("a") as file:
        file.write("zero/aa11_nohash_0.wav\n")
    assert load_keywords("train", data_dir=tree).missing == ("word zero: its folder is absent",)


def test_strange_names_and_damaged_files_are_named(tree: Path) -> None:
    path = tree / "speech-commands/yes/aa11_nohash_0.wav"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(AudioError, match=r"1 recordings cannot be used:\n.*yes/aa11_nohash_0\.wav"):
        load_keywords(data_dir=tree)
    path.rename(path.with_name("yes1.wav"))
    with pytest.raises(ValueError, match=r"must be named speaker_nohash_take\.wav.*yes1\.wav"):
        load_keywords(data_dir=tree)


def test_flac_copies_keep_their_split(tree: Path) -> None:
    original = load_keywords("test", data_dir=tree)
    for path in (tree / "speech-commands").rglob("*.wav"):
        write_audio(path.with_suffix(".flac"), load_audio(path).samples, 16000)
        path.unlink()
    copy = load_keywords("test", data_dir=tree)
    assert [one.name for one in copy] == [one.name for one in original]
    assert all(torch.equal(ours.samples, theirs.samples) for ours, theirs in zip(copy, original, strict=True))
