"""Blocks → Markdown that Colab and JupyterLab render."""

from collections.abc import Callable, Sequence

from hnrc_lib.book.twins import blocks as b
from hnrc_lib.book.twins.directives import DIRECTIVES
from hnrc_lib.book.twins.equations import display
from hnrc_lib.book.twins.errors import NoForm
from hnrc_lib.book.twins.inline import InlineWriter
from hnrc_lib.book.twins.labels import heading_slug_of, names_of
from hnrc_lib.book.twins.links import anchor_name
from hnrc_lib.book.twins.shapes import indent, pipe_table, quote

_Written = tuple[str, ...]


class Writer:
    """Writes the blocks of one page.

    Args:
        inline: writes the page's lines.
        anchors: names that other places of the page link to; only these become anchors.
        cited: keys of all that the page cites, in the order of the text.
    """

    def __init__(
        self, inline: InlineWriter, anchors: frozenset[str] = frozenset(), cited: _Written = ()
    ) -> None:
        self.inline = inline
        self.cited = cited
        self.has_references = False
        self.definitions: dict[str, b.Footnote] = {}
        self._anchors = anchors
        self._depth = 0

    @property
    def is_nested(self) -> bool:
        """Whether the text now written stands inside a quotation or a list."""
        return self._depth > 0

    def blocks(self, blocks: Sequence[b.Block], *, nested: bool = False, separator: str = "\n\n") -> str:
        """Blocks as Markdown.

        Args:
            blocks: what to write.
            nested: whether lines will get marks or spaces in front, so that no formula may span lines.
            separator: what stands between two blocks.

        Raises:
            TwinError: a directive or role is unknown, or a code cell stands inside; names file and line.
        """
        self._depth += nested
        try:
            written, targets = [], []
            for block in blocks:
                if isinstance(block, b.Target):
                    targets.append(block.label)
                    continue
                written += [*self._anchor_lines(block, targets), self.block(block, targets)]
                targets = []
            return separator.join(text for text in written if text)
        finally:
            self._depth -= nested

    def block(self, block: b.Block, targets: Sequence[str] = ()) -> str:
        """One block as Markdown."""
        if isinstance(block, b.Heading):
            anchors = self.anchors([*targets, heading_slug_of(block)])
            # A heading inside a box is no section of the page.
            text = self.inline.markdown(block.text)
            return f"**{anchors}{text}**" if self.is_nested else f"{'#' * block.level} {anchors}{text}"
        if isinstance(block, b.Directive):
            return self._directive(block)
        if isinstance(block, b.Target):
            return ""
        return _WRITERS[type(block)](self, block)

    def anchors(self, names: Sequence[str]) -> str:
        """Anchors for those names that the page links to."""
        wanted = dict.fromkeys(anchor_name(name) for name in names)
        return "".join(f'<a id="{name}"></a>' for name in wanted if name in self._anchors)

    def _anchor_lines(self, block: b.Block, targets: Sequence[str]) -> list[str]:
        if isinstance(block, b.Heading) or (isinstance(block, b.Directive) and block.name == "exercise"):
            return []
        names = [*targets, *names_of(block)]
        is_equation = isinstance(block, b.Equation) or (
            isinstance(block, b.Directive) and block.name == "math"
        )
        anchors = self.anchors([f"equation-{name}" if is_equation else name for name in names])
        return [anchors] if anchors else []

    def _directive(self, block: b.Directive) -> str:
        if block.name not in DIRECTIVES:
            problem = f"directive must be among {sorted(DIRECTIVES)}, got {{{block.name}}}"
            raise self.inline.error(block.line, problem)
        known = DIRECTIVES[block.name]
        if problem := known.strange_options(block):
            raise self.inline.error(block.line, problem)
        try:
            return known.write(self, block)
        except NoForm as problem:
            raise self.inline.error(block.line, str(problem)) from problem


def _equation(writer: Writer, block: b.Equation) -> str:
    number = writer.inline.labels.number(block)
    return display(block.source, number, one_line=writer.is_nested)


def _code(writer: Writer, block: b.Code) -> str:
    fence = "````" if "```" in block.source else "```"
    return f"{fence}{block.language}\n{block.source}\n{fence}"


def _table(writer: Writer, block: b.Table) -> str:
    rows = [[writer.inline.markdown(cell, in_table=True) for cell in row] for row in block.rows]
    return pipe_table(rows, block.alignment)


def _items(writer: Writer, block: b.Items) -> str:
    written = []
    for number, item in enumerate(block.children, block.start or 0):
        mark = "- " if block.start is None else f"{number}. "
        assert isinstance(item, b.Item)
        text = writer.blocks(item.children, nested=True, separator="\n" if block.tight else "\n\n")
        written.append(mark + indent(text, len(mark)))
    return ("\n" if block.tight else "\n\n").join(written)


def _definition(writer: Writer, block: b.Definition) -> str:
    text = writer.blocks(block.children, nested=True)
    return f"- **{writer.inline.markdown(block.term)}**\n\n" + "  " + indent(text, 2)


def _footnote(writer: Writer, block: b.Footnote) -> str:
    """Footnotes are gathered at the end of the page."""
    writer.definitions[block.label] = block
    return ""


def _code_cell(writer: Writer, block: b.CodeCell) -> str:
    problem = "code-cell must stand at the page's top level or in a gate, got one inside another block"
    raise writer.inline.error(block.line, problem)


def footnote_list(writer: Writer) -> str:
    """The page's footnotes, in the order in which the text calls them."""
    lines = []
    # A footnote may call another one, which lengthens the list.
    for number, label in enumerate(writer.inline.footnotes, 1):
        text = writer.blocks(writer.definitions[label].children, nested=True)
        mark = f"{number}. "
        lines.append(f'{mark}<a id="footnote-{number}"></a>' + indent(text, len(mark)))
    return "\n".join(lines)


_WRITERS: dict[type[b.Block], Callable[..., str]] = {
    b.Paragraph: lambda writer, block: writer.inline.markdown(block.text),
    b.Rule: lambda writer, block: "---",
    b.Break: lambda writer, block: "",
    b.Code: _code,
    b.Html: lambda writer, block: block.source,
    b.Equation: _equation,
    b.Table: _table,
    b.Items: _items,
    b.Quote: lambda writer, block: quote(writer.blocks(block.children, nested=True)),
    b.Definition: _definition,
    b.Footnote: _footnote,
    b.CodeCell: _code_cell,
}
