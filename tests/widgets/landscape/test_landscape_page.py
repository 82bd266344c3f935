"""The landscape viewer in a static page, operated as a reader would."""

from typing import Any, ClassVar

import numpy as np
import pytest

from hnrc_lib.widgets import LandscapeViewer
from hnrc_lib.widgets.landscape import reference
from hnrc_lib.widgets.landscape.widget import RUNS
from hnrc_lib.widgets.number_format import format_number
from tests.browser import PageProbe
from tests.widgets.checks import PageChecks, Show, canvases, number, read, read_extremes, touch

pytestmark = pytest.mark.page
STATE = ("run", "current", "turn", "tilt", "zoom", "mark")
LABELS = ("Undamped", "Clipped", "Damped", "With decay")
NAMES = ("Undamped run", "Clipped run", "Damped run", "Run with decay")
VIEW = "View of the surface"


class TestPage(PageChecks):
    kind = LandscapeViewer
    states: ClassVar = ({}, {"run": "damped", "turn": 120.0, "tilt": 90.0, "zoom": 2.5, "current": 10})
    sliders: ClassVar = {"turn": "turn °", "tilt": "tilt °", "zoom": "zoom"}


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    """Every label equals the state and the reference; returns the state."""
    state = {name: shown["state"][name] for name in STATE}
    widget = LandscapeViewer(**state)
    index, k = RUNS.index(state["run"]), widget.step()
    last = len(widget.own_losses(state["run"])) - 1
    step = shown["sliders"]["step"]
    assert step["shown"] == step["spoken"] == f"{k * widget.every} of {last * widget.every}"
    for name, label in TestPage.sliders.items():
        assert number(shown["sliders"][label]["shown"]) == pytest.approx(state[name], rel=1e-5)
    own = format_number(float(widget.own_losses(state["run"])[k]))
    assert shown["sentence"].startswith(f"{NAMES[index]}, step {step['shown']}: loss {own}, ")
    below = format_number(widget.plane_loss(widget.path(state["run"])[k]))
    assert f"whose loss below it is {below}. " in shown["sentence"]
    u, v = (format_number(float(x)) for x in widget.coordinates(state["mark"]))
    mark = f"loss {format_number(widget.plane_loss(state['mark']))} at u = {u}, v = {v}"
    assert shown["handles"]["Marked point"] == mark
    assert f"Marked: {mark}. " in shown["sentence"]
    assert shown["titles"][1] == f"From above: {mark}"
    assert shown["outcomes"][0].endswith(f"{round(100 * widget.explained_of[index])} % of this one’s.")
    assert shown["chosen"] == [state["run"]]
    assert shown["problem"] == ""
    return state


def check(probe: PageProbe) -> dict[str, Any]:
    return check_shown(read(probe, LandscapeViewer))


def relief_point(probe: PageProbe, state: dict[str, Any], point: Any) -> tuple[float, float]:
    """Where a point of the surface lies on the screen, at no enlargement, from the plane's box alone."""
    box = probe.page.locator(".hnrc-plane").bounding_box()
    height = reference.height_at(LandscapeViewer().surface(), point)
    right, up, _ = reference.project(np.array([[*point, height]]), state["turn"], state["tilt"])[0]
    scale = 0.34 * min(box["width"], 1.2 * box["height"])
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return x + scale * right, y - scale * up


def twin_point(probe: PageProbe, point: Any) -> tuple[float, float]:
    box = probe.page.locator(".hnrc-map").bounding_box()
    x, y = ((1 + point[0]) / 2, (1 - point[1]) / 2)
    return box["x"] + 2 + x * (box["width"] - 4), box["y"] + 2 + y * (box["height"] - 4)


def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    probe = show(LandscapeViewer())
    for label, run in zip(LABELS, RUNS, strict=True):
        probe.page.get_by_role("radio", name=label, exact=True).check(force=True)
        assert check(probe)["run"] == run
        for key, place in (("Home", 0), ("End", 40)):
            probe.page.get_by_label("step", exact=True).press(key)
            assert check(probe)["current"] == place
    states = [check_shown(shown) for _, shown in read_extremes(probe, LandscapeViewer)]
    assert [state["turn"] for state in states[:2]] == [180, -180]
    assert [state["zoom"] for state in states[6:8]] == [4, 1]


def test_keys_turn_tilt_enlarge_and_go_home(show: Show) -> None:
    probe = show(LandscapeViewer(turn=175.0, tilt=85.0))
    view = probe.page.get_by_role("slider", name=VIEW)
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowUp", "ArrowUp", "+"):
        view.press(key)
    state = check(probe)
    assert (state["turn"], state["tilt"], state["zoom"]) == (-165, 90, 1.25)
    assert view.get_attribute("aria-valuetext") == "turned by −165°, tilted by 90°, enlarged 1.25×"
    for key in ("ArrowDown", "ArrowLeft", "-", "-"):
        view.press(key)
    state = check(probe)
    assert (state["turn"], state["tilt"], state["zoom"]) == (-170, 85, 1)
    view.press("Home")
    state = check(probe)
    assert (state["turn"], state["tilt"], state["zoom"]) == (-60, 40, 1)


def test_dragging_turns_and_hovering_marks_the_same_point_on_both(show: Show) -> None:
    probe = show(LandscapeViewer(tilt=85.0))
    mouse, before = probe.page.mouse, check(probe)
    target = (0.3, -0.2)
    mouse.move(*relief_point(probe, before, target))
    found = check(probe)["mark"]
    assert found == pytest.approx(target, abs=0.03)
    handle = probe.page.locator(".hnrc-handle").bounding_box()
    centre = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    assert centre == pytest.approx(twin_point(probe, found), abs=1)
    mouse.down()
    x, y = relief_point(probe, before, target)
    mouse.move(x + 50, y - 25, steps=4)
    mouse.up()
    state = check(probe)
    assert (state["turn"], state["tilt"]) == (pytest.approx(-40, abs=0.2), pytest.approx(75, abs=0.2))
    pictures = canvases(probe)
    mouse.move(*twin_point(probe, (-0.5, 0.25)))
    assert check(probe)["mark"] == pytest.approx([-0.5, 0.25], abs=0.01)
    after = canvases(probe)
    assert after[0] == pictures[0]  # the surface stays, the mark on it moves
    assert after[1] != pictures[1]


def test_the_mark_is_dragged_and_lowest_finds_the_grid_s_minimum(show: Show) -> None:
    widget = LandscapeViewer(mark=(0.0, 0.0))
    probe = show(widget)
    mouse = probe.page.mouse
    mouse.move(*twin_point(probe, (0, 0)))
    mouse.down()
    mouse.move(*twin_point(probe, (0.6, -0.6)), steps=3)
    mouse.up()
    assert check(probe)["mark"] == pytest.approx([0.6, -0.6], abs=0.02)
    probe.page.get_by_role("button", name="Lowest").click()
    assert check(probe)["mark"] == list(widget.lowest())


def test_the_wheel_enlarges_only_a_surface_in_use(show: Show) -> None:
    probe = show(LandscapeViewer())
    box = probe.page.locator(".hnrc-plane").bounding_box()
    probe.page.mouse.move(box["x"] + 20, box["y"] + 20)
    probe.page.mouse.wheel(0, -200)
    assert check(probe)["zoom"] == 1
    probe.page.get_by_role("slider", name=VIEW).focus()
    probe.page.mouse.wheel(0, -200)
    probe.page.wait_for_timeout(100)
    assert check(probe)["zoom"] == pytest.approx(1.35)


def test_a_finger_turns_sideways_and_scrolls_upwards(show: Show) -> None:
    probe = show(LandscapeViewer(), has_touch=True, is_mobile=True, width=390, height=700)
    plane = probe.page.locator(".hnrc-orbit")
    plane.scroll_into_view_if_needed()
    box, scrolled = plane.bounding_box(), probe.page.evaluate("scrollY")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(probe, [(x + 10 * i, y) for i in range(8)])
    state = check(probe)
    assert -60 < state["turn"] < -20
    assert (state["tilt"], probe.page.evaluate("scrollY")) == (40, scrolled)
    touch(probe, [(x, y + 60 - 14 * i) for i in range(14)])
    assert probe.page.evaluate("scrollY") > scrolled + 50
    assert check(probe)["tilt"] == 40


def test_two_fingers_enlarge(show: Show) -> None:
    probe = show(LandscapeViewer(), has_touch=True, is_mobile=True, width=390, height=700)
    box = probe.page.locator(".hnrc-orbit").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = probe.context.new_cdp_session(probe.page)
    for kind, apart in (("touchStart", 40), *(("touchMove", 40 + 10 * i) for i in range(1, 5))):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        probe.page.wait_for_timeout(16)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert check(probe)["zoom"] == pytest.approx(2, abs=0.3)


def test_play_walks_to_the_end_at_once_with_reduced_motion(show: Show) -> None:
    probe = show(LandscapeViewer(current=38), reduced_motion="reduce")
    probe.page.get_by_role("button", name="Play").click()
    assert check(probe)["current"] == 40


def test_corpus_model_record_and_settings_are_named(show: Show) -> None:
    probe = show(LandscapeViewer())
    told = probe.page.locator(".hnrc-caption").inner_text()
    assert told == LandscapeViewer().caption
    assert "FSDD, george held out" in told
    assert "record landscape_runs" in told
