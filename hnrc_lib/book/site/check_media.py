"""Pictures, sounds and widgets can be read out."""

import re
from collections.abc import Iterator

from bs4 import Tag

from hnrc_lib.book.site.page import Page, attribute, classes, excerpt

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_FILE_NAME = re.compile(r"\S+\.(png|jpe?g|gif|svg|webp)", re.IGNORECASE)


def check_images(page: Page) -> Iterator[str]:
    """Every picture says in words what it shows; only the theme's decoration may say nothing."""
    for image in page.whole.find_all("img"):
        alt = attribute(image, "alt")
        decoration = image.find_parent(page.article.name, class_=classes(page.article)) is None
        if not image.has_attr("alt") or (not alt and not decoration):
            yield f"picture without alternative text: {excerpt(image)}"
        elif _FILE_NAME.fullmatch(alt):
            yield f"alternative text must be words, got the file name {alt!r}"
    for drawing in page.article.find_all("svg"):
        if attribute(drawing, "aria-hidden") != "true" and not _drawing_title(drawing):
            yield f"drawing without aria-label or <title>: {excerpt(drawing)}"


def check_sounds(page: Page) -> Iterator[str]:
    """Every player says what is heard."""
    for player in page.whole.find_all(["audio", "video"]):
        if not attribute(player, "aria-label"):
            yield f"{player.name} without aria-label; show it with hnrc_lib.book.listen: {excerpt(player)}"


def check_widgets(page: Page) -> Iterator[str]:
    """Every widget has a picture of its first state, with words, for readers without JavaScript."""
    for view in page.whole.find_all("script", type=WIDGET_VIEW):
        holder = view.parent
        picture = holder.find("img") if isinstance(holder, Tag) else None
        if not isinstance(picture, Tag) or not attribute(picture, "alt"):
            yield "widget without a picture and its words; derive it from hnrc_lib.widgets.base.StaticWidget"


def _drawing_title(drawing: Tag) -> str:
    title = drawing.find("title")
    return attribute(drawing, "aria-label") or (title.get_text().strip() if isinstance(title, Tag) else "")
