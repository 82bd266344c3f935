"""The book as ``_config.yml`` and ``_toc.yml`` describe it, and its pages, read."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_book.config import get_final_config
from sphinx_external_toc.parsing import parse_toc_yaml

from hnrc_lib.book.site.repository import find_branch, find_repository
from hnrc_lib.book.twins import blocks as b
from hnrc_lib.book.twins.reader import Reader


@dataclass(frozen=True)
class Page:
    """One page of the table of contents.

    Args:
        name: its path below the root, without ending.
        number: the chapter number in front of its equation, figure and exercise numbers; empty if unnumbered.
        blocks: what it holds.
    """

    name: str
    number: tuple[int, ...]
    blocks: tuple[b.Block, ...]

    @property
    def path(self) -> str:
        """The file, below the root."""
        return f"{self.name}.md"

    @property
    def has_code(self) -> bool:
        """Whether the page has a twin."""
        return any(isinstance(block, b.CodeCell) for block in b.walk(self.blocks))

    @property
    def title(self) -> b.Inline:
        """Its first heading, or its name where it has none."""
        headings = (block.text for block in self.blocks if isinstance(block, b.Heading))
        return next(headings, b.Inline(self.name, 1))


@dataclass(frozen=True)
class Book:
    """The pages in reading order, and what the configuration says of them.

    Args:
        root: folder of ``_config.yml``.
        version: the library's version, which the first cell asks for.
        address: the repository's address, empty while it has none.
        branch: the branch that readers get.
        site: address of the rendered book, empty while it has none.
        config: the Sphinx configuration that Jupyter Book makes of ``_config.yml``.
        pages: in the order of ``_toc.yml``.
    """

    root: Path
    version: str
    address: str
    branch: str
    site: str
    config: dict[str, Any]
    pages: tuple[Page, ...]

    @property
    def title(self) -> str:
        """The book's title."""
        return str(self.config["html_title"])

    def page(self, name: str) -> Page | None:
        """The page of that name, or None."""
        return next((page for page in self.pages if page.name == name), None)


def read_book(root: Path, *, address: str | None = None) -> Book:
    """Read the configuration and every page of the table of contents.

    Args:
        root: folder of ``_config.yml`` and ``_toc.yml``.
        address: the repository's address, in place of the configured one.

    Raises:
        FileNotFoundError: the folder holds no book, or a page of the table of contents has no file.
        ValueError: the address is none, or a page cannot be read.
    """
    config_file, toc_file = root / "_config.yml", root / "_toc.yml"
    for file in (config_file, toc_file):
        if not file.is_file():
            raise FileNotFoundError(f"root must hold {file.name}, got {root}")
    config = _sphinx_config(config_file)
    configured = find_repository(config_file)
    found = address if address is not None else configured.url if configured else ""
    if found and not re.fullmatch(r"https?://\S+", found):
        raise ValueError(f"address must be like https://github.com/owner/name, got {found!r}")
    branch = find_branch(config_file)
    with (root / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    pages = tuple(_read_page(root, name, number, config) for name, number in _numbered(toc_file))
    site = str(config.get("html_baseurl") or "").rstrip("/")
    return Book(root, version, found.rstrip("/"), branch, site, config, pages)


def _sphinx_config(config_file: Path) -> dict[str, Any]:
    """What Jupyter Book makes of its configuration, its defaults included."""
    return get_final_config(
        user_yaml=config_file, cli_config={"latex_individualpages": False}, sourcedir=None, validate=False
    )[0]


def _read_page(root: Path, name: str, number: tuple[int, ...], config: dict[str, Any]) -> Page:
    path = root / f"{name}.md"
    if not path.is_file():
        raise FileNotFoundError(f"_toc.yml must name existing .md files, got {name!r}: there is no {path}")
    reader = Reader(f"{name}.md", config["myst_enable_extensions"])
    return Page(name, number, reader.read(path.read_text("utf-8")))


def _numbered(toc_file: Path) -> list[tuple[str, tuple[int, ...]]]:
    """Names of the pages in reading order with their chapter numbers, counted across parts."""
    site_map = parse_toc_yaml(toc_file)
    found: list[tuple[str, tuple[int, ...]]] = []
    chapters = 0

    def visit(name: str, number: tuple[int, ...]) -> None:
        nonlocal chapters
        found.append((name, number))
        for tree in site_map[name].subtrees if name in site_map else ():
            if len(tree.files()) != sum(not hasattr(item, "url") for item in tree.items):
                raise ValueError(f"{toc_file.name} must list files, got a glob under {name!r}")
            for child in tree.files():
                child_number = number
                if tree.numbered and not number:
                    chapters += 1
                    child_number = (chapters,)
                visit(child.removesuffix(".md"), child_number)

    visit(site_map.root.docname, ())
    return found
