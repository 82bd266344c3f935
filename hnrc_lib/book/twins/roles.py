"""``{role}`content` `` → Markdown, role by role."""

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hnrc_lib.book.twins.errors import NoForm

if TYPE_CHECKING:
    from hnrc_lib.book.twins.inline import InlineWriter

Role = Callable[["InlineWriter", str, int], str]
_TITLED = re.compile(r"(?P<title>.*?)\s*<(?P<target>[^<>]+)>", re.DOTALL)


def _split(content: str) -> tuple[str, str]:
    """``title <target>`` in two; the title is empty where only a target stands.

    >>> _split("Newton's step <eq-newton>"), _split("eq-newton")
    (("Newton's step", 'eq-newton'), ('', 'eq-newton'))
    """
    match = _TITLED.fullmatch(content)
    return (match["title"], match["target"]) if match else ("", content.strip())


def _ref(writer: "InlineWriter", content: str, line: int) -> str:
    title, target = _split(content)
    destination = writer.links.label(target)
    words = title or writer.title(destination)
    if not words:
        raise NoForm(f"{{ref}} must have a title, or its target one, got {target!r}")
    return f"[{words}]({destination.address})"


def _numref(writer: "InlineWriter", content: str, line: int) -> str:
    title, target = _split(content)
    destination = writer.links.label(target)
    label = destination.label
    if label is None or not label.number:
        raise NoForm(f"{{numref}} must name something with a number, got {target!r}")
    words = title.replace("%s", label.number).replace("{number}", label.number)
    return f"[{words or writer.labels.numbered(label.kind, label.number)}]({destination.address})"


def _eq(writer: "InlineWriter", content: str, line: int) -> str:
    destination = writer.links.label(content.strip())
    if destination.label is None or destination.label.kind != "equation":
        raise NoForm(f"{{eq}} must name an equation, got {content!r}")
    return f"[{writer.title(destination)}]({destination.address})"


def _doc(writer: "InlineWriter", content: str, line: int) -> str:
    title, target = _split(content)
    destination = writer.links.page(target)
    return f"[{title or writer.title(destination)}]({destination.address})"


def _term(writer: "InlineWriter", content: str, line: int) -> str:
    title, target = _split(content)
    return f"[{title or target}]({writer.links.label(f'term-{target}').address})"


def _abbr(writer: "InlineWriter", content: str, line: int) -> str:
    match = re.fullmatch(r"(.*?)\s*\((.*)\)", content, re.DOTALL)
    if match is None:
        raise NoForm(f"{{abbr}} must read 'SHORT (long)', got {content!r}")
    return f'<abbr title="{html.escape(match[2])}">{match[1]}</abbr>'


def _download(writer: "InlineWriter", content: str, line: int) -> str:
    title, target = _split(content)
    return f"[{title or target.rsplit('/', 1)[-1]}]({writer.links.resolve(target).address})"


def _shown_title(writer: "InlineWriter", content: str, line: int) -> str:
    title, target = _split(content)
    return title or target.split(";")[-1].removeprefix("single:").strip()


def _code(writer: "InlineWriter", content: str, line: int) -> str:
    fence = "``" if "`" in content else "`"
    pad = " " if "`" in content else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def _python(suffix: str = "") -> Role:
    """A name of the library: ``~a.b.c`` shows ``c``."""

    def role(writer: "InlineWriter", content: str, line: int) -> str:
        title, target = _split(content)
        name = target.lstrip("!")
        shown = name.lstrip("~").rsplit(".", 1)[-1] if name.startswith("~") else name
        return f"`{title or shown + suffix}`"

    return role


def _element(tag: str) -> Role:
    return lambda writer, content, line: f"<{tag}>{html.escape(content, quote=False)}</{tag}>"


def _strong(writer: "InlineWriter", content: str, line: int) -> str:
    return f"**{content}**"


def _citation(form: str) -> Role:
    def role(writer: "InlineWriter", content: str, line: int) -> str:
        keys = [key.strip() for key in content.split(",")]
        writer.cite(keys, line)
        works = writer.bibliography
        if form == "parenthetical":
            return works.parenthetical(keys)
        if form == "textual":
            return works.textual(keys)
        return ", ".join(works.authors(key) if form == "author" else works.year(key) for key in keys)

    return role


ROLES: dict[str, Role] = {
    "ref": _ref,
    "numref": _numref,
    "eq": _eq,
    "math:numref": _eq,
    "doc": _doc,
    "term": _term,
    "abbr": _abbr,
    "abbreviation": _abbr,
    "download": _download,
    "index": _shown_title,
    "math": lambda writer, content, line: f"${content}$",
    "code": _code,
    "literal": _code,
    "file": _code,
    "program": _strong,
    "command": _strong,
    "guilabel": _strong,
    "kbd": _element("kbd"),
    "sub": _element("sub"),
    "subscript": _element("sub"),
    "sup": _element("sup"),
    "superscript": _element("sup"),
    "cite": _citation("parenthetical"),
    "cite:p": _citation("parenthetical"),
    "cite:t": _citation("textual"),
    "cite:author": _citation("author"),
    "cite:year": _citation("year"),
}
for _name in ("class", "mod", "attr", "data", "obj", "exc", "const"):
    ROLES[_name] = ROLES[f"py:{_name}"] = _python()
for _name in ("func", "meth"):
    ROLES[_name] = ROLES[f"py:{_name}"] = _python("()")
