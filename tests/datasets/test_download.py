"""Downloads from a server on this machine: whole, cut off and resumed, refused."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hnrc_lib.datasets.download import download_archive
from hnrc_lib.datasets.errors import FetchError
from tests.datasets.local_server import LocalServer, serve

CONTENT = np.random.default_rng(0).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serve() as running:
        running.files["d/it.bin"] = CONTENT
        yield running


def download(server: LocalServer, folder: Path, **options) -> Path:
    return download_archive(f"{server.url}/d/it.bin", folder, wait_seconds=0, **options)


def test_the_file_arrives_whole_and_progress_is_told(server: LocalServer, tmp_path: Path) -> None:
    told = []
    path = download(server, tmp_path, sha256=SHA256, progress=lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [entry.name for entry in tmp_path.iterdir()] == ["it.bin"]


def test_what_is_there_is_not_fetched_again(server: LocalServer, tmp_path: Path) -> None:
    download(server, tmp_path, sha256=SHA256)
    server.asked.clear()
    download(server, tmp_path, sha256=SHA256)
    assert server.asked == []


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_a_download_that_died_goes_on_where_it_stopped(
    server: LocalServer, tmp_path: Path, sha256: str | None
) -> None:
    server.tags["d/it.bin"] = '"v1"'
    server.deaths = [300_000]
    with pytest.raises(FetchError, match=r"cannot download http.*it\.bin"):
        download(server, tmp_path, sha256=sha256, retries=0)
    assert not (tmp_path / "it.bin").exists()
    got = (tmp_path / "it.bin.part").stat().st_size
    assert 0 < got <= 300_000
    assert download(server, tmp_path, sha256=sha256, retries=0).read_bytes() == CONTENT
    assert server.asked == [("d/it.bin", None, None), ("d/it.bin", f"bytes={got}-", '"v1"')]


def test_one_call_tries_again_by_itself(server: LocalServer, tmp_path: Path) -> None:
    server.deaths = [300_000, 200_000]
    assert download(server, tmp_path, sha256=SHA256, retries=2).read_bytes() == CONTENT
    assert [bool(wanted) for _, wanted, _ in server.asked] == [False, True, True]


def test_a_file_that_changed_meanwhile_comes_whole(server: LocalServer, tmp_path: Path) -> None:
    server.tags["d/it.bin"] = '"v1"'
    server.deaths = [300_000]
    with pytest.raises(FetchError):
        download(server, tmp_path, retries=0)
    server.files["d/it.bin"] = CONTENT[::-1]
    server.tags["d/it.bin"] = '"v2"'
    assert download(server, tmp_path, retries=0).read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_sends_everything(server: LocalServer, tmp_path: Path) -> None:
    server.ranges = False
    server.deaths = [300_000]
    assert download(server, tmp_path, sha256=SHA256, retries=1).read_bytes() == CONTENT


def test_a_part_that_is_already_whole_is_used(server: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "it.bin.part").write_bytes(CONTENT)
    assert download(server, tmp_path, sha256=SHA256).read_bytes() == CONTENT
    assert server.asked == [("d/it.bin", f"bytes={len(CONTENT)}-", None)]


def test_a_part_that_is_too_long_is_thrown_away(server: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "it.bin.part").write_bytes(CONTENT + b"more")
    assert download(server, tmp_path, sha256=SHA256, retries=1).read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_nothing_is_kept(server: LocalServer, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"it\.bin is not the file expected: SHA256 hash .* does not match"):
        download(server, tmp_path, sha256="0" * 64)
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_is_told_at_once(server: LocalServer, tmp_path: Path) -> None:
    server.files.clear()
    with pytest.raises(FetchError, match="404"):
        download(server, tmp_path)
    assert len(server.asked) == 1


def test_no_server_is_told(tmp_path: Path) -> None:
    with serve() as gone:
        pass
    with pytest.raises(FetchError, match=r"cannot download http://127\.0\.0\.1"):
        download(gone, tmp_path, retries=1)
