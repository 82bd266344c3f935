"""Figures that code cells show get a number and a label, like those written in the text."""

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

_OPENING = '<figure class="hnrc-figure"'
_NAME = re.compile(r'^<figure class="hnrc-figure"[^>]*? data-name="([^"]+)"')
_SEE = re.compile(r'<span class="hnrc-see">(.*?)</span> <span class="hnrc-source">', re.DOTALL)


class BookFigure(nodes.General, nodes.Element):
    """A figure that ``hnrc_lib.book.figure`` showed; ``markup`` holds its HTML."""


class ReferToNumbers(SphinxTransform):
    """Make ``[](#fig-spectrum)`` read "Figure 1.2", on the same page and on others."""

    default_priority = 310

    def apply(self, **kwargs: Any) -> None:
        """Run over a page that was just read."""
        for link in list(self.document.findall(nodes.reference)):
            target = str(link.get("refuri", ""))
            if link.get("id_link") and not link.children and target.startswith("#fig-"):
                number = addnodes.pending_xref(
                    refdoc=self.env.docname,
                    refdomain="std",
                    reftype="numref",
                    reftarget=target[1:],
                    refexplicit=False,
                    refwarn=True,
                )
                number += nodes.literal("", target[1:], classes=["xref", "std", "std-numref"])
                number.source, number.line = link.source, link.line
                link.replace_self(number)


class NumberFigures(SphinxTransform):
    """Replace the HTML of shown figures by nodes that Sphinx numbers and refers to."""

    default_priority = 300

    def apply(self, **kwargs: Any) -> None:
        """Run over a page that was just read."""
        shown = [
            raw
            for raw in self.document.findall(nodes.raw)
            if raw.get("format") == "html" and raw.astext().startswith(_OPENING)
        ]
        for position, raw in enumerate(shown, start=1):
            figure = BookFigure(markup=raw.astext())
            figure.source, figure.line = raw.source, raw.line
            match = _NAME.match(figure["markup"])
            figure["names"] = [match[1] if match else f"figure-{position}"]
            if match:
                self.document.note_explicit_target(figure, figure)
            else:
                self.document.set_id(figure)
            raw.replace_self(figure)


def _title(node: nodes.Node) -> str:
    assert isinstance(node, nodes.Element)
    match = _SEE.search(node["markup"])
    return re.sub(r"<[^>]+>", "", match[1]) if match else ""


def _visit_html(self: Any, node: nodes.Element) -> None:
    before, caption, after = node["markup"].partition("<figcaption>")
    opening = f'{_OPENING} id="{node["ids"][0]}"'
    self.body.append(before.replace(_OPENING, opening, 1) + caption)
    self.add_fignumber(node)
    words, source, rest = after.partition(' <span class="hnrc-source">')
    self.body.append(words)
    self.add_permalink_ref(node, "Link to this figure")
    self.body.append(source + rest)
    raise nodes.SkipNode


def _visit_other(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def _depart(self: Any, node: nodes.Element) -> None:
    """Never reached: visiting wrote all."""


def setup(app: Sphinx) -> None:
    """Register the node, its numbering and its rendering."""
    app.add_enumerable_node(
        BookFigure, "figure", _title, html=(_visit_html, _depart), text=(_visit_other, _depart)
    )
    app.add_transform(NumberFigures)
    app.add_transform(ReferToNumbers)
