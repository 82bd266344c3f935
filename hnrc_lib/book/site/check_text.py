"""Nothing of the source's syntax is left for the reader to see."""

import re
from collections.abc import Iterator

from bs4 import Comment, Tag

from hnrc_lib.book.site.page import Page, classes

_SKIPPED_TAGS = {"pre", "code", "script", "style", "textarea", "kbd", "samp"}
_RAW_MARKUP = {
    "code fence": re.compile(r"```"),
    "colon fence": re.compile(r"^\s*:{3,}|:::\{"),
    "role": re.compile(r"\{(eq|ref|numref|cite|cite:\w+|term|doc|math|prf:ref|abbr|sub|sup|download)\}"),
    "directive option": re.compile(r"^:(label|class|alt|name|tags|width|align):"),
    "display mathematics": re.compile(r"\$\$"),
    "inline mathematics": re.compile(r"(?<![\\\w])\$(?=\S)[^$]*\\[a-zA-Z]+[^$]*\$"),
    "label": re.compile(r"^\([\w-]+\)=\s*$", re.MULTILINE),
    "link": re.compile(r"\]\((#|https?:|[\w./-]+\.(md|ipynb))"),
    "footnote": re.compile(r"\[\^[\w-]+\]"),
    "substitution": re.compile(r"\{\{\s*\w+\s*\}\}"),
}


def check_markup(page: Page) -> Iterator[str]:
    """No MyST markup in the words of the page (code and formulas apart)."""
    for text in page.article.find_all(string=True):
        if isinstance(text, Comment) or _is_verbatim(text.parent):
            continue
        for kind, pattern in _RAW_MARKUP.items():
            if pattern.search(text):
                yield f"{kind} left as raw text: {' '.join(text.split())[:80]!r}"


def _is_verbatim(tag: Tag | None) -> bool:
    while tag is not None:
        if tag.name in _SKIPPED_TAGS or "math" in classes(tag):
            return True
        tag = tag.parent
    return False
