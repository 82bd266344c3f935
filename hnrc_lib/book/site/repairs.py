"""Small repairs of third-party markup that readers with a screen reader would stumble over."""

import re
from typing import Any

from sphinx.application import Sphinx

_SIGNATURE = re.compile(r"<dt class=\"sig .*?</dt>", re.DOTALL)
_LINES = {"<dl>": '<span class="hnrc-lines">', "<dd>": "<span>", "</dd>": "</span>", "</dl>": "</span>"}
_IMAGE = re.compile(r"<img (?![^>]*\bloading=)")


def repair(body: str) -> str:
    """Mend the body of a page.

    docutils puts bibliography entries with a role that ARIA has withdrawn into a list that may only hold list
    items; Sphinx sets the lines of a long signature as a list that has no terms; pictures further down are
    loaded when the reader comes near.

    >>> repair('<div class="citation" role="doc-biblioentry"><img src="a.png">')
    '<div class="citation" role="listitem"><img loading="lazy" src="a.png">'
    """
    listed = body.replace('role="doc-biblioentry"', 'role="listitem"')
    listed = _SIGNATURE.sub(lambda found: _as_lines(found[0]), listed)
    return _IMAGE.sub('<img loading="lazy" ', listed)


def _as_lines(signature: str) -> str:
    for old, new in _LINES.items():
        signature = signature.replace(old, new)
    return signature


def repair_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Sphinx's ``html-page-context`` event."""
    if "body" in context:
        context["body"] = repair(context["body"])
