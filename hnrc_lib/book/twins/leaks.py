"""A last look: nothing of MyST's syntax may be left in a notebook's text."""

from collections.abc import Iterable, Iterator

from markdown_it.token import Token

from hnrc_lib.book.twins.directive_text import read_directive
from hnrc_lib.book.twins.errors import TwinError
from hnrc_lib.book.twins.markdown import parser

_MYST = {
    *("myst_role", "myst_target", "myst_line_comment", "myst_block_break", "math_block_label", "colon_fence"),
    *("footnote_ref", "footnote_reference_open", "substitution_inline", "substitution_block"),
}
_PARSER = parser({"colon_fence", "dollarmath", "substitution"})


def check_plain(markdown: str, path: str) -> None:
    """Read a cell as MyST would and find nothing that only MyST knows.

    Args:
        markdown: the cell's text.
        path: the chapter, for the message.

    Raises:
        TwinError: something of MyST is left.

    >>> check_plain("see {ref}`a`", "index.md")
    Traceback (most recent call last):
    hnrc_lib.book.twins.errors.TwinError: index.md:1: a notebook must hold plain Markdown, got ...
    """
    for token in _tokens(_PARSER.parse(markdown)):
        is_directive = token.type == "fence" and read_directive(token.info, "") is not None
        if token.type in _MYST or is_directive:
            what = f"{token.type} {(token.info or token.content)!r} in {markdown[:60]!r}"
            raise TwinError(path, 1, f"a notebook must hold plain Markdown, got {what}")


def _tokens(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])
