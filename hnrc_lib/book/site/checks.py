"""What a finished page must satisfy; each breach is a warning, and the build treats warnings as errors."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

from hnrc_lib.book.site.check_figures import check_cell_pictures, check_provenance
from hnrc_lib.book.site.check_media import check_images, check_sounds, check_widgets
from hnrc_lib.book.site.check_text import check_markup
from hnrc_lib.book.site.page import Page, read_page

LOGGER = logging.getLogger(__name__)
CHECKS: dict[str, Callable[[Page], Iterator[str]]] = {
    "alt": check_images,
    "figure": check_cell_pictures,
    "provenance": check_provenance,
    "sound": check_sounds,
    "widget": check_widgets,
    "markup": check_markup,
}


def check_site(app: Sphinx, exception: Exception | None) -> None:
    """Sphinx's ``build-finished`` event: read every written page as a reader's browser would get it."""
    if exception is not None or app.builder.format != "html":
        return
    for name in sorted(app.env.found_docs):
        file = Path(app.builder.get_outfilename(name))  # pyright: ignore[reportAttributeAccessIssue]
        page = read_page(file, name, records=app.config.hnrc_records)
        for subtype, check in CHECKS.items():
            for problem in check(page):
                LOGGER.warning("%s", problem, location=name, type="hnrc", subtype=subtype)
