"""Where corpora are looked for, and which files are recordings."""

from pathlib import Path

import pytest

from hnrc_lib.datasets.locate import find_corpus, recording, recordings_in


def has_list(folder: Path) -> bool:
    return (folder / "list").is_file()


def test_the_first_folder_that_holds_it_is_found(tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
    (tmp_path / "b" / "list").write_text("")
    (tmp_path / "c" / "list").write_text("")
    found = find_corpus("It", "it", tmp_path, ("absent", "a", "b", "c"), has_list, sought="list")
    assert found == tmp_path / "b"


def test_what_is_nowhere_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^It is needed, but there is no list in .*data fetch it "):
        find_corpus("It", "it", tmp_path, (".",), has_list, sought="list")


def test_a_wav_is_taken_before_its_flac_copy(tmp_path: Path) -> None:
    for name in ("b.wav", "b.flac", "a.flac", "c.wav", "._a.wav", "notes.txt", "d.wav.part"):
        (tmp_path / name).write_text("")
    assert [path.name for path in recordings_in(tmp_path)] == ["a.flac", "b.wav", "c.wav"]
    assert recording(tmp_path / "b") == tmp_path / "b.wav"
    assert recording(tmp_path / "a") == tmp_path / "a.flac"
    assert recording(tmp_path / "d") is None
