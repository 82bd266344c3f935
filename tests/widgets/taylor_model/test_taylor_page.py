"""The Taylor model explorer in a static page, operated as a reader would."""

from typing import Any

import pytest

from hnrc_lib.widgets import TaylorModelExplorer
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.taylor_model import reference
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, number, read, read_extremes

pytestmark = pytest.mark.page
SLIDERS = {"point": "expansion point x", "radius": "trust radius r"}
HANDLES = {"point": ("Expansion point x", "x"), "radius": ("Trust radius r", "r")}


class TestPage(HandleChecks):
    kind = TaylorModelExplorer
    states = (
        {"point": -2.0},
        {"function": "cliff", "point": 2.5, "radius": 3.0},
        {"function": "kink", "point": 0.0},
    )
    sliders = SLIDERS
    handle = "Expansion point x"
    quiet = (0.85, 0.3)


def check_labels(probe: PageProbe, index: int = 0) -> dict[str, Any]:
    """Every label of the page equals the state; returns the state."""
    return check_shown(read(probe, TaylorModelExplorer, index))


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    """Every label equals the state; returns the state."""
    state = shown["state"]
    found = reference.inspect(state)
    for name in ("point", "radius"):
        slider = shown["sliders"][SLIDERS[name]]
        assert slider["spoken"] == slider["shown"]
        assert number(slider["shown"]) == pytest.approx(state[name], rel=1e-5)
        label, symbol = HANDLES[name]
        assert shown["handles"][label] == f"{symbol} = {slider['shown']}"
    sentence = shown["sentence"]
    assert sentence.startswith(f"At {shown['handles']['Expansion point x']} with ")
    assert (
        f"s = {format_number(found.step)}, the step of damping λ = {format_number(found.damping)}; "
        in sentence
    )
    if found.ratio is None:
        assert "no gain ratio" in sentence
    elif found.predicted > 1e-6:
        assert f"gain ratio ρ = {format_number(found.ratio)}." in sentence
    assert shown["kinds"] == [found.verdict]
    if found.ratio is not None:
        assert shown["outcomes"][0].startswith("Step taken" if found.accepted else "Step refused")
    slopes = reference.error_slopes(state["function"], state["point"])
    assert f"slopes {format_number(float(slopes[0]))} and " in shown["titles"][0]
    assert shown["problem"] == ""
    assert shown["chosen"] == [state["function"]]
    return state


def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    probe = show(TaylorModelExplorer())
    for label in ("Well", "Saddle", "Cliff", "Kink"):
        probe.page.get_by_role("radio", name=label).check(force=True)
        first = check_labels(probe)
        assert first["function"] == label.lower()
        states = [check_shown(shown) for _, shown in read_extremes(probe, TaylorModelExplorer)]
        assert [state["point"] for state in states[:2]] == [3, -3]
        assert [state["radius"] for state in states[3:5]] == [3, 0.01]


def test_keyboard_moves_both_handles(show: Show) -> None:
    probe = show(TaylorModelExplorer(point=0.5, radius=1.0))
    for name, start in (("point", 0.5), ("radius", 1.0)):
        handle = probe.page.get_by_role("slider", name=HANDLES[name][0], exact=True)
        assert handle.get_attribute("aria-roledescription") is None
        for key, change in [
            ("ArrowRight", 0.05),
            ("ArrowUp", 0.1),
            ("Shift+ArrowLeft", -0.15),
            ("ArrowDown", -0.2),
        ]:
            handle.press(key)
            assert check_labels(probe)[name] == pytest.approx(start + change)
        for _ in range(20):
            handle.press("Shift+ArrowLeft")
        trait = TaylorModelExplorer.class_traits()[name]
        assert check_labels(probe)[name] == trait.minimum


def plane_point(
    probe: PageProbe, state: dict[str, Any], x: float, y: float | None = None
) -> tuple[float, float]:
    """Where a point lies on the screen, from the plane's box alone; without y, on the trust region's bar."""
    box = probe.page.locator(".hnrc-plane").bounding_box()
    (left, right), (low, high) = reference.WINDOW, reference.HEIGHTS[state["function"]]
    pixel = box["x"] + 26 + (x - left) / (right - left) * (box["width"] - 26 - 10)
    if y is None:
        return pixel, box["y"] + box["height"] - 22 - 12
    return pixel, box["y"] + 8 + (high - y) / (high - low) * (box["height"] - 8 - 22)


def test_dragging_the_point_follows_the_curve(show: Show) -> None:
    widget = TaylorModelExplorer(point=-2.0, radius=0.7)
    probe, state = show(widget), widget.state()
    value = float(reference.evaluate("well", -2.0).value)
    mouse = probe.page.mouse
    mouse.move(*plane_point(probe, state, -2.0, value))
    mouse.down()
    mouse.move(*plane_point(probe, state, 0.0, 0.5), steps=4)
    mouse.move(*plane_point(probe, state, 1.5, 2.0), steps=4)
    moved = check_labels(probe)
    assert moved["point"] == pytest.approx(1.5, abs=0.01)
    assert moved["radius"] == 0.7
    mouse.up()
    box = probe.page.locator(".hnrc-handle:not(.hnrc-edge)").bounding_box()
    x, y = plane_point(probe, state, moved["point"], float(reference.evaluate("well", moved["point"]).value))
    assert (box["x"] + 22, box["y"] + 22) == pytest.approx((x, y), abs=1)


@pytest.mark.parametrize(("point", "side"), [(-1.0, 1), (1.0, -1)])
def test_dragging_the_edge_sets_the_radius_alone(show: Show, point: float, side: int) -> None:
    widget = TaylorModelExplorer(point=point, radius=0.5)
    probe, state = show(widget), widget.state()
    mouse = probe.page.mouse
    mouse.move(*plane_point(probe, state, point + 0.5 * side))
    mouse.down()
    mouse.move(*plane_point(probe, state, point + 1.4 * side), steps=5)
    mouse.up()
    moved = check_labels(probe)
    assert moved["radius"] == pytest.approx(1.4, abs=0.02)
    assert moved["point"] == point


def test_a_press_on_the_plane_sets_the_point(show: Show) -> None:
    widget = TaylorModelExplorer()
    probe = show(widget)
    probe.page.mouse.click(*plane_point(probe, widget.state(), -1.5, 1.0))
    moved = check_labels(probe)
    assert moved["point"] == pytest.approx(-1.5, abs=0.01)
    assert moved["radius"] == 1.5


def test_taking_steps_is_the_trust_region_method(show: Show) -> None:
    widget = TaylorModelExplorer(function="cliff", point=-1.0, radius=2.5)
    probe, state = show(widget), widget.state()
    button = probe.page.get_by_role("button", name="Take the step")
    verdicts = set()
    for _ in range(12):
        found = reference.inspect(state)
        verdicts.add(found.verdict)
        if found.predicted < 1e-9:
            break
        button.click()
        moved = state["point"] + (found.step if found.accepted else 0.0)
        state = check_labels(probe)
        assert state["point"] == pytest.approx(moved, abs=1e-9)
        assert state["radius"] == pytest.approx(found.next)
    assert {"shrink", "keep"} <= verdicts
    assert abs(float(reference.evaluate("cliff", state["point"]).slope)) < 1e-3


def test_no_step_is_offered_where_nothing_is_promised(show: Show) -> None:
    probe = show(TaylorModelExplorer(function="saddle", point=-1.0))
    assert probe.page.get_by_role("button", name="Take the step").is_disabled()
    assert check_labels(probe)["point"] == -1


@pytest.mark.parametrize("function", ["well", "saddle", "cliff"])
def test_optimal_sets_the_radius_where_trust_ends(show: Show, function: str) -> None:
    probe = show(TaylorModelExplorer(function=function, point=0.2, radius=0.3))
    probe.page.get_by_role("button", name="Optimal").click()
    state = check_labels(probe)
    assert state["radius"] == pytest.approx(reference.trust_end(function, 0.2), abs=1e-3)
    found = reference.inspect(state)
    assert found.ratio is not None
    assert 0.25 <= found.ratio < 0.27


def test_optimal_is_not_offered_at_the_kink(show: Show) -> None:
    probe = show(TaylorModelExplorer(function="kink", point=0.0))
    button = probe.page.get_by_role("button", name="Optimal")
    assert button.is_disabled()
    assert button.get_attribute("title") == "No radius here keeps the gain ratio above ¼"
    assert "slopes 1 and 1 " in probe.page.locator(".hnrc-errors .hnrc-title").inner_text()
