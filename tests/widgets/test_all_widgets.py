"""Every widget of the book on one page, as the gallery shows them."""

import io
import re

import numpy as np
import pytest
from PIL import Image

import hnrc_lib.widgets as every
from hnrc_lib.widgets.base import WIDGETS
from tests.widgets.pages import SAME_LETTERS, TWO_FRAMES
from tests.widgets.pictures import compare, difference, reduced

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


def test_jupyterlab_leaves_the_keys_to_the_controls(show):
    """What has the focus must have this attribute itself: Lumino's commands match it before its parents."""
    controls = show(*(kind() for kind in KINDS)).page.locator(
        ".hnrc-widget :is(input, select, button, [tabindex])"
    )
    kept = controls.evaluate_all("all => all.map((one) => one.hasAttribute('data-lm-suppress-shortcuts'))")
    assert len(kept) > 60
    assert all(kept)


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_of_them_together_look_as_they_were_accepted_and_axe_finds_nothing(show, theme, width):
    probe = show(*(kind() for kind in KINDS), theme=theme, width=width, style=SAME_LETTERS)
    probe.page.evaluate("() => document.fonts.ready")
    probe.page.evaluate(TWO_FRAMES)
    wrong = [
        compare(f"{kind.__name__}-{theme}-{width}", root.screenshot(animations="disabled"))
        for kind, root in zip(KINDS, probe.page.locator(".hnrc-widget").all(), strict=True)
    ]
    assert [line for line in wrong if line] == []
    assert probe.axe_violations() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda pixels: pixels, ""),
        (lambda pixels: pixels + 1, ""),
        (lambda pixels: pixels + 3, "3.00 of 256 in the mean"),
        (
            lambda pixels: np.where(np.arange(40)[:, None, None] < 4, 200, pixels),
            "10.00% of the pixels differ",
        ),
        (lambda pixels: pixels[:-4], "size (20, 10) became (20, 9)"),
    ],
    ids=["same", "rounding", "shade", "part", "size"],
)
def test_an_eye_and_the_comparison_agree(change, said):
    pixels = np.full((40, 80, 3), 100)

    def picture(values):
        file = io.BytesIO()
        Image.fromarray(values.astype(np.uint8)).save(file, "png")
        return reduced(file.getvalue())

    assert said in difference(picture(pixels), picture(change(pixels)))
    assert bool(said) == bool(difference(picture(pixels), picture(change(pixels))))


def test_every_rule_of_a_widget_is_its_own_and_stronger_than_the_shared_ones():
    sheets = {path.parent.name: path.read_text("utf-8") for path in WIDGETS.glob("*/widget.css")}
    assert len(sheets) == 12
    for name, sheet in sheets.items():
        plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
        heads = re.findall(r"(?:^|[{};])\s*([^{};@]+)\{", plain)
        assert heads, name
        for head in heads:
            assert re.match(r"\.hnrc-widget\.hnrc-[a-z-]+(?=[\s:\[.]|$)", head.strip()), (name, head)
