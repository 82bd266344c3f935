"""Corpora fetched from a server on this machine: whole, damaged, hostile, interrupted, mended."""

import dataclasses
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hnrc_lib.datasets.errors import FetchError
from hnrc_lib.datasets.fetch import RECORD, Fetched, check_corpus, fetch_corpus
from hnrc_lib.datasets.manifest import Manifest, hash_folder, write_manifest
from hnrc_lib.datasets.sources import Source
from tests.datasets.local_server import LocalServer, serve, special, tar_gz

FILES = {
    "wav/a.wav": os.urandom(200_000),
    "wav/b.wav": os.urandom(200_000),
    "wav/theo.wav": b"unknown",
    "etc/list": b"a\nb\n",
}
TOP = {f"it-1.0/{path}": content for path, content in FILES.items()}
EXTRA = {"it-1.0/setup.py": b"not wanted"}
PATH = "owner/it/archive/1.0.tar.gz"


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serve() as running:
        running.files[PATH] = tar_gz({**TOP, **EXTRA})
        yield running


@pytest.fixture
def source(tmp_path: Path, server: LocalServer) -> Source:
    """A corpus whose manifest knows every hash but one."""
    original = tmp_path / "original"
    for path, content in FILES.items():
        (original / path).parent.mkdir(parents=True, exist_ok=True)
        (original / path).write_bytes(content)
    files: dict[str, str | None] = {**hash_folder(original), "wav/theo.wav": None}
    write_manifest(Manifest("it", "1.0", "", "", files), tmp_path / "it.json")
    return Source("it", "It", "1.0", "http://nowhere.invalid", PATH, True, None, tmp_path / "it.json")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "corpora"


def fetch(source: Source, home: Path, server: LocalServer, **options) -> Fetched:
    return fetch_corpus(source, home, base_url=server.url, retries=0, **options)


def held(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECORD
    }


def test_a_complete_archive_becomes_the_folder(source: Source, home: Path, server: LocalServer) -> None:
    done = fetch(source, home, server)
    assert held(home / "it") == FILES
    assert done.folder == home / "it"
    assert set(done.placed) == set(FILES)
    assert done.unverified == ("wav/theo.wav",)
    assert check_corpus(source, home) == {}
    assert sorted(path.name for path in home.iterdir()) == [".downloads", "it"]
    assert list((home / ".downloads").iterdir()) == []


def test_the_second_time_nothing_is_asked(source: Source, home: Path, server: LocalServer) -> None:
    fetch(source, home, server)
    server.asked.clear()
    said = []
    assert fetch(source, home, server, say=said.append).placed == ()
    assert (server.asked, said) == ([], [])


def test_what_is_damaged_or_missing_is_named_and_mended(
    source: Source, home: Path, server: LocalServer
) -> None:
    fetch(source, home, server)
    (home / "it/wav/a.wav").write_bytes(b"damaged")
    (home / "it/etc/list").unlink()
    (home / "it/mine.txt").write_bytes(b"mine")
    untouched = (home / "it/wav/b.wav").stat().st_ino
    assert check_corpus(source, home) == {"wav/a.wav": "damaged", "etc/list": "missing"}
    said = []
    done = fetch(source, home, server, say=said.append)
    assert said[0] == "2 files to mend: etc/list (missing), wav/a.wav (damaged)"
    assert set(done.placed) == {"wav/a.wav", "etc/list"}
    assert held(home / "it") == {**FILES, "mine.txt": b"mine"}
    assert (home / "it/wav/b.wav").stat().st_ino == untouched


def test_later_damage_to_a_file_without_known_hash_is_seen(
    source: Source, home: Path, server: LocalServer
) -> None:
    fetch(source, home, server)
    (home / "it/wav/theo.wav").write_bytes(b"damaged")
    assert check_corpus(source, home) == {"wav/theo.wav": "damaged"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {**TOP, "it-1.0/wav/a.wav": b"other"},
            r"not It 1\.0: 1 of 4 files differ .*: wav/a\.wav \(damaged\)",
        ),
        ({path: TOP[path] for path in list(TOP)[1:]}, r"1 of 4 files differ .*: wav/a\.wav \(missing\)"),
        ({}, "4 of 4 files differ"),
    ],
)
def test_another_archive_is_refused_and_nothing_changes(
    source: Source, home: Path, server: LocalServer, files: dict[str, bytes], message: str
) -> None:
    server.files[PATH] = tar_gz(files)
    with pytest.raises(FetchError, match=message):
        fetch(source, home, server)
    assert not (home / "it").exists()
    server.files[PATH] = tar_gz(TOP)
    fetch(source, home, server)
    assert held(home / "it") == FILES


def test_a_folder_that_is_there_survives_a_wrong_archive(
    source: Source, home: Path, server: LocalServer
) -> None:
    fetch(source, home, server)
    (home / "it/etc/list").unlink()
    before = held(home / "it")
    server.files[PATH] = tar_gz({**TOP, "it-1.0/wav/a.wav": b"other"})
    with pytest.raises(FetchError, match="differ"):
        fetch(source, home, server)
    assert held(home / "it") == before


def test_a_truncated_archive_is_named(source: Source, home: Path, server: LocalServer) -> None:
    server.files[PATH] = server.files[PATH][:300_000]
    with pytest.raises(FetchError, match=r"1\.0\.tar\.gz is no tar archive, or truncated or damaged"):
        fetch(source, home, server)
    assert [path.name for path in home.iterdir()] == [".downloads"]


@pytest.mark.parametrize(
    "member", [tarfile.TarInfo("it-1.0/../../evil"), special("it-1.0/evil", tarfile.SYMTYPE, "/etc")]
)
def test_a_hostile_archive_is_refused_with_its_member(
    source: Source, home: Path, server: LocalServer, member: tarfile.TarInfo
) -> None:
    server.files[PATH] = tar_gz(TOP, member)
    with pytest.raises(FetchError, match=member.name):
        fetch(source, home, server)
    assert not (home / "it").exists()
    assert not list(home.parent.rglob("evil"))


def test_a_fetch_that_died_half_way_goes_on(source: Source, home: Path, server: LocalServer) -> None:
    server.deaths = [250_000]
    with pytest.raises(FetchError, match="cannot download"):
        fetch(source, home, server)
    [part] = (home / ".downloads/it").glob("*.part")
    got = part.stat().st_size
    assert 0 < got <= 250_000
    fetch(source, home, server)
    assert server.asked == [(PATH, None, None), (PATH, f"bytes={got}-", None)]
    assert held(home / "it") == FILES


def test_what_a_killed_fetch_left_is_no_hindrance(source: Source, home: Path, server: LocalServer) -> None:
    (home / ".it.part/wav").mkdir(parents=True)
    (home / ".it.part/wav/a.wav").write_bytes(b"half")
    (home / ".downloads/it").mkdir(parents=True)
    (home / ".downloads/it/1.0.tar.gz").write_bytes(server.files[PATH])
    fetch(source, home, server)
    assert server.asked == []
    assert held(home / "it") == FILES


@pytest.fixture
def by_archive(source: Source, server: LocalServer, tmp_path: Path) -> Source:
    """A corpus without manifest, known by the hash of its archive."""
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "it.tar.gz").write_bytes(server.files[PATH])
    return dataclasses.replace(
        source, manifest=None, strip_top=True, sha256=hash_folder(tmp_path / "packed")["it.tar.gz"]
    )


def test_a_corpus_known_by_its_archive_is_mended_too(
    by_archive: Source, home: Path, server: LocalServer
) -> None:
    assert check_corpus(by_archive, home) is None
    fetch(by_archive, home, server)
    assert held(home / "it") == {**FILES, "setup.py": b"not wanted"}
    server.asked.clear()
    assert fetch(by_archive, home, server).placed == ()
    assert server.asked == []
    (home / "it/etc/list").write_bytes(b"damaged")
    assert check_corpus(by_archive, home) == {"etc/list": "damaged"}
    assert fetch(by_archive, home, server).placed == ("etc/list",)


def test_a_wrong_checksum_of_the_archive_is_refused(
    by_archive: Source, home: Path, server: LocalServer
) -> None:
    server.files[PATH] = tar_gz({**TOP, "it-1.0/more": b""})
    with pytest.raises(FetchError, match="is not the file expected: SHA256"):
        fetch(by_archive, home, server)
    assert not (home / "it").exists()


def test_a_folder_without_record_is_completed(by_archive: Source, home: Path, server: LocalServer) -> None:
    (home / "it/etc").mkdir(parents=True)
    (home / "it/etc/list").write_bytes(FILES["etc/list"])
    done = fetch(by_archive, home, server)
    assert set(done.placed) == {"setup.py", *FILES} - {"etc/list"}
