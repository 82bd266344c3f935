"""The text of a directive: its options and its body."""

import re
from dataclasses import dataclass

from myst_parser.parsers.options import TokenizeError, options_to_items

from hnrc_lib.book.twins.errors import NoForm

_OPTION = re.compile(r":[A-Za-z][\w-]*:")
# Their first line is the beginning of their text, not a title.
WITHOUT_ARGUMENT = frozenset(
    {"attention", "caution", "danger", "error", "hint", "important", "note", "seealso", "tip", "warning"}
    | {"epigraph", "glossary", "math"}
)
# Their body is not Markdown.
LITERAL = frozenset(
    {
        "bibliography",
        "build-info",
        "claims-ledger",
        "code",
        "code-block",
        "code-cell",
        "contents",
        "image",
        "index",
        "literalinclude",
    }
    | {"glossary", "math", "mermaid", "raw", "raw-cell", "sourcecode", "tableofcontents", "toctree"}
)


@dataclass(frozen=True)
class DirectiveText:
    """Parts of a directive; its body begins ``offset`` lines below its first line."""

    name: str
    argument: str
    options: dict[str, str]
    body: str
    offset: int


def read_directive(info: str, content: str) -> DirectiveText | None:
    """Read a fence's first line and content, or return None if the fence is no directive.

    Args:
        info: what follows the fence, for example ``{note}``.
        content: the lines between the fences.

    Raises:
        NoForm: the option lines cannot be read.

    >>> read_directive("{figure} a.png", ":alt: A plot.\\n\\nCaption.\\n")
    DirectiveText(name='figure', argument='a.png', options={'alt': 'A plot.'}, body='Caption.', offset=3)
    """
    head = re.match(r"\{([\w:+-]+)\}\s*(.*)$", info.strip())
    if head is None:
        return None
    name, argument = head.groups()
    lines = content.splitlines()
    options, used = _options(lines)
    body = lines[used:]
    if body and not body[0].strip():
        body, used = body[1:], used + 1
    if argument and name in WITHOUT_ARGUMENT:
        # Blank lines in place of the options keep the body's lines in step with the file's.
        return DirectiveText(name, "", options, "\n".join([argument, *[""] * used, *body]), 0)
    return DirectiveText(name, argument, options, "\n".join(body), used + 1)


def _options(lines: list[str]) -> tuple[dict[str, str], int]:
    if lines and lines[0].strip() == "---":
        end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
        if end is None:
            raise NoForm("options that begin with --- must end with ---")
        return _pairs("\n".join(lines[1:end])), end + 1
    used = 0
    while used < len(lines) and _OPTION.match(lines[used].lstrip()):
        used += 1
    return _pairs("\n".join(line.lstrip()[1:] for line in lines[:used])), used


def _pairs(text: str) -> dict[str, str]:
    try:
        return dict(options_to_items(text)[0])
    except TokenizeError as problem:
        raise NoForm(f"options must read 'key: value', got {text!r} ({problem})") from problem
