"""What a reader on Colab gets: the wheel, installed by a twin's first cell in another environment."""

import csv
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
TWINS = ["notebooks/index.ipynb", "notebooks/hessian/damping.ipynb"]
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, kernel_name="second", timeout=300).execute(cwd=sys.argv[3])
nbformat.write(notebook, sys.argv[2])
"""
UNSEEN = """
from importlib.util import find_spec
print([find_spec("hnrc_lib"), find_spec("torch") is not None])
"""
WHERE = """
import json, hnrc_lib, torch
from hnrc_lib.paths import shipped
print(json.dumps({"library": hnrc_lib.__file__, "data": str(shipped()), "torch": torch.__file__}))
"""


@dataclass(frozen=True)
class Environment:
    """A second environment: it sees the packages of the first, except this library.

    Args:
        folder: the environment.
        packages: where it installs.
        borrowed: links to the first environment's packages.
        elsewhere: an empty folder to work in.
        variables: what a process in it gets to see.
        executed: the notebooks that ran in it, by path.
    """

    folder: Path
    packages: Path
    borrowed: Path
    elsewhere: Path
    variables: dict[str, str]
    executed: dict[str, nbformat.NotebookNode] = field(default_factory=dict)

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def run(self, *command: str) -> str:
        """Run a command in the empty folder and return what it prints."""
        done = subprocess.run(
            command, cwd=self.elsewhere, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def execute(self, twin: str) -> nbformat.NotebookNode:
        """Execute a twin with this environment's kernel, once."""
        if twin not in self.executed:
            target = self.folder / "executed.ipynb"
            self.run(sys.executable, "-c", RUN, str(ROOT / twin), str(target), str(self.elsewhere))
            self.executed[twin] = nbformat.read(target, as_version=4)
        return self.executed[twin]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    base = tmp_path_factory.mktemp("second")
    folder, borrowed, elsewhere = base / "environment", base / "borrowed", base / "elsewhere"
    for new in (borrowed, elsewhere):
        new.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "hnrc" not in entry.name and entry.suffix != ".pth":
            (borrowed / entry.name).symlink_to(entry)
    venv.create(folder, with_pip=False)
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "borrowed.pth").write_text(f"{borrowed}\n")
    kernel = base / "jupyter" / "kernels" / "second"
    kernel.mkdir(parents=True)
    command = [str(folder / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": command, "display_name": "second", "language": "python"})
    )
    dropped = ("HNRC_", "PYTHON", "VIRTUAL_ENV", "JUPYTER_", "PIP_CONSTRAINT")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    variables |= {"HNRC_WHEEL": str(wheel), "JUPYTER_PATH": str(base / "jupyter"), "OMP_NUM_THREADS": "1"}
    made = Environment(folder, packages, borrowed, elsewhere, variables)
    # Else the notebooks would run on the checkout and prove nothing.
    assert made.run(made.python, "-c", UNSEEN).strip() == "[None, True]"
    return made


def files_below(folder: Path) -> set[str]:
    """What lies in a source folder, without what Python leaves there."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix() for path in found}


def test_the_wheel_carries_library_and_data_whole(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {name.removeprefix("hnrc_lib/_data/") for name in names if name.startswith("hnrc_lib/_data/")}
    library = {name.removeprefix("hnrc_lib/") for name in names if name.startswith("hnrc_lib/")}
    assert data == files_below(ROOT / "data")
    assert {name for name in library if not name.startswith("_data/")} == files_below(ROOT / "hnrc_lib")
    # The comparison above is worth nothing if the folders themselves lack what a page needs.
    assert {
        "widgets/host.js",
        "widgets/damping_explorer/widget.js",
        "widgets/damping_explorer/widget.css",
    } <= library
    assert {"book/static/hnrc-book.css", "book/static/hnrc-book.js"} <= library
    assert {"digits/manifest.csv", "runs/fsdd_cnn.json", "runs/fsdd_cnn.npz"} <= data


def test_the_sounds_in_the_wheel_are_those_of_the_manifest(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        manifest = archive.read("hnrc_lib/_data/digits/manifest.csv").decode()
        rows = list(csv.DictReader(manifest.splitlines()))
        assert len(rows) > 100
        for row in rows:
            sound = archive.read(f"hnrc_lib/_data/digits/{row['file']}")
            assert hashlib.sha256(sound).hexdigest() == row["sha256"], row["file"]


@pytest.mark.parametrize("twin", TWINS)
def test_a_twin_runs_as_a_plain_notebook(environment: Environment, twin: str) -> None:
    cells = [cell for cell in environment.execute(twin).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    errors = [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert errors == []
    said = "".join(output.get("text", "") for output in cells[0].outputs)
    for name in ("torch", "numpy"):
        assert f"{name} {importlib.metadata.version(name)}" in said
    assert f"hnrc_lib {importlib.metadata.version('hnrc-lib')}" in said
    assert "Device: " in said
    assert "Data: shipped digits" in said
    assert "Real speech: none" in said
    shown = [kind for cell in cells[1:] for output in cell.outputs for kind in output.get("data", {})]
    assert {"image/png", "text/html"} & set(shown)


def test_the_library_came_from_the_wheel_and_nothing_else_was_installed(environment: Environment) -> None:
    environment.execute(TWINS[0])
    found = json.loads(environment.run(environment.python, "-c", WHERE))
    assert Path(found["library"]) == environment.packages / "hnrc_lib" / "__init__.py"
    assert Path(found["data"]) == environment.packages / "hnrc_lib" / "_data"
    assert Path(found["torch"]).is_relative_to(environment.borrowed)
    installed = {path.name.split("-")[0] for path in environment.packages.glob("*.dist-info")}
    assert installed == {"hnrc_lib"}
