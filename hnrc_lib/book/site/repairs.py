"""Small repairs of third-party markup that readers with a screen reader would stumble over."""

import re
from typing import Any

from sphinx.application import Sphinx

_IMAGE = re.compile(r"<img (?![^>]*\bloading=)")


def repair(body: str) -> str:
    """Mend the body of a page.

    docutils puts bibliography entries with a role that ARIA has withdrawn into a list that may only hold list
    items; pictures further down are loaded when the reader comes near.

    >>> repair('<div class="citation" role="doc-biblioentry"><img src="a.png">')
    '<div class="citation" role="listitem"><img loading="lazy" src="a.png">'
    """
    listed = body.replace('role="doc-biblioentry"', 'role="listitem"')
    return _IMAGE.sub('<img loading="lazy" ', listed)


def repair_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Sphinx's ``html-page-context`` event."""
    if "body" in context:
        context["body"] = repair(context["body"])
