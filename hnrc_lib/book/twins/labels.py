"""What can be referred to: every label of the book, with its number, its title and its page."""

from collections import Counter
from dataclasses import dataclass

from hnrc_lib.book.twins import blocks as b
from hnrc_lib.book.twins.book import Book, Page
from hnrc_lib.book.twins.errors import TwinError

# Sphinx numbers these with its own counters, and only where they have a caption.
_CAPTIONED = {"figure": "figure", "table": "table", "list-table": "table", "code-block": "code-block"}
_DEFAULT_FORMATS = {"figure": "Fig. %s", "table": "Table %s", "code-block": "Listing %s"}


@dataclass(frozen=True)
class Label:
    """A thing with a name.

    Args:
        kind: ``section``, ``equation``, ``exercise``, ``solution``, ``figure``, ``table``, ``code-block``,
            ``term`` or ``block``.
        page: name of the page.
        anchor: the label as written.
        number: ``3`` or ``2.3``; empty where the thing has none.
        title: its title, or None.
    """

    kind: str
    page: str
    anchor: str
    number: str = ""
    title: b.Inline | None = None


class Labels:
    """All labels of a book, and the numbers of what has no label.

    Args:
        book: the book; numbers run through its pages as Sphinx runs them.

    Raises:
        TwinError: two things have one label.
    """

    def __init__(self, book: Book) -> None:
        depth = int(book.config.get("numfig_secnum_depth", 1))
        self._formats = _DEFAULT_FORMATS | dict(book.config.get("numfig_format") or {})
        self._equation_format = book.config.get("math_eqref_format") or "({number})"
        self._counters: Counter[tuple[str, tuple[int, ...]]] = Counter()
        self._labels: dict[str, Label] = {}
        self._numbers: dict[int, str] = {}
        for page in book.pages:
            self._page = page
            self._prefix = page.number[:depth]
            self._collect(page.blocks)

    def find(self, name: str) -> Label | None:
        """The thing of that name, upper and lower case alike."""
        return self._labels.get(_key(name))

    def number(self, block: b.Block) -> str:
        """The number of a figure, exercise or the like; empty where it has none."""
        return self._numbers.get(id(block), "")

    def numbered(self, kind: str, number: str) -> str:
        """``Fig. 3``, ``Exercise 3`` or ``(3)``, as the book writes it."""
        if kind == "equation":
            return self._equation_format.format(number=number)
        return self._formats.get(kind, f"{kind.capitalize()} %s").replace("%s", number)

    def _collect(self, blocks: tuple[b.Block, ...]) -> None:
        waiting: list[b.Target] = []
        for block in blocks:
            if isinstance(block, b.Target):
                waiting.append(block)
                continue
            kind, title = self._describe(block)
            names = [target.label for target in waiting] + names_of(block)
            number = self._count(block, kind, bool(names))
            for name in names:
                self._add(Label(kind, self._page.name, name, number, title), block.line)
            waiting = []
            if isinstance(block, b.Directive) and block.name == "glossary":
                self._add_terms(block)
            if isinstance(block, b.Container):
                self._collect(block.children)
        for target in waiting:
            self._add(Label("block", self._page.name, target.label), target.line)

    def _describe(self, block: b.Block) -> tuple[str, b.Inline | None]:
        if isinstance(block, b.Heading):
            return "section", block.text
        if isinstance(block, b.Equation):
            return "equation", None
        if not isinstance(block, b.Directive):
            return "block", None
        if block.name == "math":
            return "equation", None
        if block.name in ("exercise", "solution"):
            return block.name, block.argument
        if block.name in _CAPTIONED:
            return _CAPTIONED[block.name], _caption(block)
        return "block", block.argument if block.argument.source else None

    def _count(self, block: b.Block, kind: str, has_name: bool) -> str:
        """The block's number, after counting it in, or nothing if it is not counted."""
        if kind == "equation":
            counted = has_name
        elif kind == "exercise":
            counted = isinstance(block, b.Directive) and "nonumber" not in block.options
        else:
            counted = kind in _DEFAULT_FORMATS and self._describe(block)[1] is not None
        if not counted:
            return ""
        self._counters[kind, self._prefix] += 1
        number = ".".join(map(str, (*self._prefix, self._counters[kind, self._prefix])))
        self._numbers[id(block)] = number
        return number

    def _add(self, label: Label, line: int) -> None:
        other = self._labels.setdefault(_key(label.anchor), label)
        if other is not label:
            raise TwinError(
                f"{label.page}.md", line, f"labels must differ, got {label.anchor!r}, also in {other.page}"
            )

    def _add_terms(self, glossary: b.Directive) -> None:
        for term, _, line in glossary_entries(glossary):
            self._add(Label("term", self._page.name, f"term-{term}", "", b.Inline(term, line)), line)


def glossary_entries(glossary: b.Directive) -> list[tuple[str, str, int]]:
    """Term, definition and line of each entry of a ``{glossary}``."""
    entries: list[tuple[str, list[str], int]] = []
    for offset, line in enumerate(glossary.body.splitlines()):
        if line.strip() and not line[0].isspace():
            entries.append((line.strip(), [], glossary.body_line + offset))
        elif entries:
            entries[-1][1].append(line.strip())
    return [(term, "\n".join(lines).strip(), line) for term, lines, line in entries]


def heading_slug(page: Page, slug: str) -> b.Heading | None:
    """The heading whose text, in lower case with hyphens, is ``slug``."""
    headings = (block for block in b.walk(page.blocks) if isinstance(block, b.Heading))
    return next((heading for heading in headings if heading_slug_of(heading) == slug), None)


def names_of(block: b.Block) -> list[str]:
    """The names that a block gives itself."""
    if isinstance(block, b.Equation):
        return [block.label] if block.label else []
    if isinstance(block, b.Directive):
        return [block.options[key] for key in ("label", "name") if block.options.get(key)]
    return []


def _caption(block: b.Directive) -> b.Inline | None:
    if block.name == "code-block":
        caption = block.options.get("caption", "")
        return b.Inline(caption, block.line) if caption else None
    if block.name == "figure":
        first = block.children[0] if block.children else None
        return first.text if isinstance(first, b.Paragraph) else None
    return block.argument if block.argument.source else None


def _key(name: str) -> str:
    return " ".join(name.lower().split())


def heading_slug_of(heading: b.Heading) -> str:
    """The heading's text as an address: lower case, hyphens, no punctuation."""
    text = heading.text.source.lower().replace(" ", "-")
    return "".join(c for c in text if c.isalnum() or c in "-_")
