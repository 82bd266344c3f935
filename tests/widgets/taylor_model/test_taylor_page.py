"""The Taylor model explorer in a static page, operated as a reader would."""

from collections.abc import Callable
from typing import Any

import pytest

from hnrc_lib.widgets import TaylorModelExplorer
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.taylor_model import reference
from tests.browser import PageProbe
from tests.widgets.pages import TWO_FRAMES

pytestmark = pytest.mark.page
Show = Callable[..., PageProbe]
SLIDERS = {"point": "expansion point x", "radius": "trust radius r"}
HANDLES = {"point": ("Expansion point x", "x"), "radius": ("Trust radius r", "r")}
READ = """async (index = 0) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const root = document.querySelectorAll('.hnrc-taylor')[index];
  const text = (selector) => root.querySelector(selector).textContent;
  const [, { model }] = [...window.hnrcWidgets][index];
  const spoken = (all, name) => Object.fromEntries(
    [...all].map((el) => [el.getAttribute('aria-label'), el.getAttribute(name)]));
  const sliders = root.querySelectorAll('input[type=range]');
  return {
    state: Object.fromEntries(['function', 'point', 'radius'].map((name) => [name, model.get(name)])),
    sentence: text('.hnrc-sentence'),
    outcome: text('.hnrc-outcome'),
    kind: root.querySelector('.hnrc-outcome').dataset.kind,
    errors: text('.hnrc-errors .hnrc-title'),
    sliders: spoken(sliders, 'aria-valuetext'),
    shown: [...sliders].map((slider) => slider.parentElement.querySelector('.hnrc-value').textContent),
    handles: spoken(root.querySelectorAll('.hnrc-handle'), 'aria-valuetext'),
    problem: text('.hnrc-problem'),
    chosen: root.querySelector('input[type=radio]:checked').value,
  };
}"""


def number(text: str) -> float:
    """A number as the page writes it."""
    plain = text.translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789"))
    return float(plain.replace("×10", "e"))


def check_labels(probe: PageProbe, index: int = 0) -> dict[str, Any]:
    """Every label of the page equals the state; returns the state."""
    return check_shown(probe.page.evaluate(READ, index))


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    """Every label equals the state; returns the state."""
    state = shown["state"]
    found = reference.inspect(state)
    for name in ("point", "radius"):
        assert number(shown["sliders"][SLIDERS[name]]) == pytest.approx(state[name], rel=1e-5)
        label, symbol = HANDLES[name]
        assert shown["handles"][label] == f"{symbol} = {shown['sliders'][SLIDERS[name]]}"
    assert shown["shown"] == list(shown["sliders"].values())
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
    assert shown["kind"] == found.verdict
    if found.ratio is not None:
        assert shown["outcome"].startswith("Step taken" if found.accepted else "Step refused")
    slopes = reference.error_slopes(state["function"], state["point"])
    assert f"slopes {format_number(float(slopes[0]))} and " in shown["errors"]
    assert shown["problem"] == ""
    assert shown["chosen"] == state["function"]
    return state


EXTREMES = """async (read) => {
  const seen = [];
  for (const slider of document.querySelectorAll('.hnrc-sliders input[type=range]')) {
    for (const value of [slider.max, slider.min, Math.round(0.7 * slider.max)]) {
      slider.value = value;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      seen.push(await eval(read)());
    }
  }
  return seen;
}"""


def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    probe = show(TaylorModelExplorer())
    for label in ("Well", "Saddle", "Cliff", "Kink"):
        probe.page.get_by_role("radio", name=label).check(force=True)
        first = check_labels(probe)
        assert first["function"] == label.lower()
        states = [check_shown(shown) for shown in probe.page.evaluate(EXTREMES, READ)]
        assert [state["point"] for state in states[:2]] == [3, -3]
        assert [state["radius"] for state in states[3:5]] == [3, 0.01]


@pytest.mark.parametrize(("name", "label"), SLIDERS.items())
def test_keyboard_operates_every_slider(show: Show, name: str, label: str) -> None:
    probe = show(TaylorModelExplorer())
    trait = TaylorModelExplorer.class_traits()[name]
    slider = probe.page.get_by_label(label, exact=True)
    slider.press("End")
    assert check_labels(probe)[name] == trait.maximum
    slider.press("ArrowLeft")
    assert trait.minimum < check_labels(probe)[name] < trait.maximum
    slider.press("Home")
    assert check_labels(probe)[name] == trait.minimum


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


def test_touch_drags_the_point(show: Show) -> None:
    widget = TaylorModelExplorer(point=-2.0)
    probe = show(widget, has_touch=True, is_mobile=True, width=390, height=700)
    session = probe.context.new_cdp_session(probe.page)
    y = float(reference.evaluate("well", -2.0).value)
    path = [plane_point(probe, widget.state(), -2.0 + 0.25 * i, y) for i in range(7)]
    for kind, (x, height) in [("touchStart", path[0]), *(("touchMove", p) for p in path[1:])]:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": height}]})
        probe.page.wait_for_timeout(16)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    probe.page.wait_for_timeout(100)
    assert check_labels(probe)["point"] == pytest.approx(-0.5, abs=0.03)
    probe.page.wait_for_timeout(400)  # a tap right behind a drag is a part of its gesture
    probe.page.touchscreen.tap(*plane_point(probe, widget.state(), 2.0, 1.0))
    probe.page.wait_for_timeout(200)
    assert check_labels(probe)["point"] == pytest.approx(2.0, abs=0.03)


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


def test_reset_returns_to_the_first_settings(show: Show) -> None:
    probe = show(TaylorModelExplorer())
    first = check_labels(probe)
    for label in SLIDERS.values():
        probe.page.get_by_label(label, exact=True).press("Home")
    assert check_labels(probe) != first
    probe.page.get_by_role("button", name="Reset").click()
    assert check_labels(probe) == first


def test_two_widgets_do_not_touch_each_other(show: Show) -> None:
    other = TaylorModelExplorer(function="kink", point=-1.5, radius=0.4)
    probe = show(TaylorModelExplorer(), other)
    probe.page.get_by_label("trust radius r", exact=True).first.press("End")
    probe.page.get_by_role("radio", name="Cliff").first.check(force=True)
    assert check_labels(probe, 0)["function"] == "cliff"
    assert check_labels(probe, 1) == other.state()


def canvases(probe: PageProbe) -> list[str]:
    probe.page.evaluate(TWO_FRAMES)
    return probe.page.locator(".hnrc-taylor canvas").evaluate_all("all => all.map((c) => c.toDataURL())")


def test_the_theme_changes_every_view_while_the_page_is_open(show: Show) -> None:
    probe = show(TaylorModelExplorer(), reduced_motion="reduce")
    light = canvases(probe)
    probe.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = canvases(probe)
    assert all(a != b for a, b in zip(light, dark, strict=True))
    probe.page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert canvases(probe) == light
    moving = show(TaylorModelExplorer(), reduced_motion="no-preference")
    assert canvases(moving) == light


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_axe_finds_nothing(show: Show, theme: str, width: int) -> None:
    probe = show(
        TaylorModelExplorer(), TaylorModelExplorer(function="kink", point=0.0), theme=theme, width=width
    )
    assert probe.axe_violations() == []


@pytest.mark.parametrize("width", [360, 390, 620, 832])
def test_no_width_overflows(show: Show, width: int) -> None:
    probe = show(TaylorModelExplorer(function="cliff", point=2.5, radius=3.0), width=width)
    assert probe.page.evaluate("document.documentElement.scrollWidth") <= width
    outside = probe.page.locator(".hnrc-widget").evaluate(
        """(root) => {
          const box = root.getBoundingClientRect();
          return [...root.querySelectorAll('*')].filter((el) => {
            const own = el.getBoundingClientRect();
            return own.width > 0 && (own.right > box.right + 1 || own.left < box.left - 1)
              && !el.closest('.hnrc-plane, .hnrc-spoken');
          }).map((el) => el.className);
        }"""
    )
    assert outside == []


def test_resizing_redraws_sharply(show: Show) -> None:
    probe = show(TaylorModelExplorer(), device_scale_factor=2)
    for width in (1200, 500):
        probe.page.set_viewport_size({"width": width, "height": 900})
        probe.page.evaluate(TWO_FRAMES)
        sizes = probe.page.locator(".hnrc-taylor canvas").evaluate_all(
            "all => all.map((c) => [c.width / c.getBoundingClientRect().width, c.toDataURL().length])"
        )
        assert [size[0] for size in sizes] == pytest.approx([2] * 3, abs=0.01)
        assert min(size[1] for size in sizes) > 2000


def test_the_state_is_spoken_once_it_rests(show: Show) -> None:
    probe = show(TaylorModelExplorer())
    probe.page.get_by_label("trust radius r", exact=True).press("Home")
    says = "(text) => document.querySelector('.hnrc-spoken').textContent.includes(text)"
    probe.page.wait_for_function(says, arg="r = 0.01 ")
    spoken = probe.page.locator(".hnrc-spoken").inner_text()
    assert spoken.startswith(probe.page.locator(".hnrc-sentence").inner_text())


MEASURE = """async () => {
  const slider = document.querySelector('input[aria-label="trust radius r"]');
  const times = [];
  for (let i = 0; i < 80; i++) {
    await new Promise((done) => setTimeout(done, 20 + 7 * (i % 5)));
    slider.value = i % 50;
    const begun = performance.now();
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await Promise.resolve().then(() => Promise.resolve());
    document.querySelectorAll('canvas')[0].getContext('2d').getImageData(0, 0, 1, 1);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b);
}"""


def test_speed_is_measured(show: Show, capsys: pytest.CaptureFixture[str]) -> None:
    probe = show(TaylorModelExplorer())
    first = probe.page.evaluate(
        """performance.getEntriesByName('hnrc-widget-drawn')[0].startTime
           - performance.getEntriesByType('navigation')[0].domInteractive"""
    )
    times = probe.page.evaluate(MEASURE)
    median, slow = times[len(times) // 2], times[int(0.95 * len(times))]
    with capsys.disabled():
        print(f"\ntaylor model: first draw {first:.0f} ms after the DOM (bar 150), ", end="")
        print(f"slider to frame {median:.1f} ms median, {slow:.1f} ms p95 (bar 16)")
    assert 0 < first < 3000
    assert 0 < slow < 500
