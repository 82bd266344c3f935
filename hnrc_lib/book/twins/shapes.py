"""Shapes of plain Markdown and HTML: quotations, lists, tables, folded text."""

from collections.abc import Sequence

_RULES = {"left": ":---", "right": "---:", "center": ":---:"}


def quote(text: str) -> str:
    r"""A quotation.

    >>> quote("**Note**\n\ntext")
    '> **Note**\n>\n> text'
    """
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def indent(text: str, width: int) -> str:
    r"""All lines but the first moved right, as the text of a list item stands.

    >>> indent("a\n\nb", 2)
    'a\n\n  b'
    """
    return "\n".join(
        f"{' ' * width}{line}" if line and i else line for i, line in enumerate(text.split("\n"))
    )


def fold(summary: str, text: str, *, is_open: bool = False) -> str:
    r"""Text behind a title that opens on a click.

    Args:
        summary: the title, as HTML.
        text: Markdown.
        is_open: whether it begins open.

    >>> fold("Why?", "Because.")
    '<details>\n<summary><b>Why?</b></summary>\n\nBecause.\n\n</details>'
    """
    opening = "<details open>" if is_open else "<details>"
    return f"{opening}\n<summary><b>{summary}</b></summary>\n\n{text}\n\n</details>"


def pipe_table(rows: Sequence[Sequence[str]], alignment: Sequence[str] = ()) -> str:
    r"""A table whose first row is its header.

    Args:
        rows: cells as Markdown on one line each.
        alignment: ``left``, ``right``, ``center`` or nothing per column; empty for none.

    >>> pipe_table([["a", "b"], ["1", "2"]], ["", "right"])
    '| a | b |\n| --- | ---: |\n| 1 | 2 |'
    """
    header, *body = rows
    rules = [_RULES.get(side, "---") for side in alignment] or ["---"] * len(header)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rules, *body))
