"""Text of a chapter → blocks."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from markdown_it.tree import SyntaxTreeNode

from hnrc_lib.book.twins import blocks as b
from hnrc_lib.book.twins.directive_text import LITERAL, read_directive
from hnrc_lib.book.twins.errors import NoForm, TwinError
from hnrc_lib.book.twins.gates import close_gates
from hnrc_lib.book.twins.markdown import parser, pieces

_Found = Sequence[b.Block]


class Reader:
    """Reads one chapter.

    Args:
        path: the chapter's path, for messages.
        extensions: the book's ``myst_enable_extensions``.
    """

    def __init__(self, path: str, extensions: Iterable[str]) -> None:
        self.path = path
        self._markdown = parser(extensions)
        # Footnotes and link addresses may be defined anywhere in the chapter.
        self._definitions: dict[str, Any] = {}

    def read(self, text: str) -> tuple[b.Block, ...]:
        """All blocks of a chapter, gated exercises and solutions closed.

        Raises:
            TwinError: something cannot be read; names file and line.
        """
        return close_gates(self._blocks(text, 1), self.path)

    def inline(self, source: str, line: int) -> b.Inline:
        """One line of text, for example a directive's title."""
        tokens = self._markdown.parseInline(source, self._definitions)
        return self._inline(SyntaxTreeNode(tokens).children[0], line) if tokens else b.Inline("", line)

    def blocks(self, text: str, first_line: int) -> tuple[b.Block, ...]:
        """The blocks of a part of the chapter that begins on ``first_line``."""
        return self._blocks(text, first_line)

    def _blocks(self, text: str, first_line: int) -> tuple[b.Block, ...]:
        tokens = self._markdown.parse(text, self._definitions)
        return self._children(SyntaxTreeNode(tokens), first_line)

    def _children(self, node: SyntaxTreeNode, first_line: int) -> tuple[b.Block, ...]:
        found = []
        for child in node.children:
            if child.type not in _READERS:
                raise TwinError(self.path, first_line, f"no reader for Markdown of the kind {child.type!r}")
            if name := child.attrs.get("id"):
                found.append(b.Target(_line(child, first_line), str(name)))
            found.extend(_READERS[child.type](self, child, first_line))
        return tuple(found)

    def _inline(self, node: SyntaxTreeNode, line: int) -> b.Inline:
        token = node.token
        assert token is not None
        try:
            return b.Inline(token.content, line, pieces(token.children or []))
        except NoForm as problem:
            raise TwinError(self.path, line, str(problem)) from problem


def _line(node: SyntaxTreeNode, first_line: int) -> int:
    return first_line + (node.map[0] if node.map else 0)


def _paragraph(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    line = _line(node, first_line)
    return [b.Paragraph(line, reader._inline(node.children[0], line))]


def _heading(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    line = _line(node, first_line)
    return [b.Heading(line, int(node.tag[1]), reader._inline(node.children[0], line))]


def _table(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    rows, alignment = [], ()
    for row in (row for part in node.children for row in part.children):
        line = _line(row, first_line)
        rows.append(tuple(reader._inline(cell.children[0], line) for cell in row.children))
        alignment = alignment or tuple(
            str(cell.attrs.get("style", "")).removeprefix("text-align:") for cell in row.children
        )
    return [b.Table(_line(node, first_line), tuple(rows), alignment)]


def _items(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    tight = all(
        child.hidden for item in node.children for child in item.children if child.type == "paragraph"
    )
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    children = tuple(
        b.Item(_line(item, first_line), children=reader._children(item, first_line)) for item in node.children
    )
    return [b.Items(_line(node, first_line), start, tight, children=children)]


def _quote(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    return [b.Quote(_line(node, first_line), children=reader._children(node, first_line))]


def _footnote(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    children = reader._children(node, first_line)
    return [b.Footnote(_line(node, first_line), node.meta["label"], children=children)]


def _fence(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    line = _line(node, first_line)
    try:
        text = read_directive(node.info, node.content)
    except NoForm as problem:
        raise TwinError(reader.path, line, str(problem)) from problem
    if text is None:
        return [b.Code(line, node.info.strip(), node.content.rstrip("\n"))]
    if text.name == "code-cell":
        return [_code_cell(reader, node, line)]
    body_line = line + text.offset
    children = () if text.name in LITERAL else reader.blocks(text.body, body_line)
    argument = reader.inline(text.argument, line)
    return [b.Directive(line, text.name, argument, text.options, text.body, body_line, children=children)]


def _code_cell(reader: Reader, node: SyntaxTreeNode, line: int) -> b.CodeCell:
    text = read_directive(node.info, node.content)
    assert text is not None
    if strange := sorted(set(text.options) - {"tags", "name"}):
        raise TwinError(reader.path, line, f"options of code-cell must be tags or name, got {strange}")
    written = text.options.get("tags", "[]")
    tags = re.fullmatch(r"\[(.*)\]", written, re.DOTALL)
    if tags is None:
        raise TwinError(reader.path, line, f"tags must be a list like [hide-input], got {written!r}")
    names = (name.strip(" \n\"'") for name in tags[1].split(","))
    return b.CodeCell(line, text.body.strip("\n").rstrip(), tuple(name for name in names if name))


def _not_here(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    what = f"{{{{ {node.content} }}}}" if node.type.startswith("substitution") else node.content
    raise TwinError(reader.path, _line(node, first_line), f"twins know no substitutions, got {what}")


def _equation(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    label = node.info if node.type == "math_block_label" else ""
    return [b.Equation(_line(node, first_line), node.content.strip("\n"), label)]


def _amsmath(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    if node.meta["numbered"] != "*":
        problem = (
            "equations that are numbered must be written $$ … $$ (label), got an unstarred LaTeX environment"
        )
        raise TwinError(reader.path, _line(node, first_line), problem)
    return [b.Equation(_line(node, first_line), node.content.strip("\n"))]


def _definitions(reader: Reader, node: SyntaxTreeNode, first_line: int) -> _Found:
    found: list[b.Definition] = []
    for child in node.children:
        line = _line(child, first_line)
        if child.type == "dt":
            found.append(b.Definition(line, reader._inline(child.children[0], line)))
        else:
            found[-1] = replace(found[-1], children=found[-1].children + reader._children(child, first_line))
    return list(found)


_READERS: dict[str, Callable[[Reader, SyntaxTreeNode, int], _Found]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "table": _table,
    "bullet_list": _items,
    "ordered_list": _items,
    "blockquote": _quote,
    "footnote_reference": _footnote,
    "fence": _fence,
    "colon_fence": _fence,
    "math_block": _equation,
    "math_block_label": _equation,
    "amsmath": _amsmath,
    "substitution_block": _not_here,
    "dl": _definitions,
    "code_block": lambda reader, node, first: [b.Code(_line(node, first), "", node.content.rstrip("\n"))],
    "html_block": lambda reader, node, first: [b.Html(_line(node, first), node.content.rstrip("\n"))],
    "hr": lambda reader, node, first: [b.Rule(_line(node, first))],
    "myst_block_break": lambda reader, node, first: [b.Break(_line(node, first))],
    "myst_target": lambda reader, node, first: [b.Target(_line(node, first), node.content)],
    "myst_line_comment": lambda reader, node, first: [],
    "front_matter": lambda reader, node, first: [],
}
