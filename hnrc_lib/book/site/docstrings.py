"""Docstrings as reStructuredText: equations keep their lines, and signs of mathematics stay signs.

Our docstrings are plain text: sections as in Google's style, an equation as an indented block, code in
double backticks. Sphinx's ``napoleon`` reads the sections; the rest is made ready for it here.
"""

import re
from collections.abc import Iterator
from typing import Any

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):$")
_CODE = re.compile(r"(``.+?``)")
_SEVERAL = re.compile(r"    \w+(, \w+)+:")  # fields that share one description
_MARKUP = re.compile(r"[*|`]|(?<=\w)_(?!\w)|\\")
_MADE = re.compile(r"= <(?:[^<>]|<[^<>]*>)*>")  # a default that is made anew, or a function
_INDENT = "    "
_EQUATION = (".. code-block:: text", "    :class: hnrc-equation", "")
_ONE_VALUE = ("attribute", "data", "property")


def prepare_docstring(app: Any, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Sphinx's event ``autodoc-process-docstring``: change the lines in place, before ``napoleon`` does."""
    del app, name, of, options
    lines[:] = to_rest(lines)
    if what in _ONE_VALUE and lines:
        lines[0] = _without_type(lines[0], "")


def prepare_signature(
    app: Any, what: str, name: str, of: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Sphinx's event ``autodoc-process-signature``: a default that is no expression becomes ``...``.

    >>> prepare_signature(None, "class", "a.B", None, None, "(x: A = <factory>, y: C = <f.<lambda>>)", None)
    ('(x: A = ..., y: C = ...)', None)
    """
    del app, what, name, of, options
    return (signature and _MADE.sub("= ...", signature)), returns


def to_rest(lines: list[str]) -> list[str]:
    """The docstring with its equations as literal blocks and nothing else taken for markup.

    Args:
        lines: the docstring, dedented.

    Returns:
        Lines that ``napoleon`` and then docutils read.

    >>> to_rest(["Norm.", "", "    |x| = Σ x_i*", "", "Of |x|, ``|x|`` and clip_."])[4:]
    ['', '    |x| = Σ x_i*', '', 'Of \\\\|x\\\\|, ``|x|`` and clip\\\\_.']
    """
    return list(_converted(lines))


def _converted(lines: list[str]) -> Iterator[str]:
    section, literal = "", False
    for number, line in enumerate(lines):
        found = _SECTION.fullmatch(line)
        begins = not number or not lines[number - 1].strip()
        if line.strip() and not line.startswith(_INDENT):
            section, literal = found[1] if found else "", line.startswith(">>>")
        elif begins and line.startswith(_INDENT) and not section and not literal:
            literal = True
            yield from _EQUATION
        text = line if literal or found else _escaped(line)
        if section == "Attributes" and _SEVERAL.match(text):
            text = _INDENT + text.strip().replace(", ", ",", text.partition(":")[0].count(","))
        first = section == "Returns" and _SECTION.fullmatch(lines[number - 1])
        yield _without_type(text, _INDENT) if first else text


def _without_type(line: str, indent: str) -> str:
    """The line, so that ``napoleon`` takes nothing before a colon for a type: the annotation has it."""
    return f"{indent}: {line.strip()}" if ":" in line else line


def _escaped(line: str) -> str:
    parts = _CODE.split(line)
    plain = [_MARKUP.sub(lambda sign: "\\" + sign[0], part) for part in parts[::2]]
    # A letter right after code, as of a plural, needs a separator that is not shown.
    plain[1:] = ["\\" + part if part[:1].isalnum() else part for part in plain[1:]]
    return "".join(text + code for text, code in zip(plain, [*parts[1::2], ""], strict=True))
