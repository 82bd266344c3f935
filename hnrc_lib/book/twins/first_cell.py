"""The cell that every twin begins with: it installs the library where it is missing, and says what runs."""

from hnrc_lib.book.twins.book import Book

_CHECK = """\
import importlib, os, pathlib, subprocess, sys, tempfile
from importlib.metadata import distributions

packages = {d.metadata["Name"]: d.version for d in reversed(list(distributions()))}
here = {str(name).lower().replace("_", "-"): number for name, number in packages.items()}
torch_version = tuple(int(part) for part in here.get("torch", "2.6").split(".")[:2])
if sys.version_info < (3, 11) or torch_version < (2, 6):
    found = f"Python {sys.version.split()[0]}, torch {here.get('torch', 'not installed')}"
    raise RuntimeError(f"This notebook needs Python 3.11 and torch 2.6 or newer; here is: {found}")
"""
_INSTALL = """\
if here.get("hnrc-lib") != "VERSION":  # what is installed of the following stays as it is
    source = SOURCE
    kept = [f"{name}=={here[name]}\\n" for name in ("torch", "numpy", "scipy", "matplotlib") if name in here]
    with tempfile.TemporaryDirectory() as folder:
        constraints = pathlib.Path(folder, "constraints.txt")
        constraints.write_text("".join(kept))
        pip = [sys.executable, "-m", "pip", "install", "-q", "--constraint", str(constraints), source]
        subprocess.run(pip, check=True)
    importlib.invalidate_caches()
"""
_REPORT = """\
from hnrc_lib.book.twins.setup import report
report()
"""


def first_cell(book: Book) -> str:
    """Source of the cell, for a book of this version and address."""
    if book.address:
        source = f'os.environ.get("HNRC_WHEEL") or "git+{book.address}@{book.branch}"'
    else:
        # Nothing to install from but a wheel that the reader names.
        source = 'os.environ["HNRC_WHEEL"]'
    install = _INSTALL.replace("VERSION", book.version).replace("SOURCE", source)
    return (_CHECK + install + _REPORT).rstrip("\n")
