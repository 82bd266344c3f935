"""The notebooks in step with the chapters."""

import json
import os
from pathlib import Path

from hnrc_lib.book.twins.book import read_book
from hnrc_lib.book.twins.notebook import Twins
from hnrc_lib.book.twins.paths import NOTEBOOKS, twin_path


def write_twins(root: Path, *, address: str | None = None) -> list[Path]:
    """Write the twin of every page that has code, and remove twins whose page is gone.

    Args:
        root: the book's folder.
        address: the repository's address, in place of the configured one.

    Returns:
        The files that changed.

    Raises:
        TwinError: a chapter holds something that has no form in a notebook.
    """
    made = _make(root, address)
    changed = []
    for path, text in made.items():
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(".ipynb.new")
            beside.write_text(text, "utf-8")
            os.replace(beside, path)
            changed.append(path)
    for path in _present(root) - made.keys():
        path.unlink()
        changed.append(path)
    return sorted(changed)


def stale_twins(root: Path) -> list[Path]:
    """Twins that differ from what their chapters say now, are missing, or have no chapter.

    The repository's address is not compared: each twin is held against a fresh one with the address it has.

    Args:
        root: the book's folder.

    Raises:
        TwinError: a chapter holds something that has no form in a notebook.
    """
    present = _present(root)
    fresh = {address: _make(root, address) for address in {_address(path) for path in present} | {None}}
    missing = fresh[None].keys() - present
    return sorted(
        missing | {path for path in present if fresh[_address(path)].get(path) != path.read_text("utf-8")}
    )


def _make(root: Path, address: str | None) -> dict[Path, str]:
    book = read_book(root, address=address)
    twins = Twins(book)
    return {root / twin_path(page.name): twins.source(page) for page in book.pages if page.has_code}


def _present(root: Path) -> set[Path]:
    found = (root / NOTEBOOKS).rglob("*.ipynb")
    return {path for path in found if ".ipynb_checkpoints" not in path.parts}


def _address(path: Path) -> str | None:
    """The address that a twin was written with; None where the file is no twin."""
    try:
        found = json.loads(path.read_text("utf-8"))["metadata"]["hnrc"]["address"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None
