"""What a chapter consists of, once read: blocks, and in them lines of text with marked pieces."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Piece:
    """Part of a line that plain Markdown would not understand, with its place in the source.

    Args:
        kind: ``role``, ``link``, ``image``, ``footnote``, ``math``, ``span`` (text in brackets that carries
            attributes) or ``attributes`` (in braces, behind what they belong to).
        start, end: the place, characters of the line's source.
        name: the role's name, the link's destination, the image's path, the footnote's label.
        content: what the role or formula holds; a link's or image's title.
        label: place of a link's text, or None where it has none.
        children: pieces inside a link's text.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    content: str = ""
    label: tuple[int, int] | None = None
    children: tuple["Piece", ...] = ()


@dataclass(frozen=True)
class Inline:
    """Text as the author wrote it, the pieces in it that must change, and its line in the file."""

    source: str
    line: int
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Block:
    """Anything that stands on lines of its own; ``line`` counts from 1 in the chapter's file."""

    line: int


@dataclass(frozen=True)
class Paragraph(Block):
    text: Inline


@dataclass(frozen=True)
class Heading(Block):
    level: int
    text: Inline


@dataclass(frozen=True)
class Rule(Block):
    pass


@dataclass(frozen=True)
class Break(Block):
    """``+++``: a new cell begins."""


@dataclass(frozen=True)
class Code(Block):
    """A listing that is shown and never run."""

    language: str
    source: str


@dataclass(frozen=True)
class Html(Block):
    source: str


@dataclass(frozen=True)
class Target(Block):
    """``(label)=``: a name for what follows."""

    label: str


@dataclass(frozen=True)
class Equation(Block):
    source: str
    label: str = ""


@dataclass(frozen=True)
class Table(Block):
    """Rows of cells, header first; per column ``left``, ``right``, ``center`` or nothing."""

    rows: tuple[tuple[Inline, ...], ...]
    alignment: tuple[str, ...]


@dataclass(frozen=True)
class Container(Block):
    """A block that holds blocks."""

    children: tuple[Block, ...] = field(kw_only=True, default=())


@dataclass(frozen=True)
class Quote(Container):
    pass


@dataclass(frozen=True)
class Item(Container):
    pass


@dataclass(frozen=True)
class Items(Container):
    """A list. ``start`` is None for bullets; ``tight`` lists have no blank lines between items."""

    start: int | None
    tight: bool


@dataclass(frozen=True)
class Definition(Container):
    """A term and what it means."""

    term: Inline


@dataclass(frozen=True)
class Footnote(Container):
    label: str


@dataclass(frozen=True)
class Directive(Container):
    """``{name} argument``, options, body; ``children`` are the body's blocks where it holds Markdown."""

    name: str
    argument: Inline
    options: dict[str, str]
    body: str
    body_line: int


@dataclass(frozen=True)
class CodeCell(Block):
    """Code that runs."""

    source: str
    tags: tuple[str, ...] = ()


def walk(blocks: tuple[Block, ...] | list[Block]) -> Iterator[Block]:
    """All blocks in reading order, containers before what they hold.

    >>> [type(block).__name__ for block in walk([Quote(1, children=(Rule(2),))])]
    ['Quote', 'Rule']
    """
    for block in blocks:
        yield block
        if isinstance(block, Container):
            yield from walk(block.children)
