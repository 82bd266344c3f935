"""A page of the book → a notebook's bytes."""

import hashlib
from collections import Counter
from typing import Any

import nbformat
from nbformat import NotebookNode

from hnrc_lib.book.twins.book import Book, Page
from hnrc_lib.book.twins.cells import Cell, CellMaker
from hnrc_lib.book.twins.citations import Bibliography
from hnrc_lib.book.twins.first_cell import first_cell
from hnrc_lib.book.twins.inline import InlineWriter
from hnrc_lib.book.twins.labels import Labels
from hnrc_lib.book.twins.leaks import check_plain
from hnrc_lib.book.twins.writer import Writer, footnote_list

_INTRODUCTION = (
    "*This notebook is a page of {book}. Its first cell installs the book's library where it is missing "
    "and leaves the installed torch and numpy alone.*"
)


class Twins:
    """Makes the notebooks of a book.

    Args:
        book: the book.

    Raises:
        TwinError: two things have one label.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._labels = Labels(book)
        self._bibliography = Bibliography(book.root / name for name in book.config.get("bibtex_bibfiles", []))

    def source(self, page: Page) -> str:
        """The notebook of a page, as its file holds it: the same text every time.

        Raises:
            TwinError: the page holds something that has no form in a notebook; names file and line.
        """
        # The first pass finds what the page links to and cites, which the second one writes.
        inline, _ = self._write(page, frozenset(), ())
        _, cells = self._write(page, frozenset(inline.links.used_anchors), tuple(inline.cited))
        for cell in cells:
            if cell.kind == "markdown":
                check_plain(cell.source, page.path)
        notebook = _notebook(cells, page, self._book)
        nbformat.validate(notebook)
        return nbformat.writes(notebook) + "\n"

    def _write(
        self, page: Page, anchors: frozenset[str], cited: tuple[str, ...]
    ) -> tuple[InlineWriter, list[Cell]]:
        inline = InlineWriter(self._book, self._labels, self._bibliography, page)
        writer = Writer(inline, anchors, cited)
        cells = CellMaker(writer).make(page.blocks)
        if inline.footnotes:
            cells.append(Cell("markdown", f"---\n\n{footnote_list(writer)}"))
        if inline.cited and not writer.has_references:
            cells.append(
                Cell("markdown", f"## References\n\n{self._bibliography.references(inline.cited)}", heading=2)
            )
        return inline, _with_first_cell(cells, self._book, page)


def _with_first_cell(cells: list[Cell], book: Book, page: Page) -> list[Cell]:
    """The title, a word on what this is, the cell that installs, and then the page."""
    name = f"[{book.title}]({book.site or book.address})" if book.site or book.address else book.title
    words = _INTRODUCTION.format(book=name)
    title, rest = "", cells
    if cells and cells[0].heading == 1:
        title, _, text = cells[0].source.partition("\n\n")
        rest = [Cell("markdown", text, cells[0].metadata), *cells[1:]] if text else cells[1:]
    opening = Cell("markdown", f"{title}\n\n{words}".strip(), heading=1)
    return [opening, Cell("code", first_cell(book)), *rest]


def _notebook(cells: list[Cell], page: Page, book: Book) -> NotebookNode:
    seen: Counter[str] = Counter()
    made = []
    for cell in cells:
        text = f"{page.name}\n{cell.kind}\n{cell.source}"
        seen[text] += 1
        name = hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()[:12]
        # Colab looks for a cell's name in its metadata, Jupyter in the cell.
        metadata = {"id": name, **cell.metadata}
        make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        made.append(make(cell.source, id=name, metadata=metadata))
    return nbformat.v4.new_notebook(cells=made, metadata=_metadata(made, page, book))


def _metadata(cells: list[NotebookNode], page: Page, book: Book) -> dict[str, Any]:
    colab: dict[str, Any] = {"provenance": [], "toc_visible": True}
    folded = [cell["id"] for cell in cells if cell["metadata"].get("jp-MarkdownHeadingCollapsed")]
    if folded:
        colab["collapsed_sections"] = folded
    return {
        "accelerator": "GPU",
        "colab": colab,
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "hnrc": {"chapter": page.path, "address": book.address},
    }
