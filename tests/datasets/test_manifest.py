"""Manifests, read and written, and folders compared with them."""

import hashlib
from pathlib import Path

import pytest

from hnrc_lib.datasets.errors import FetchError
from hnrc_lib.datasets.manifest import (
    Manifest,
    find_faults,
    hash_file,
    hash_folder,
    name_some,
    read_manifest,
    write_manifest,
)

FILES = {"b/two.wav": b"two" * 100_000, "a.txt": b"", "b/c/three": b"3"}
HASHES = {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, content in {**FILES, ".hidden": b"x", ".git/config": b"x"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path


def test_hashes_are_those_of_the_files_and_hidden_ones_are_left_out(folder: Path) -> None:
    assert hash_folder(folder) == HASHES
    assert hash_file(folder / "b/two.wav") == HASHES["b/two.wav"]


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest("n", "v1", "http://x", "a note", {"z": None, "a": "0" * 64})
    write_manifest(manifest, tmp_path / "n.json")
    assert read_manifest(tmp_path / "n.json") == manifest
    assert list(read_manifest(tmp_path / "n.json").files) == ["a", "z"]
    assert [path.name for path in tmp_path.iterdir()] == ["n.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "n"}', '{"other": 1}'])
def test_what_is_no_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.json").write_text(text)
    with pytest.raises(FetchError, match=r"n\.json' is no manifest"):
        read_manifest(tmp_path / "n.json")


def test_faults_are_what_is_missing_and_what_is_damaged(folder: Path) -> None:
    expected = {**HASHES, "unknown": None}
    assert find_faults(folder, HASHES) == {}
    assert find_faults(folder, expected) == {"unknown": "missing"}
    (folder / "unknown").write_bytes(b"anything")
    (folder / "a.txt").write_bytes(b"x")
    (folder / "b/c/three").unlink()
    assert find_faults(folder, expected) == {"a.txt": "damaged", "b/c/three": "missing"}


def test_many_names_are_counted() -> None:
    assert name_some("abc") == "a, b, c"
    assert name_some("abcdefg", most=2) == "a, b and 5 more"
