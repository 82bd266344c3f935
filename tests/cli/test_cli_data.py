"""``hnrc data fetch`` and ``check``, against a server on this machine and folders that are not there."""

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hnrc_lib.cli import data
from hnrc_lib.datasets.manifest import hash_folder
from hnrc_lib.datasets.sources import SOURCES, Source
from tests.datasets.local_server import LocalServer, serve, tar_gz

FILES = {"yes/a_nohash_0.wav": os.urandom(300_000), "testing_list.txt": b""}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """Serves a small corpus under the name of a large one."""
    archive = tar_gz(FILES)
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed/a.tar.gz").write_bytes(archive)
    small = Source(
        "it",
        "It",
        "v1",
        "http://nowhere.invalid",
        "d/a.tar.gz",
        sha256=hash_folder(tmp_path / "packed")["a.tar.gz"],
    )
    monkeypatch.setitem(SOURCES, "it", small)
    monkeypatch.delenv("HNRC_DATA_DIR", raising=False)
    with serve() as running:
        running.files["d/a.tar.gz"] = archive
        yield running


def run(*arguments: object):
    return CliRunner().invoke(data.app, [str(one) for one in arguments], env={"COLUMNS": "200"})


def test_fetch_says_what_it_did_and_then_that_nothing_is_to_do(server: LocalServer, tmp_path: Path) -> None:
    home = tmp_path / "corpora"
    first = run("fetch", "it", "--data-dir", home, "--base-url", server.url)
    assert first.exit_code == 0, first.output
    assert f"it: 2 files of It v1 placed in {home / 'it'}" in first.stdout
    assert f"export HNRC_DATA_DIR={home}" in first.stdout
    assert "100 % of 0.3 MiB" in first.stderr
    assert len(server.asked) == 1
    second = run("fetch", "it", "--data-dir", home, "--base-url", server.url)
    assert second.exit_code == 0
    assert second.stdout == f"it: nothing to do, every file of It v1 is in {home / 'it'}\n"
    assert len(server.asked) == 1


def test_a_failure_is_one_line_and_a_status(server: LocalServer, tmp_path: Path) -> None:
    server.files.clear()
    done = run("fetch", "it", "--data-dir", tmp_path, "--base-url", server.url)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(f"it: cannot download {server.url}/d/a.tar.gz: 404")


def test_check_names_what_is_wrong(server: LocalServer, tmp_path: Path) -> None:
    unknown = run("check", "it", "--data-dir", tmp_path)
    assert (unknown.exit_code, "no manifest says" in unknown.stdout) == (1, True)
    run("fetch", "it", "--data-dir", tmp_path, "--base-url", server.url)
    assert run("check", "it", "--data-dir", tmp_path).exit_code == 0
    (tmp_path / "it/testing_list.txt").write_text("damaged")
    done = run("check", "it", "--data-dir", tmp_path)
    assert done.exit_code == 1
    assert done.stdout.startswith("damaged testing_list.txt\nit: 1 files; mend them with: hnrc data fetch it")
    report = json.loads(run("check", "it", "--data-dir", tmp_path, "--json").stdout)
    assert report["faults"] == {"testing_list.txt": "damaged"}


def test_the_variable_names_the_folder(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HNRC_DATA_DIR", str(tmp_path))
    done = run("fetch", "it", "--base-url", server.url)
    assert done.exit_code == 0
    assert (tmp_path / "it/testing_list.txt").is_file()
    assert "export" not in done.stdout


def test_without_a_folder_or_with_another_name_it_is_refused(server: LocalServer, tmp_path: Path) -> None:
    nameless = run("fetch", "it")
    assert nameless.exit_code == 2
    assert "--data-dir FOLDER or HNRC_DATA_DIR" in nameless.stderr
    other = run("fetch", "timit", "--data-dir", tmp_path)
    assert other.exit_code == 2
    assert "'an4'" in other.stderr
    assert "'timit'" in other.stderr
    assert server.asked == []


def test_on_a_terminal_a_bar_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with data._progress() as report:
        report(500_000, 1_000_000)
        report(1_000_000, 1_000_000)
    assert "download" in terminal.getvalue()
    assert "1.0/1.0 MB" in terminal.getvalue()


def test_without_a_terminal_a_line_shows_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with data._progress() as report:
        for done in range(0, 2_000_001, 50_000):
            report(done, 2_000_000)
    assert capsys.readouterr().err.splitlines() == [f"{10 * step} % of 1.9 MiB" for step in range(1, 11)]
    with data._progress() as report:
        for mebibytes in (1, 9, 11, 12, 25):
            report(mebibytes << 20, None)
    assert capsys.readouterr().err.splitlines() == ["11 MiB", "25 MiB"]
