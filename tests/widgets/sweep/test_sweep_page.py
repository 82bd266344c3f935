"""The sweep explorer in a static page, operated as a reader would."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from hnrc_lib.widgets import SweepExplorer
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.packed import unpack_array
from hnrc_lib.widgets.sweep import reference
from tests.browser import PageProbe
from tests.widgets.checks import PageChecks, Show, read
from tests.widgets.notebook import Notebook
from tests.widgets.pages import TWO_FRAMES

pytestmark = pytest.mark.page
HANDLE = "Damping and clipping"
STATE = ("damping", "decay", "clip", "measure", "pinned")


class TestPage(PageChecks):
    kind = SweepExplorer
    states = ({}, {"damping": 3, "clip": 2, "measure": "error", "pinned": [1, 1, 1]})
    sliders: ClassVar[dict[str, str]] = {"decay": "decay"}

    def test_keyboard_operates_every_slider_and_reset_goes_back(self, show: Show) -> None:
        probe = show(SweepExplorer())
        slider = probe.page.get_by_label("decay", exact=True)
        for key, place in (("End", 3), ("ArrowLeft", 2), ("Home", 1), ("ArrowRight", 2)):
            slider.press(key)
            assert check(probe)["decay"] == place
        probe.page.get_by_role("button", name="Reset").click()
        assert check(probe) == {name: SweepExplorer().state()[name] for name in STATE}

    def test_a_live_view_and_python_hold_one_state(self, notebook: Callable[..., Notebook]) -> None:
        made = notebook(SweepExplorer())
        made.widget.decay, made.widget.damping = 2, 4
        made.flush()
        assert made.sentence().startswith("λ = 0.3, decay 0.1, no clipping: ")
        heard: list[Any] = []
        made.widget.observe(lambda change: heard.append((change["name"], change["new"])), ["clip", "pinned"])
        handle = made.probe.page.get_by_role("slider", name=HANDLE, exact=True)
        handle.press("ArrowRight")
        handle.press("Enter")
        made.settle()
        assert heard == [("clip", 2), ("pinned", [4, 2, 2])]
        made.probe.page.evaluate("window.leave()")
        assert made.probe.page.locator(".hnrc-widget").count() == 0
        made.widget.decay = 1


def check(probe: PageProbe, index: int = 0) -> dict[str, Any]:
    """Every label of the page equals the state and the reference; returns the state."""
    shown = read(probe, SweepExplorer, index)
    state = {name: shown["state"][name] for name in STATE}
    explorer = SweepExplorer(**state)
    loss, error = explorer.summary("train_loss"), explorer.summary("test_error")
    clipped = float(explorer.numbers("clipped")[explorer.places()].mean())
    assert shown["handles"][HANDLE] == explorer.describe()
    assert shown["sentence"][1:] == (
        f"{explorer.describe()[1:]}: the loss ends at {format_number(loss.mean[-1])} "
        f"({format_number(loss.low[-1])} to {format_number(loss.high[-1])} by seed), the test error at "
        f"{format_number(100 * error.mean[-1])} %; {format_number(100 * clipped)} % of the steps are clipped."
    )
    assert (shown["kinds"], shown["outcomes"]) == (["finished"], ["None of 3 runs diverges."])
    heard, digits = explorer.heard_by_seed(), unpack_array(explorer.digits)
    wrong = format_number(reference.mean_misread(heard, digits))
    assert f"Misread on average: {wrong} of 40 test clips of voices never trained on" in shown["titles"]
    titles = explorer.titles.split("\n")
    expected = [
        f"▶ {titles[clip]}: heard {', '.join('right' if one == digits[clip] else str(one) for one in found)}"
        for clip, found in reference.misread(heard, digits)
    ]
    assert probe.page.locator(".hnrc-clips").nth(index).locator("button").all_inner_texts() == expected
    assert shown["chosen"] == [state["measure"]]
    assert shown["problem"] == ""
    return state


def test_arrow_keys_and_clicks_choose_and_enter_pins(show: Show) -> None:
    probe = show(SweepExplorer())
    handle = probe.page.get_by_role("slider", name=HANDLE, exact=True)
    for key, place in (
        ("ArrowDown", (2, 1)),
        ("ArrowRight", (2, 2)),
        ("ArrowUp", (1, 2)),
        ("ArrowUp", (1, 2)),
    ):
        handle.press(key)
        state = check(probe)
        assert (state["damping"], state["clip"]) == place
    handle.press("Enter")
    assert check(probe)["pinned"] == [1, 1, 2]
    box = probe.page.locator(".hnrc-plane").bounding_box()
    probe.page.mouse.click(box["x"] + box["width"] - 30, box["y"] + box["height"] - 30)
    state = check(probe)
    assert (state["damping"], state["clip"], state["pinned"]) == (4, 3, [1, 1, 2])
    assert "Pinned for comparison: no damping" in read(probe, SweepExplorer)["said"]
    probe.page.get_by_role("button", name="Pin").click()
    assert check(probe)["pinned"] == [4, 1, 3]
    probe.page.get_by_role("button", name="Unpin").click()
    assert check(probe)["pinned"] == [0, 0, 0]


def test_hovering_draws_another_curve_and_changes_no_state(show: Show) -> None:
    probe = show(SweepExplorer())
    before = check(probe)
    curve = probe.page.locator(".hnrc-loss canvas")
    picture = curve.evaluate("canvas => canvas.toDataURL()")
    box = probe.page.locator(".hnrc-plane").bounding_box()
    probe.page.mouse.move(box["x"] + box["width"] - 30, box["y"] + box["height"] - 30)
    assert check(probe) == before
    assert curve.evaluate("canvas => canvas.toDataURL()") != picture
    probe.page.mouse.move(box["x"] + 60, box["y"] - 40)
    check(probe)
    assert curve.evaluate("canvas => canvas.toDataURL()") == picture


@pytest.mark.parametrize("measure", reference.MEASURES)
def test_best_is_the_least_of_what_is_coloured(show: Show, measure: str) -> None:
    probe = show(SweepExplorer(measure=measure))
    probe.page.get_by_role("button", name="Best").click()
    explorer = SweepExplorer(**check(probe))
    assert explorer.finals()[explorer.places()] == explorer.finals().min()


def test_a_misread_clip_plays_and_stops(show: Show) -> None:
    probe = show(SweepExplorer())
    first = probe.page.locator(".hnrc-clips button").first
    text = first.inner_text()
    for shown in (text.replace("▶", "■"), text):
        first.click()
        probe.page.evaluate(TWO_FRAMES)
        assert first.inner_text() == shown
