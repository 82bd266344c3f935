"""Where a link of the book leads once the page has become a notebook."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote

from hnrc_lib.book.twins.book import Book, Page
from hnrc_lib.book.twins.errors import NoForm
from hnrc_lib.book.twins.labels import Label, Labels, heading_slug
from hnrc_lib.book.twins.paths import twin_path

_OUTSIDE = re.compile(r"(https?:|mailto:|data:)")


@dataclass(frozen=True)
class Destination:
    """What a link means.

    Args:
        address: what to write into the notebook.
        label: the labelled thing, if it is one.
        page: the page it is or lies on, if it is of this book.
    """

    address: str
    label: Label | None = None
    page: Page | None = None


class Links:
    """Finds addresses from one page.

    Args:
        book: the book.
        labels: its labels.
        page: the page on which the links stand.
    """

    def __init__(self, book: Book, labels: Labels, page: Page) -> None:
        self._book, self._labels, self._page = book, labels, page
        self.used_anchors: set[str] = set()

    def resolve(self, target: str) -> Destination:
        """Find what ``[text](target)`` points at.

        Raises:
            NoForm: nothing of that name exists.
        """
        if _OUTSIDE.match(target):
            return Destination(target)
        target = unquote(target.removeprefix("project:"))
        path, _, fragment = target.partition("#")
        if not path:
            return self._fragment(self._page, fragment)
        name = self._from_root(path)
        page = self._book.page(name.removesuffix(".md"))
        if page is not None:
            return self._fragment(page, fragment) if fragment else Destination(self._to(page), page=page)
        if not (self._book.root / name).exists():
            raise NoForm(f"link must point at a page, label or file of the book, got {target!r}")
        return Destination(self._to_file(name))

    def label(self, name: str) -> Destination:
        """Find a label.

        Raises:
            NoForm: nothing of that name exists.
        """
        label = self._labels.find(name)
        if label is None:
            raise NoForm(f"label must exist in the book, got {name!r}")
        page = self._book.page(label.page)
        assert page is not None
        return Destination(self._to(page, _anchor(label)), label=label, page=page)

    def page(self, target: str) -> Destination:
        """Find a page as ``{doc}`` names it: without ending, from here or from the root."""
        page = self._book.page(self._from_root(target).removesuffix(".md"))
        if page is None:
            raise NoForm(f"page must be in _toc.yml, got {target!r}")
        return Destination(self._to(page), page=page)

    def file(self, target: str) -> str:
        """Path of a file below the book's root."""
        return self._from_root(unquote(target))

    def _fragment(self, page: Page, fragment: str) -> Destination:
        if self._labels.find(fragment) is not None:
            return self.label(fragment)
        heading = heading_slug(page, fragment)
        if heading is None:
            raise NoForm(f"label must exist in the book, got {fragment!r}")
        label = Label("section", page.name, fragment, "", heading.text)
        return Destination(self._to(page, anchor_name(fragment)), label=label, page=page)

    def _from_root(self, path: str) -> str:
        folder = "/" if path.startswith("/") else f"/{posixpath.dirname(self._page.name)}"
        return posixpath.normpath(posixpath.join(folder, path)).lstrip("/")

    def _to(self, page: Page, anchor: str = "") -> str:
        if page.name == self._page.name:
            self.used_anchors.add(anchor)
            return f"#{anchor}"
        if self._book.site:
            return f"{self._book.site}/{page.name}.html" + (f"#{anchor}" if anchor else "")
        return self._relative(twin_path(page.name)) if page.has_code else self._to_file(page.path)

    def _to_file(self, path: str) -> str:
        if self._book.address:
            return f"{self._book.address}/blob/{self._book.branch}/{path}"
        return self._relative(path)

    def _relative(self, path: str) -> str:
        return posixpath.relpath(path, posixpath.dirname(twin_path(self._page.name)))


def anchor_name(label: str) -> str:
    """A label as it stands in an address: Sphinx writes lower case and hyphens.

    >>> anchor_name("Eq Step_1")
    'eq-step-1'
    """
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


def _anchor(label: Label) -> str:
    if label.kind == "term":
        return "-".join(label.anchor.split())
    return anchor_name(f"equation-{label.anchor}" if label.kind == "equation" else label.anchor)
