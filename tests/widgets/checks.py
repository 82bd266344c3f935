"""What the page of every widget must do, to be inherited by its tests, and the tools for the rest.

A widget's page tests begin with a class that says what there is to operate::

    class TestPage(HandleChecks):
        kind = TaylorModelExplorer
        states = ({}, {"function": "kink"})
        sliders = {"point": "expansion point x", "radius": "trust radius r"}
"""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from hnrc_lib.widgets.base import StaticWidget
from tests.browser import PageProbe
from tests.widgets.notebook import Notebook
from tests.widgets.pages import TWO_FRAMES
from tests.widgets.scripts import DRAGGED, EXTREMES, FIRST_DRAW, MEASURE, OUTSIDE, READ, SCROLL_RESTS, SPOKEN

Show = Callable[..., PageProbe]


def number(text: str) -> float:
    """A number as a page writes it."""
    return float(text.translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")).replace("×10", "e"))


def state_names(kind: type[StaticWidget]) -> list[str]:
    """The traits that are the widget's state."""
    return list(kind().state())


def read(probe: PageProbe, kind: type[StaticWidget], index: int = 0) -> dict[str, Any]:
    """What a widget of the page holds and says, once it is drawn; see ``READ`` in scripts.py."""
    return probe.page.evaluate(READ, [index, state_names(kind)])


def read_extremes(probe: PageProbe, kind: type[StaticWidget]) -> list[tuple[str, dict[str, Any]]]:
    """The name of each slider moved and what the page then says: at its end, its start, and between."""
    return [(name, shown) for name, shown in probe.page.evaluate(EXTREMES, [READ, state_names(kind)])]


def canvases(probe: PageProbe, index: int = 0) -> list[str]:
    """The pictures of one widget of the page."""
    probe.page.evaluate(TWO_FRAMES)
    root = probe.page.locator(".hnrc-widget").nth(index)
    return root.locator("canvas").evaluate_all("all => all.map((canvas) => canvas.toDataURL())")


def touch(probe: PageProbe, path: list[tuple[float, float]]) -> None:
    """A finger that goes down at the first point, moves along, and is lifted."""
    session = probe.context.new_cdp_session(probe.page)
    for kind, (x, y) in [("touchStart", path[0]), *(("touchMove", point) for point in path[1:])]:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        probe.page.wait_for_timeout(16)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    probe.page.wait_for_timeout(100)


class PageChecks:
    """What holds for every widget.

    Attributes:
        kind: the widget.
        states: arguments of the widgets that are looked at; the first is operated.
        sliders: trait and accessible name of sliders that the first state does not disable.
    """

    pytestmark = pytest.mark.page
    kind: ClassVar[type[StaticWidget]]
    states: ClassVar[tuple[dict[str, Any], ...]] = ({},)
    sliders: ClassVar[dict[str, str]]

    def widgets(self) -> list[StaticWidget]:
        """A widget in each of the states."""
        return [self.kind(**state) for state in self.states]

    def first_slider(self) -> str:
        """The accessible name of the slider that stands for all."""
        return next(iter(self.sliders.values()))

    @pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 390)])
    def test_axe_finds_nothing(self, show: Show, theme: str, width: int) -> None:
        assert show(*self.widgets(), theme=theme, width=width).axe_violations() == []

    def test_no_width_overflows(self, show: Show) -> None:
        probe = show(*self.widgets(), width=360)
        for width in (360, 390, 620, 832):
            probe.page.set_viewport_size({"width": width, "height": 900})
            probe.page.evaluate(TWO_FRAMES)
            assert probe.page.evaluate("document.documentElement.scrollWidth") <= width
            assert probe.page.locator(".hnrc-widget").evaluate_all(OUTSIDE) == []

    def test_the_theme_changes_every_view_while_the_page_is_open(self, show: Show) -> None:
        probe = show(self.widgets()[0])
        root = probe.page.locator(".hnrc-widget")
        light = canvases(probe)
        probe.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        dark = canvases(probe)
        assert root.get_attribute("data-scheme") == "dark"
        assert all(a != b for a, b in zip(light, dark, strict=True))
        probe.page.evaluate("document.documentElement.dataset.theme = 'light'")
        assert canvases(probe) == light
        still = show(self.widgets()[0], theme="dark", reduced_motion="reduce")
        assert canvases(still) == dark

    def test_resizing_redraws_sharply(self, show: Show) -> None:
        probe = show(self.widgets()[0], device_scale_factor=2)
        for width in (1200, 500):
            probe.page.set_viewport_size({"width": width, "height": 900})
            probe.page.evaluate(TWO_FRAMES)
            sizes = probe.page.locator(".hnrc-widget canvas").evaluate_all(
                "all => all.map((c) => [c.width / c.getBoundingClientRect().width, c.toDataURL().length])"
            )
            assert [size[0] for size in sizes] == pytest.approx([2] * len(sizes), abs=0.01)
            assert min(size[1] for size in sizes) > 2000

    def test_two_widgets_do_not_touch_each_other(self, show: Show) -> None:
        probe = show(self.kind(**self.states[0]), self.kind(**self.states[-1]))
        before = read(probe, self.kind, 0), read(probe, self.kind, 1)
        pictures = canvases(probe, 1)
        probe.page.get_by_label(self.first_slider(), exact=True).first.press("End")
        assert read(probe, self.kind, 0)["state"] != before[0]["state"]
        assert read(probe, self.kind, 1) == before[1]
        assert canvases(probe, 1) == pictures

    def test_keyboard_operates_every_slider_and_reset_goes_back(self, show: Show) -> None:
        probe = show(self.kind())
        first = read(probe, self.kind)["state"]
        for name, label in self.sliders.items():
            trait = self.kind.class_traits()[name]
            slider = probe.page.get_by_label(label, exact=True)
            slider.press("End")
            assert read(probe, self.kind)["state"][name] == trait.maximum
            slider.press("ArrowLeft")
            between = read(probe, self.kind)
            assert trait.minimum < between["state"][name] < trait.maximum
            told = between["sliders"][label]
            assert told["spoken"] == told["shown"]
            assert number(told["shown"]) == pytest.approx(between["state"][name], rel=1e-5)
            slider.press("Home")
            assert read(probe, self.kind)["state"][name] == trait.minimum
        probe.page.get_by_role("button", name="Reset").click()
        assert read(probe, self.kind)["state"] == first

    def test_a_live_view_and_python_hold_one_state(self, notebook: Callable[..., Notebook]) -> None:
        made = notebook(self.kind())
        page = made.probe.page
        for name, label in self.sliders.items():
            trait: Any = self.kind.class_traits()[name]
            slider = page.get_by_label(label, exact=True)
            setattr(made.widget, name, trait.maximum)
            made.flush()
            assert slider.input_value() == slider.get_attribute("max")
            slider.press("Home")
            made.settle()
            assert getattr(made.widget, name) == trait.minimum
        page.evaluate("window.leave()")
        assert page.locator(".hnrc-widget").count() == 0
        setattr(made.widget, next(iter(self.sliders)), getattr(self.kind(), next(iter(self.sliders))))
        made.flush()

    def test_the_state_is_spoken_once_it_rests(self, show: Show) -> None:
        probe = show(self.widgets()[0])
        probe.page.wait_for_function(SPOKEN)
        before = probe.page.locator(".hnrc-spoken").inner_text()
        assert probe.page.evaluate(DRAGGED, self.first_slider()) == [before]
        assert probe.page.locator(".hnrc-sentence").inner_text() not in before
        probe.page.wait_for_function(SPOKEN)

    def test_speed_is_measured(self, show: Show, capsys: pytest.CaptureFixture[str]) -> None:
        loads = [show(self.kind()) for _ in range(3)]
        first = sorted(each.page.evaluate(FIRST_DRAW) for each in loads)[1]
        probe = loads[-1]
        times = probe.page.evaluate(MEASURE, self.first_slider())
        median, slow = times[len(times) // 2], times[int(0.95 * len(times))]
        with capsys.disabled():
            print(f"\n{self.kind.__name__}: first draw {first:.0f} ms after the DOM, median of 3 (bar 150)")
            print(f"slider to frame {median:.1f} ms median, {slow:.1f} ms p95 (bar 16)")
        assert 0 < first < 3000
        assert 0 < slow < 500


class HandleChecks(PageChecks):
    """What holds as well for a widget whose plane has a point to drag.

    Attributes:
        handle: the accessible name of the handle.
        drag: how far a finger drags it, in pixels, each way open in the first state.
        quiet: a place of the plane without a handle, in shares of its width and height.
    """

    handle: ClassVar[str]
    drag: ClassVar[tuple[float, float]] = (60, 40)
    quiet: ClassVar[tuple[float, float]] = (0.8, 0.8)

    def test_touch_drags_the_handle_and_scrolls_elsewhere(self, show: Show) -> None:
        probe = show(self.kind(**self.states[0]), has_touch=True, is_mobile=True, width=390, height=700)
        page, plane = probe.page, probe.page.locator(".hnrc-plane")
        plane.scroll_into_view_if_needed()
        handle = page.get_by_role("slider", name=self.handle, exact=True)
        (x, y), scrolled = _middle(handle), page.evaluate("scrollY")
        shares = [i / 10 for i in range(11)]
        touch(probe, [(x + share * self.drag[0], y + share * self.drag[1]) for share in shares])
        assert page.evaluate("scrollY") == scrolled
        before = read(probe, self.kind)
        assert before["problem"] == ""
        assert _middle(handle)[0] == pytest.approx(x + self.drag[0], abs=2)
        touch(probe, [_within(plane, self.quiet, -12 * i) for i in range(15)])
        assert page.evaluate("scrollY") > scrolled + 50
        assert read(probe, self.kind) == before
        page.evaluate(SCROLL_RESTS)
        page.wait_for_timeout(300)  # a tap right behind a drag is a part of its gesture
        target = _within(plane, self.quiet)
        page.touchscreen.tap(*target)
        page.evaluate(TWO_FRAMES)
        assert _middle(handle)[0] == pytest.approx(target[0], abs=2)
        assert plane.evaluate("el => getComputedStyle(el).touchAction") == "auto"


def _middle(locator: Any) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _within(plane: Any, shares: tuple[float, float], down: float = 0) -> tuple[float, float]:
    box = plane.bounding_box()
    return box["x"] + shares[0] * box["width"], box["y"] + shares[1] * box["height"] + down
