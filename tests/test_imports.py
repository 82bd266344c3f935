"""The imports of hnrc_lib go one way, and its core needs NumPy and torch alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hnrc_lib

PACKAGE = Path(hnrc_lib.__file__).parent
BASE = {"_shapes", "files", "paths"}
AUDIO = {"audio", "datasets"}
CURVATURE = {"linalg", "curvature", "models", "sequence"}
TRAINED = CURVATURE | AUDIO | {"landscape", "optim", "recognition"}
RECORDED = TRAINED | {"training", "experiments"}

# What each part may import besides itself and BASE.
ALLOWED = {
    "_shapes": set(),
    "files": set(),
    "paths": set(),
    "linalg": set(),
    "curvature": {"linalg", "models", "sequence"},
    "landscape": CURVATURE,
    "optim": CURVATURE,
    "audio": set(),
    "datasets": {"audio"},
    "sequence": set(),
    "models": set(),
    "recognition": AUDIO | {"models", "sequence"},
    "plotting": set(),
    "widgets": {"audio", "experiments", "linalg"},
    "training": TRAINED | {"recognition"},
    "experiments": TRAINED | {"training", "recognition"},
    "claims": RECORDED | {"plotting"},
    "panel": RECORDED | {"plotting", "widgets"},
    "book": RECORDED | {"plotting", "widgets", "claims"},
    "doctor": RECORDED | {"claims"},
    "cli": RECORDED | {"claims", "doctor", "book"},
}


def imported_modules(source: str, package: str) -> set[str]:
    """Every dotted name a module imports, relative imports resolved against its package."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parent = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (parent, node.module or "") if part)
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def parts_imported(modules: set[str]) -> set[str]:
    """Names of the parts of hnrc_lib among them; the names that are no part are functions and classes."""
    dotted = [module.split(".") for module in modules if module.startswith("hnrc_lib.")]
    return {names[1] for names in dotted if is_module(names[1])}


def is_module(*names: str) -> bool:
    path = PACKAGE.joinpath(*names)
    return path.is_dir() or path.with_suffix(".py").is_file()


def forbidden(part: str, modules: set[str]) -> set[str]:
    return parts_imported(modules) - ALLOWED[part] - BASE - {part}


def internals_of(part: str, modules: set[str]) -> set[str]:
    """Modules inside a part among them; what the part itself exports is no internal."""
    dotted = [module.split(".") for module in modules if module.startswith(f"hnrc_lib.{part}.")]
    return {".".join(names) for names in dotted if is_module(part, names[2])}


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_back_edge(path):
    names = path.relative_to(PACKAGE).with_suffix("").parts
    assert names[0] in ALLOWED, f"say in ALLOWED what {names[0]} may import"
    modules = imported_modules(path.read_text("utf-8"), ".".join(("hnrc_lib", *names[:-1])))
    assert forbidden(names[0], modules) == set()
    if names[0] == "book":
        assert internals_of("claims", modules) == set()
    if names[0] == "widgets":  # they show what was recorded, and run nothing
        internals = internals_of("experiments", modules)
        assert all(name.startswith("hnrc_lib.experiments.record") for name in internals), internals


@pytest.mark.parametrize(
    ("part", "line", "expected"),
    [
        ("linalg", "from hnrc_lib.curvature import hessian", {"curvature"}),
        ("linalg", "import hnrc_lib.training.loop", {"training"}),
        ("optim", "def f():\n    from ..training import loop", {"training"}),
        ("plotting", "from hnrc_lib import training as t", {"training"}),
        ("curvature", "from hnrc_lib.linalg.operators import LinearOperator", set()),
        ("optim", "from . import taylor\nimport hnrcx.training", set()),
    ],
)
def test_the_reader_sees_every_way_to_import(part, line, expected):
    assert forbidden(part, imported_modules(line, f"hnrc_lib.{part}")) == expected


def test_internals_are_told_from_exports():
    lines = "from hnrc_lib.claims import LEDGER\nfrom hnrc_lib.optim import damped_newton_step, taylor"
    modules = imported_modules(lines, "hnrc_lib.book")
    assert internals_of("claims", modules) == set()
    assert internals_of("optim", modules) == {"hnrc_lib.optim.taylor"}


BLOCKER = """
import sys, sysconfig
from importlib.machinery import PathFinder

site = sysconfig.get_paths()["purelib"]
needed = {needed!r}

class Refuse(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        found = super().find_spec(name, path, target)
        top = name.partition(".")[0]
        origin = (found.origin or "") if found else ""
        if origin.startswith(site) and top not in needed:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)
        return found

import torch, numpy
sys.meta_path[:] = [f for f in sys.meta_path if f is not PathFinder]
sys.meta_path.append(Refuse)
"""
WORK = {
    "linalg": (
        "from hnrc_lib.linalg import sherman_morrison as f; u = torch.ones(2); print(f(u, u, 2.0)[0].item())"
    ),
    "curvature": (
        "from hnrc_lib.curvature import dense_hessian as f; "
        "print(f(lambda p: (p['x'] ** 2).sum() / 8, {'x': torch.ones(3)})[0, 0].item())"
    ),
    "optim": (
        "from hnrc_lib.optim import damped_newton_step as f; "
        "print(-f(4 * torch.eye(2), torch.ones(2), 0.0).step[0].item())"
    ),
}


# What `pip install torch numpy` brings: torch imports some of these as it runs.
WITH_TORCH = {
    "torch", "numpy", "torchgen", "functorch", "sympy", "mpmath", "networkx", "filelock", "fsspec", "jinja2",
    "markupsafe", "setuptools", "typing_extensions",
}  # fmt: skip


def run_blocked(code: str) -> subprocess.CompletedProcess[str]:
    program = BLOCKER.format(needed=WITH_TORCH) + code
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("part", sorted(WORK))
def test_the_core_computes_with_numpy_and_torch_alone(part):
    done = run_blocked(WORK[part])
    assert (done.stdout, done.returncode) == ("0.25\n", 0), done.stderr


def test_the_blocker_blocks():
    attempt = "\nfor name in ('jaxtyping', 'scipy', 'matplotlib', 'torch.fx'):\n try:\n  __import__(name)"
    done = run_blocked(attempt + "\n except ModuleNotFoundError as error:\n  print(error)")
    assert done.stdout.splitlines() == ["blocked: jaxtyping", "blocked: scipy", "blocked: matplotlib"]
