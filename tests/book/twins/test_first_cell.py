"""The first cell: what it installs, what it keeps, when it refuses."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hnrc_lib.book.twins import setup
from hnrc_lib.book.twins.first_cell import first_cell
from twins.sample import CONFIG, small_book

ADDRESS = "git+https://github.com/someone/a-book@main"
COLAB = {"torch": "2.8.0+cu126", "numpy": "2.0.2", "scipy": "1.16.1", "pip": "25"}


class Machine:
    """Runs the cell on a pretended machine; ``pip`` holds the commands that it ran and what it kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, installed: dict[str, str]) -> None:
        self.pip: list[list[str]] = []
        self.kept = ""
        found = [
            SimpleNamespace(metadata={"Name": name}, version=number) for name, number in installed.items()
        ]
        monkeypatch.setattr(importlib.metadata, "distributions", lambda: iter(found))
        monkeypatch.setattr(subprocess, "run", self._run)
        monkeypatch.setattr(setup, "report", lambda: print("reported"))
        monkeypatch.delenv("HNRC_WHEEL", raising=False)

    def _run(self, command: list[str], *, check: bool) -> None:
        assert check
        self.pip.append(command)
        self.kept = Path(command[command.index("--constraint") + 1]).read_text("utf-8")

    @staticmethod
    def start(cell: str) -> None:
        exec(compile(cell, "cell", "exec"), {})


@pytest.fixture
def cell(tmp_path: Path) -> str:
    return first_cell(small_book(tmp_path, "Text."))


def test_it_is_short(cell: str) -> None:
    lines = cell.split("\n")
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 110


def test_it_installs_from_the_repository_and_keeps_what_is_there(
    cell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(monkeypatch, COLAB)
    machine.start(cell)
    (command,) = machine.pip
    assert command[:5] == [sys.executable, "-m", "pip", "install", "-q"]
    assert command[-1] == ADDRESS
    assert machine.kept.split() == ["torch==2.8.0+cu126", "numpy==2.0.2", "scipy==1.16.1"]
    assert capsys.readouterr().out == "reported\n"


def test_a_named_wheel_comes_first(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, COLAB)
    monkeypatch.setenv("HNRC_WHEEL", "/some/hnrc_lib.whl")
    machine.start(cell)
    assert machine.pip[0][-1] == "/some/hnrc_lib.whl"


@pytest.mark.parametrize("name", ["hnrc-lib", "hnrc_lib"])
def test_a_fitting_library_is_left_alone(cell: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    machine = Machine(monkeypatch, COLAB | {name: "1.2.3"})
    machine.start(cell)
    assert machine.pip == []


def test_another_version_is_replaced(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, COLAB | {"hnrc-lib": "1.2.2"})
    machine.start(cell)
    assert machine.pip[0][-1] == ADDRESS


def test_an_old_torch_is_refused_before_anything_is_installed(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, COLAB | {"torch": "2.5.1+cu121"})
    with pytest.raises(RuntimeError, match=r"torch 2\.6 or newer; here is: Python .*, torch 2\.5\.1\+cu121"):
        machine.start(cell)
    assert machine.pip == []


def test_an_old_python_is_refused(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, COLAB)
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    with pytest.raises(RuntimeError, match=r"needs Python 3\.11"):
        machine.start(cell)
    assert machine.pip == []


def test_the_first_copy_on_the_path_counts(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, {})
    both = [SimpleNamespace(metadata={"Name": "hnrc-lib"}, version=number) for number in ("1.2.3", "1.0.0")]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: iter(both))
    machine.start(cell)
    assert machine.pip == []


def test_without_an_address_the_wheel_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HNRC_REPOSITORY_URL", raising=False)
    book = small_book(tmp_path, "Text.", config=CONFIG.replace("https://github.com/someone/a-book", ""))
    machine = Machine(monkeypatch, COLAB)
    with pytest.raises(KeyError, match="HNRC_WHEEL"):
        machine.start(first_cell(book))
    assert machine.pip == []


class TestReport:
    def test_it_names_versions_device_and_data(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("HNRC_DATA_DIR", raising=False)
        setup.report()
        first, second, third = capsys.readouterr().out.splitlines()
        assert f"torch {importlib.metadata.version('torch')}" in first
        assert f"numpy {importlib.metadata.version('numpy')}" in first
        assert second.startswith("Device: ")
        assert third.startswith("Data: shipped digits, synthetic speech, no download. Real speech: none")

    def test_it_names_the_corpora_of_a_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "fsdd").mkdir()
        monkeypatch.setenv("HNRC_DATA_DIR", str(tmp_path))
        assert setup.data().endswith(f"Real speech: fsdd in {tmp_path}")

    def test_a_folder_that_is_not_there_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HNRC_DATA_DIR", str(tmp_path / "gone"))
        with pytest.raises(FileNotFoundError, match="HNRC_DATA_DIR must name an existing folder"):
            setup.data()

    def test_a_library_without_its_corpus_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(setup, "shipped", tmp_path.joinpath)
        with pytest.raises(FileNotFoundError, match="the library must hold its small corpus"):
            setup.data()

    def test_a_card_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        card = SimpleNamespace(name="Tesla T4", total_memory=15 * 2**30)
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        monkeypatch.setattr("torch.cuda.get_device_properties", lambda index: card)
        assert setup.device() == "Tesla T4, 15 GiB"

    def test_it_needs_no_tool_of_the_book(self) -> None:
        tools = ["sphinx", "docutils", "myst_parser", "myst_nb", "markdown_it", "jupyter_book", "jupytext"]
        tools += ["nbformat", "pybtex", "sphinx_external_toc", "yaml"]
        code = (
            f"import sys; sys.modules.update(dict.fromkeys({tools}));"
            "from hnrc_lib.book.twins.setup import report; report()"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
