"""Every widget of the book on one page, as the gallery shows them."""

import re

import pytest

import hnrc_lib.widgets as every
from hnrc_lib.widgets.base import WIDGETS

pytestmark = pytest.mark.page

KINDS = [getattr(every, name) for name in every.__all__]
# Of each widget by its label, where its parts lie within it and how their text is set.
PARTS = """all => Object.fromEntries(all.map((root) => {
  const { left, top } = root.getBoundingClientRect();
  const place = (part) => {
    const box = part.getBoundingClientRect(), style = getComputedStyle(part);
    return [part.className, ...[box.left - left, box.top - top, box.width, box.height].map(Math.round),
            style.color, style.font, style.cursor, style.display].join(" ");
  };
  const shown = [...root.querySelectorAll("*")].filter((part) => part.getClientRects().length);
  return [root.getAttribute("aria-label"), shown.map(place)];
}))"""


def test_there_are_twelve():
    assert len(KINDS) == 12


def test_no_widget_changes_how_another_looks(show):
    """Style sheets reach the whole page, in the order of the widgets: the order must not show."""
    forward, backward = (
        show(*(kind() for kind in order), width=1200).page.locator(".hnrc-widget").evaluate_all(PARTS)
        for order in (KINDS, KINDS[::-1])
    )
    assert len(forward) == 12
    for label, parts in forward.items():
        assert parts == backward[label], label


@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 390)])
def test_axe_finds_nothing_in_all_of_them_together(show, theme, width):
    assert show(*(kind() for kind in KINDS), theme=theme, width=width).axe_violations() == []


def test_every_rule_of_a_widget_is_its_own_and_stronger_than_the_shared_ones():
    sheets = {path.parent.name: path.read_text("utf-8") for path in WIDGETS.glob("*/widget.css")}
    assert len(sheets) == 12
    for name, sheet in sheets.items():
        plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
        heads = re.findall(r"(?:^|[{};])\s*([^{};@]+)\{", plain)
        assert heads, name
        for head in heads:
            assert re.match(r"\.hnrc-widget\.hnrc-[a-z-]+(?=[\s:\[.]|$)", head.strip()), (name, head)
