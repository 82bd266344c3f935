"""What the site is made of, as one hash: of everything, and of what the outputs of code cells depend on."""

import hashlib
import importlib.metadata
import os
from collections.abc import Iterable
from pathlib import Path

from hnrc_lib.book.site.repository import BRANCH_VARIABLE, URL_VARIABLE
from hnrc_lib.paths import shipped

PACKAGE = Path(__file__).resolve().parents[2]
STAMP = ".fingerprint"
# Makes pages out of outputs, has no part in computing them.
_SITE_ONLY = tuple(
    PACKAGE / "book" / part
    for part in ("site", "static", "templates", "twins", "build.py", "serve.py", "links.py", "extension.py")
)
_IGNORED = {"__pycache__", ".ipynb_checkpoints", "_build"}


def outputs_fingerprint() -> str:
    """Hash of what code cells import and read: the library, its records and corpus, installed packages."""
    library = [path for path in files_below(PACKAGE) if not _is_site_only(path)]
    return _hash(_data_files() + library, extra=_installed_packages())


def site_fingerprint(root: Path) -> str:
    """Hash of everything the built site depends on.

    Args:
        root: folder of ``_config.yml``.
    """
    sources = [root / "_config.yml", root / "_toc.yml", root / "references.bib", root / "index.md"]
    sources += [*files_below(root / "chapters"), *files_below(root / "notebooks")]
    address = [os.environ.get(name, "") for name in (URL_VARIABLE, BRANCH_VARIABLE)]
    return _hash(sources + _data_files() + files_below(PACKAGE), extra=[*address, *_installed_packages()])


def files_below(folder: Path) -> list[Path]:
    """All files of a folder in a fixed order, caches left out.

    >>> any(path.name == "fingerprint.py" for path in files_below(PACKAGE))
    True
    """
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if _IGNORED.isdisjoint(path.relative_to(folder).parts))


def _is_site_only(path: Path) -> bool:
    return any(path.is_relative_to(part) for part in _SITE_ONLY)


def _data_files() -> list[Path]:
    records = [*files_below(shipped("runs")), *files_below(shipped("benchmarks"))]
    return [*records, *sorted(shipped("digits").glob("*manifest*"))]


def _installed_packages() -> list[str]:
    found = importlib.metadata.distributions()
    return sorted({f"{package.metadata['Name']}=={package.version}" for package in found})


def _hash(paths: Iterable[Path], extra: Iterable[str]) -> str:
    total = hashlib.sha256()
    for path in paths:
        if path.is_file():
            total.update(os.path.relpath(path, PACKAGE.parent).encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    for line in extra:
        total.update(f"\n{line}".encode())
    return total.hexdigest()
