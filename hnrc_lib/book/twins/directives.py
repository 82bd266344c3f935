"""``{directive}`` → Markdown, directive by directive. What is not listed here stops the run."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hnrc_lib.book.twins import blocks as b
from hnrc_lib.book.twins.equations import display
from hnrc_lib.book.twins.errors import NoForm
from hnrc_lib.book.twins.images import image_tag
from hnrc_lib.book.twins.labels import glossary_entries
from hnrc_lib.book.twins.shapes import fold, pipe_table, quote

if TYPE_CHECKING:
    from hnrc_lib.book.twins.writer import Writer

_LOOKS = {"class", "name", "color", "icon", "animate", "margin", "open"}
_LOOKS |= {f"class-{part}" for part in ("container", "title", "body", "header", "card")}


@dataclass(frozen=True)
class Known:
    """How a directive is written, and which options it may have."""

    write: Callable[["Writer", b.Directive], str]
    options: frozenset[str]

    def strange_options(self, block: b.Directive) -> str:
        """What is wrong with the directive's options; empty where nothing is."""
        strange = sorted(set(block.options) - self.options)
        return (
            f"options of {{{block.name}}} must be among {sorted(self.options)}, got {strange}"
            if strange
            else ""
        )


def titled(writer: "Writer", title: str, block: b.Directive) -> str:
    """A box: a quotation under a bold title."""
    text = writer.blocks(block.children, nested=True)
    return quote("\n\n".join(part for part in (title and f"**{title}**", text) if part))


def _folded(writer: "Writer", block: b.Directive) -> str:
    return fold(
        writer.inline.html(block.argument), writer.blocks(block.children), is_open="open" in block.options
    )


def _admonition(title: str) -> Callable[["Writer", b.Directive], str]:
    def write(writer: "Writer", block: b.Directive) -> str:
        named = writer.inline.markdown(block.argument) or title
        if "dropdown" in block.options.get("class", "").split():
            summary = writer.inline.html(block.argument) or html.escape(title)
            return fold(summary, writer.blocks(block.children))
        return titled(writer, named, block)

    return write


def _rubric(writer: "Writer", block: b.Directive) -> str:
    return f"**{writer.inline.markdown(block.argument)}**"


def _tab(writer: "Writer", block: b.Directive) -> str:
    return f"{_rubric(writer, block)}\n\n{writer.blocks(block.children)}"


def _inside(writer: "Writer", block: b.Directive) -> str:
    return writer.blocks(block.children)


def _nothing(writer: "Writer", block: b.Directive) -> str:
    return ""


def _math(writer: "Writer", block: b.Directive) -> str:
    return display(block.body, writer.inline.labels.number(block), one_line=writer.is_nested)


def _image(writer: "Writer", block: b.Directive) -> str:
    if not block.options.get("alt", "").strip():
        raise NoForm(f"{{{block.name}}} must have an alternative text, :alt:, got none")
    path = block.argument.source.strip()
    address = path if path.startswith(("http:", "https:", "data:")) else writer.inline.picture(path)
    return image_tag(address, block.options["alt"], block.options.get("width", ""))


def _figure(writer: "Writer", block: b.Directive) -> str:
    text = writer.blocks(block.children)
    number = writer.inline.labels.number(block)
    name = f"**{writer.inline.labels.numbered('figure', number)}.** " if number else ""
    return "\n\n".join(part for part in (_image(writer, block), f"{name}{text}") if part)


def _code_block(writer: "Writer", block: b.Directive) -> str:
    fence = "````" if "```" in block.body else "```"
    body = block.body.strip("\n")
    listing = f"{fence}{block.argument.source}\n{body}\n{fence}"
    return "\n\n".join(
        part for part in (_caption(writer, block, block.options.get("caption", "")), listing) if part
    )


def _caption(writer: "Writer", block: b.Directive, text: str) -> str:
    kind = "code-block" if block.name == "code-block" else "table"
    number = writer.inline.labels.number(block)
    name = f"**{writer.inline.labels.numbered(kind, number)}.** " if number else ""
    return f"{name}{text}" if text else ""


def _table(writer: "Writer", block: b.Directive) -> str:
    caption = _caption(writer, block, writer.inline.markdown(block.argument))
    return "\n\n".join(part for part in (caption, writer.blocks(block.children)) if part)


def _list_table(writer: "Writer", block: b.Directive) -> str:
    if len(block.children) != 1 or not isinstance(block.children[0], b.Items):
        raise NoForm("{list-table} must hold one list of lists, got something else")
    rows = [_list_row(writer, row) for row in block.children[0].children]
    if block.options.get("header-rows", "0").strip() != "1":
        rows.insert(0, [""] * len(rows[0]))
    caption = _caption(writer, block, writer.inline.markdown(block.argument))
    return "\n\n".join(part for part in (caption, pipe_table(rows)) if part)


def _list_row(writer: "Writer", row: b.Block) -> list[str]:
    cells = row.children[0] if isinstance(row, b.Item) and len(row.children) == 1 else None
    if not isinstance(cells, b.Items):
        raise NoForm("{list-table} must hold one list of lists, got a row that is no list")
    return [_list_cell(writer, cell) for cell in cells.children]


def _list_cell(writer: "Writer", cell: b.Block) -> str:
    parts = cell.children if isinstance(cell, b.Item) else ()
    texts = [part.text for part in parts if isinstance(part, b.Paragraph)]
    if len(texts) != len(parts):
        raise NoForm("cells of {list-table} must hold paragraphs, got another block")
    return "<br>".join(writer.inline.markdown(text, in_table=True) for text in texts)


def _glossary(writer: "Writer", block: b.Directive) -> str:
    entries = []
    for term, text, line in glossary_entries(block):
        anchor = writer.anchors([f"term-{term}"])
        definition = writer.inline.markdown(writer.inline.read(text, line + 1)).replace("\n", " ")
        entries.append(f"- {anchor}**{term}**: {definition}")
    return "\n".join(entries)


def _references(writer: "Writer", block: b.Directive) -> str:
    writer.has_references = True
    keys = list(writer.inline.bibliography) if "all" in block.options else list(writer.cited)
    return writer.inline.bibliography.references(keys)


def _contents(writer: "Writer", block: b.Directive) -> str:
    pages = [page for page in writer.inline.book.pages if page.name != writer.inline.page.name]
    links = [(page, writer.inline.links.page(f"/{page.name}").address) for page in pages]
    return "\n".join(f"- [{writer.inline.markdown(page.title)}]({address})" for page, address in links)


def _raw(writer: "Writer", block: b.Directive) -> str:
    if block.argument.source.strip() != "html":
        raise NoForm(f"{{raw}} must be html, got {block.argument.source!r}")
    return block.body.strip("\n")


def _misplaced(writer: "Writer", block: b.Directive) -> str:
    raise NoForm(f"{{{block.name}}} must stand at the top level of the page, got one inside another block")


def _known(write: Callable[["Writer", b.Directive], str], *options: str) -> Known:
    return Known(write, frozenset(options) | _LOOKS)


DIRECTIVES: dict[str, Known] = {
    "admonition": _known(_admonition("")),
    "dropdown": _known(_folded),
    "margin": _known(_admonition("")),
    "sidebar": _known(_admonition("")),
    "topic": _known(_admonition("")),
    "epigraph": _known(_admonition("")),
    "rubric": _known(_rubric),
    "tab-set": _known(_inside, "sync-group"),
    "tab-item": _known(_tab, "sync", "selected"),
    "math": _known(_math, "label", "nowrap"),
    "image": _known(_image, "alt", "width", "height", "align", "scale"),
    "figure": _known(_figure, "alt", "width", "height", "align", "scale", "figclass", "figwidth"),
    "code": _known(_code_block, "number-lines"),
    "code-block": _known(_code_block, "caption", "linenos", "emphasize-lines", "lineno-start", "force"),
    "sourcecode": _known(_code_block, "linenos", "emphasize-lines"),
    "table": _known(_table, "align", "width", "widths"),
    "list-table": _known(_list_table, "header-rows", "widths", "width", "align", "stub-columns"),
    "glossary": _known(_glossary, "sorted"),
    "bibliography": _known(
        _references, "filter", "all", "style", "cited", "list", "labelprefix", "keyprefix"
    ),
    "index": _known(_nothing),
    "contents": _known(_nothing, "local", "depth"),
    "tableofcontents": _known(_contents),
    "raw": _known(_raw),
    "exercise": _known(_misplaced, "label", "nonumber", "hidden"),
    "solution": _known(_misplaced, "label", "hidden"),
}
for _name in ("note", "tip", "hint", "important", "warning", "caution", "attention", "danger", "error"):
    DIRECTIVES[_name] = _known(_admonition(_name.capitalize()))
DIRECTIVES["seealso"] = _known(_admonition("See also"))
