"""Text of a line → Markdown that Colab and JupyterLab render."""

import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

from hnrc_lib.book.twins import blocks as b
from hnrc_lib.book.twins.book import Book, Page
from hnrc_lib.book.twins.citations import Bibliography
from hnrc_lib.book.twins.errors import NoForm, TwinError
from hnrc_lib.book.twins.images import embed
from hnrc_lib.book.twins.labels import Labels
from hnrc_lib.book.twins.links import Destination, Links
from hnrc_lib.book.twins.reader import Reader
from hnrc_lib.book.twins.roles import ROLES

_HTML = MarkdownIt("commonmark")


class InlineWriter:
    """Writes the lines of one page; remembers what it cites and which footnotes it calls.

    Args:
        book: the book.
        labels: its labels.
        bibliography: what can be cited.
        page: the page.
    """

    def __init__(self, book: Book, labels: Labels, bibliography: Bibliography, page: Page) -> None:
        self.book, self.labels, self.bibliography, self.page = book, labels, bibliography, page
        self.links = Links(book, labels, page)
        self.cited: list[str] = []
        self.footnotes: list[str] = []

    def markdown(self, text: b.Inline, *, in_table: bool = False) -> str:
        """A line as Markdown.

        Args:
            text: the line.
            in_table: whether it is a cell, where ``|`` ends the cell.

        Raises:
            TwinError: a role, label, citation or picture is unknown; names file and line.
        """
        written = self._between(text, 0, len(text.source), text.pieces, in_table)
        return " ".join(written.split("\n")) if in_table else written

    def html(self, text: b.Inline) -> str:
        """A line as HTML, for a ``<summary>``, where Markdown is not read."""
        return self.as_html(self.markdown(text))

    @staticmethod
    def as_html(markdown: str) -> str:
        """A line of Markdown as HTML; formulas stay for MathJax."""
        formulas: list[str] = []

        def keep(match: re.Match[str]) -> str:
            formulas.append(html.escape(match.group(), quote=False))
            return f"\ue000{len(formulas) - 1}\ue001"

        rendered = _HTML.renderInline(re.sub(r"\$[^$]+\$", keep, markdown))
        return re.sub("\ue000(\\d+)\ue001", lambda match: formulas[int(match.group(1))], rendered)

    def error(self, line: int, problem: str) -> TwinError:
        """An error that names this page's file."""
        return TwinError(self.page.path, line, problem)

    def title(self, destination: Destination) -> str:
        """The words that stand for a destination where the author gave none; empty where it has no title."""
        label = destination.label
        if label is None:
            return self.markdown(destination.page.title) if destination.page else ""
        name = self.labels.numbered(label.kind, label.number) if label.number else ""
        if label.kind in ("section", "block", "term") and label.title is not None:
            return self.markdown(label.title)
        return name

    def read(self, source: str, line: int) -> b.Inline:
        """Text that stands in a directive's body, for example a definition of the glossary."""
        return Reader(self.page.path, self.book.config["myst_enable_extensions"]).inline(source, line)

    def cite(self, keys: list[str], line: int) -> None:
        """Note what is cited, for the page's list of references."""
        for key in keys:
            if key not in self.bibliography:
                raise self.error(line, f"citation must be in the bibliography, got {key!r}")
            if key not in self.cited:
                self.cited.append(key)

    def _between(self, text: b.Inline, start: int, end: int, pieces: tuple[b.Piece, ...], cell: bool) -> str:
        written, at = [], start
        for piece in pieces:
            written.append(_escaped(text.source[at : piece.start], cell))
            line = text.line + text.source.count("\n", 0, piece.start)
            try:
                written.append(self._piece(text, piece, line, cell))
            except NoForm as problem:
                raise self.error(line, str(problem)) from problem
            at = piece.end
        written.append(_escaped(text.source[at:end], cell))
        return "".join(written)

    def _piece(self, text: b.Inline, piece: b.Piece, line: int, cell: bool) -> str:
        if piece.kind == "math":
            formula = text.source[piece.start : piece.end]
            # Jupyter takes formulas out before it reads the table, Colab after: \vert suits both.
            return formula.replace("|", r"\vert ") if cell else formula
        if piece.kind == "link":
            return self._link(text, piece, cell)
        if piece.kind == "span" and piece.label:
            return self._between(text, *piece.label, piece.children, cell)
        if piece.kind == "attributes":
            return ""
        if piece.kind == "footnote":
            return self._footnote(piece.name)
        if piece.kind == "image":
            return self._image(text, piece)
        if piece.name not in ROLES:
            raise NoForm(f"role must be among {sorted(ROLES)}, got {{{piece.name}}}")
        return _escaped(ROLES[piece.name](self, piece.content, line), cell)

    def _link(self, text: b.Inline, piece: b.Piece, cell: bool) -> str:
        destination = self.links.resolve(piece.name)
        words = self._between(text, *piece.label, piece.children, cell) if piece.label else ""
        if not piece.label and destination.page is None:
            return text.source[piece.start : piece.end]
        words = words or self.title(destination)
        if not words:
            raise NoForm(f"link must have a text, or its target a title, got {piece.name!r}")
        title = f' "{piece.content}"' if piece.content else ""
        return f"[{words}]({destination.address}{title})"

    def _footnote(self, label: str) -> str:
        if label not in self.footnotes:
            self.footnotes.append(label)
        number = self.footnotes.index(label) + 1
        return f'<sup><a href="#footnote-{number}">{number}</a></sup>'

    def _image(self, text: b.Inline, piece: b.Piece) -> str:
        if re.match(r"(https?|data):", piece.name):
            return text.source[piece.start : piece.end]
        if not piece.content.strip():
            raise NoForm(f"image must have an alternative text, got {piece.name!r} without")
        return f"![{piece.content}]({self.picture(piece.name)})"

    def picture(self, path: str) -> str:
        """A picture of the book as an address that needs no file."""
        return embed(Path(self.book.root) / self.links.file(path))


def _escaped(text: str, cell: bool) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text) if cell else text
