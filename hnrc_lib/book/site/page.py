"""A written page, parsed."""

from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, Tag


@dataclass(frozen=True)
class Page:
    """One page of the site.

    Attributes:
        name: its document name, ``chapters/hessian/damping``.
        whole: everything in the file.
        article: the author's part of it, without the theme's bars and buttons.
        records: folder of the records, None for those that ship with the book.
    """

    name: str
    whole: BeautifulSoup
    article: Tag
    records: str | None = None


def read_page(file: Path, name: str, *, records: str | None = None) -> Page:
    """Parse a page.

    Raises:
        ValueError: the file has no article.
    """
    whole = BeautifulSoup(file.read_text("utf-8"), "html.parser")
    article = whole.select_one("article.bd-article, div.body")
    if article is None:
        raise ValueError(
            f"{file} must hold an <article class='bd-article'> or <div class='body'>, found neither"
        )
    return Page(name, whole, article, records)


def classes(tag: Tag) -> list[str]:
    """Names in the tag's class attribute."""
    return list(tag.get_attribute_list("class"))


def text_of(tag: Tag | None) -> str:
    """The tag's words, on one line."""
    return "" if tag is None else " ".join(tag.get_text(" ").split())


def attribute(tag: Tag, name: str) -> str:
    """An attribute's value without surrounding space, empty when there is none."""
    value = tag.get(name)
    return value.strip() if isinstance(value, str) else ""


def excerpt(tag: Tag, length: int = 80) -> str:
    """The start of the tag, to find it by."""
    line = " ".join(str(tag).split())
    return line if len(line) <= length else line[: length - 1] + "…"
