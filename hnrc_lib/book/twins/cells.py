"""Blocks of a page → cells of a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hnrc_lib.book.twins import blocks as b
from hnrc_lib.book.twins.directives import DIRECTIVES
from hnrc_lib.book.twins.shapes import fold
from hnrc_lib.book.twins.writer import Writer

# Tags of myst-nb whose code the book's page does not show at first.
_HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
_HIDDEN_TITLE = "# @title Code of this cell (double-click to read)"
_SOLUTION_TITLE = "# @title Code of the solution (double-click to read)"


@dataclass
class Cell:
    """A cell to be: ``markdown`` or ``code``; ``heading`` is the level of the heading at its top, or 0."""

    kind: str
    source: str
    metadata: dict[str, Any] = field(default_factory=dict)
    heading: int = 0


class CellMaker:
    """Cuts a page into cells: one per code cell, and one for the text of each section between them.

    Args:
        writer: writes the page's text.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[str] = []
        self._waiting_heading = 0
        self._section = 1
        self._solutions: list[tuple[int, int]] = []
        self._exercises: dict[str, b.Directive] = {}
        self.cells: list[Cell] = []

    def make(self, blocks: Sequence[b.Block]) -> list[Cell]:
        """All cells of the page; solutions come folded where nothing else would be folded with them.

        Raises:
            TwinError: something has no form in a notebook; names file and line.
        """
        self._add_all(blocks)
        self._flush()
        for start, end in self._solutions:
            after = self.cells[end] if end < len(self.cells) else None
            if after is None or 0 < after.heading <= self.cells[start].heading:
                # JupyterLab's name; Colab's list of folded sections is made from it.
                self.cells[start].metadata["jp-MarkdownHeadingCollapsed"] = True
        return self.cells

    def _add_all(self, blocks: Sequence[b.Block]) -> None:
        targets: list[b.Target] = []
        for block in blocks:
            if isinstance(block, b.Target):
                targets.append(block)
                continue
            self._add(block, targets)
            targets = []

    def _add(self, block: b.Block, targets: list[b.Target]) -> None:
        if isinstance(block, b.CodeCell):
            self._code(block, _HIDDEN_TITLE if _HIDDEN & set(block.tags) else "")
        elif isinstance(block, b.Break):
            self._flush()
        elif isinstance(block, b.Directive) and block.name == "exercise":
            self._exercise(block, targets)
        elif isinstance(block, b.Directive) and block.name == "solution":
            self._solution(block)
        else:
            if isinstance(block, b.Heading):
                self._section = block.level
                self._begin(block.level)
            self._waiting.append(self._writer.blocks([*targets, block]))

    def _begin(self, heading: int) -> None:
        self._flush()
        self._waiting_heading = heading

    def _flush(self) -> None:
        source = "\n\n".join(text for text in self._waiting if text)
        if source:
            self.cells.append(Cell("markdown", source, heading=self._waiting_heading))
        self._waiting, self._waiting_heading = [], 0

    def _code(self, block: b.CodeCell, title: str) -> None:
        self._flush()
        metadata: dict[str, Any] = {"tags": list(block.tags)} if block.tags else {}
        source = block.source
        if title:
            # A cell magic must stay in the first line; such a cell gets no title.
            source = source if source.startswith("%%") else f"{title}\n{source}"
            metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}}
        self.cells.append(Cell("code", source, metadata))

    def _exercise(self, block: b.Directive, targets: list[b.Target]) -> None:
        self._check(block)
        self._exercises[block.options.get("label", "")] = block
        level = min(self._section + 1, 6)
        self._begin(level)
        names = [target.label for target in targets] + [block.options.get("label", "")]
        anchors = self._writer.anchors([name for name in names if name])
        self._waiting.append(f"{'#' * level} {anchors}{self._name(block)}")
        self._add_all(block.children)

    def _solution(self, block: b.Directive) -> None:
        self._check(block)
        title = self._solved(block)
        if not any(isinstance(child, b.CodeCell) for child in block.children):
            self._waiting.append(
                fold(self._writer.inline.as_html(title), self._writer.blocks(block.children))
            )
            return
        level = min(self._section + 2, 6)
        self._begin(level)
        self._waiting.append(f"{'#' * level} {title}")
        self._flush()
        start = len(self.cells) - 1
        for child in block.children:
            if isinstance(child, b.CodeCell):
                self._code(child, _SOLUTION_TITLE)
            else:
                self._waiting.append(self._writer.blocks([child]))
        self._flush()
        self._solutions.append((start, len(self.cells)))

    def _name(self, exercise: b.Directive) -> str:
        number = self._writer.inline.labels.number(exercise)
        name = self._writer.inline.labels.numbered("exercise", number) if number else "Exercise"
        title = self._writer.inline.markdown(exercise.argument)
        return f"{name} ({title})" if title else name

    def _solved(self, solution: b.Directive) -> str:
        """The heading of a solution; it names its exercise."""
        label = solution.argument.source.strip()
        if label not in self._exercises:
            known = sorted(self._exercises)
            raise self._writer.inline.error(
                solution.line, f"solution must name an exercise above it, among {known}, got {label!r}"
            )
        return f"Solution to {self._name(self._exercises[label])}"

    def _check(self, block: b.Directive) -> None:
        if problem := DIRECTIVES[block.name].strange_options(block):
            raise self._writer.inline.error(block.line, problem)
