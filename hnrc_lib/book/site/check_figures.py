"""Figures come through ``hnrc_lib.book.figure`` and say where their numbers come from."""

from collections.abc import Iterator

from bs4 import Tag

from hnrc_lib.book.site.check_media import WIDGET_VIEW
from hnrc_lib.book.site.page import Page, attribute, excerpt, text_of
from hnrc_lib.experiments.record import load_record

REMEDY = "show it with hnrc_lib.book.figure(draw, alt=…, see=…)"


def check_cell_pictures(page: Page) -> Iterator[str]:
    """No code cell shows a picture of its own: it would have no words, no source and no dark rendering."""
    for output in page.article.select(".cell_output"):
        for picture in output.find_all(["img", "svg"]):
            shown = picture.find_parent("figure", class_="hnrc-figure") is not None
            if not shown and not _belongs_to_widget(picture):
                yield f"a code cell shows a bare picture; {REMEDY}: {excerpt(picture)}"


def check_provenance(page: Page) -> Iterator[str]:
    """Every figure is computed on its page or names a record, whose caption it prints."""
    for figure in page.whole.select("figure.hnrc-figure"):
        if not all(text_of(figure.select_one(f"figcaption .hnrc-{part}")) for part in ("see", "source")):
            yield f"figure without a sentence or a source in its caption: {excerpt(figure)}"
        if figure.has_attr("data-live") == figure.has_attr("data-record"):
            yield f"figure must be either live or recorded; {REMEDY}: {excerpt(figure)}"
    for shown in page.whole.select("[data-record]"):
        yield from _record_problems(shown, page.records)


def _belongs_to_widget(picture: Tag) -> bool:
    return picture.parent is not None and picture.parent.find("script", type=WIDGET_VIEW) is not None


def _record_problems(shown: Tag, folder: str | None) -> Iterator[str]:
    name = attribute(shown, "data-record")
    try:
        record = load_record(name, folder)
    except (OSError, ValueError, KeyError) as error:
        yield f"figure shows record {name!r}, which does not load: {error}"
        return
    words = text_of(shown)
    if " ".join(record.caption().split()) not in words:
        yield f"figure shows record {name!r} but does not print its caption {record.caption()!r}"
    if record.provenance.scale == "reduced" and "reduced" not in words:
        yield f"figure shows record {name!r}, a reduced run, but does not say so"
