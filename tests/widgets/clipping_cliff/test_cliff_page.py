"""The clipping cliff in a static page, operated as a reader would, and its live side."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import traitlets

from hnrc_lib.widgets import ClippingCliff
from hnrc_lib.widgets.clipping_cliff import reference, widget
from hnrc_lib.widgets.number_format import format_number
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, number, read, read_extremes
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook

LABELS = {"threshold": "threshold c", "damping": "damping λ", "learning_rate": "learning rate η"}
CENTRE = (4.5, -1.9)


class TestPage(HandleChecks):
    kind = ClippingCliff
    states = ({}, {"rule": "none"}, {"rule": "rank_one"}, {"rule": "value", "current": 60})
    sliders: ClassVar[dict[str, str]] = {name: LABELS[name] for name in ("threshold", "learning_rate")}
    handle = "Start point θ₀"
    drag = (-60, 40)
    quiet = (0.3, 0.8)


def check_step(state: dict[str, Any], run: reference.Run, shown: dict[str, Any]) -> None:
    """The sentence, the angle's title and its note against NumPy."""
    [note] = shown["notes"]
    k = min(state["current"], len(run.moves))
    found = re.fullmatch(
        r"Step (\d+): loss (\S+) and ‖g‖ = (\S+) at θ([₀-₉]+); the step is (\S+) long, at (\S+)° to −g\.",
        shown["sentence"],
    )
    assert found, shown["sentence"]
    digits = found[4].translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
    assert (int(found[1]), int(digits)) == (k, k - 1)
    gradient, move = run.gradients[k - 1], run.moves[k - 1]
    norm, length = np.linalg.norm(gradient), np.linalg.norm(move)
    assert number(found[2]) == pytest.approx(run.losses[k - 1], rel=6e-3, abs=1e-12)
    assert number(found[3]) == pytest.approx(norm, rel=6e-3)
    assert number(found[5]) == pytest.approx(length, rel=6e-3)
    turned = reference.angle(gradient, -move)
    assert number(found[6]) == pytest.approx(turned, rel=6e-3, abs=1e-4)
    assert shown["titles"][1] == f"Step and −g: {found[6]}°"
    kept = re.search(r"η‖g‖ × (\S+)\.$", note)
    assert kept, note
    assert number(kept[1]) == pytest.approx(length / norm / state["learning_rate"], rel=6e-3)
    assert ("turned" in note) == (turned > 1e-4)


def settled(state: dict[str, Any]) -> bool:
    """Whether the run is the same to all digits shown when its start moves by rounding."""
    run = reference.descend(state)
    moved = reference.descend(
        state | {"start": [x + 1e-14 * np.sign(c - x) for x, c in zip(state["start"], CENTRE, strict=True)]}
    )
    same = run.points.shape == moved.points.shape and run.thrown == moved.thrown
    return same and bool(np.abs(run.points - moved.points).max() < 1e-9)


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    """Every label equals the state; returns the state."""
    state = shown["state"]
    if settled(state):
        run = reference.descend(state)
        check_step(state, run, shown)
        assert shown["outcomes"] == [widget.tell_outcome(run)]
        assert shown["kinds"] == ["thrown" if run.thrown else "left" if run.left else "kept"]
    plain = reference.descend(state | {"rule": "none"})
    assert ("Without clipping: " in shown["said"]) == (state["rule"] != "none")
    if state["rule"] != "none" and settled(state | {"rule": "none"}):
        assert shown["said"].endswith(f"Without clipping: {widget.tell_outcome(plain)}")
    used = {"none": None, "value": "threshold", "norm": "threshold"}.get(state["rule"], "damping")
    for name, label in LABELS.items():
        slider = shown["sliders"][label]
        if name == "threshold" and used is None:
            assert (slider["hidden"], slider["disabled"], slider["spoken"]) == (False, True, "not used")
            continue
        assert slider["hidden"] == (name not in (used, "learning_rate"))
        assert slider["spoken"] == slider["shown"]
        assert number(slider["shown"]) == pytest.approx(state[name], rel=1e-5)
    start = ", ".join(format_number(x) for x in state["start"])
    assert shown["handles"] == {"Start point θ₀": f"θ₀ = (w, b) = ({start})"}
    assert shown["problem"] == ""
    assert shown["chosen"] == [state["rule"]]
    return state


def check_labels(probe: PageProbe) -> dict[str, Any]:
    """Every label of the page equals the state; returns the state."""
    return check_shown(read(probe, ClippingCliff))


@pytest.mark.page
def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    probe = show(ClippingCliff())
    traits = ClippingCliff.class_traits()
    for name in ("None", "Value", "Norm", "Rank one", "Root"):
        probe.page.get_by_role("radio", name=name, exact=True).check(force=True)
        state = check_labels(probe)
        assert state["current"] == reference.descend(state).steepest
        seen = read_extremes(probe, ClippingCliff)
        assert len(seen) == (3 if name == "None" else 6)
        for i, (label, shown) in enumerate(seen):
            state = check_shown(shown)
            trait = next(key for key, text in LABELS.items() if text == label)
            if i % 3 < 2:
                assert state[trait] == (traits[trait].maximum, traits[trait].minimum)[i % 3]
        probe.page.get_by_role("button", name="Reset").click()
        assert check_labels(probe)["learning_rate"] == 1


@pytest.mark.page
def test_keyboard_operates_everything(show: Show) -> None:
    probe = show(ClippingCliff())
    page = probe.page
    handle = page.get_by_role("slider", name="Start point θ₀")
    for key, expected in (
        ("ArrowRight", [5.65, -2]),
        ("ArrowUp", [5.65, -1.95]),
        ("Shift+ArrowLeft", [5.4, -1.95]),
    ):
        handle.press(key)
        assert check_labels(probe)["start"] == expected
    for _ in range(8):
        handle.press("Shift+ArrowRight")
    assert check_labels(probe)["start"] == [7, -1.95]
    page.get_by_role("radio", name="Norm").press("ArrowRight")
    assert check_labels(probe)["rule"] == "rank_one"
    step = page.get_by_label("step shown k")
    step.press("Home")
    assert check_labels(probe)["current"] == 1
    page.get_by_label(LABELS["damping"]).press("Home")
    assert check_labels(probe)["damping"] == 0.0001


def plane_point(probe: PageProbe, point: tuple[float, float]) -> tuple[float, float]:
    """Where a point of the plane lies on the screen, from the plane's box alone."""
    box = probe.page.locator(".hnrc-plane").bounding_box()
    assert box is not None
    (left, right), (low, high) = reference.WINDOW
    x = box["x"] + 30 + (point[0] - left) / (right - left) * (box["width"] - 30 - 8)
    y = box["y"] + 8 + (high - point[1]) / (high - low) * (box["height"] - 8 - 22)
    return x, y


@pytest.mark.page
def test_dragging_moves_the_start_and_shows_the_steepest_step(show: Show) -> None:
    probe = show(ClippingCliff(rule="none"))
    mouse = probe.page.mouse
    mouse.move(*plane_point(probe, (5.6, -2.0)))
    mouse.down()
    mouse.move(*plane_point(probe, (5.0, -1.5)), steps=4)
    state = check_labels(probe)
    assert state["start"] == pytest.approx([5.0, -1.5], abs=0.02)
    assert state["current"] == reference.descend(state).steepest
    mouse.move(5, 5)
    assert check_labels(probe)["start"] == [2, 0.6]
    mouse.up()
    probe.page.get_by_role("button", name="Reset").click()
    probe.page.get_by_label("step shown k").press("Home")
    assert check_labels(probe)["current"] == 1
    probe.page.get_by_role("button", name="Steepest step").click()
    state = check_labels(probe)
    assert state["current"] == reference.descend(state).steepest
    assert probe.page.get_by_role("button", name="Steepest step").is_disabled()


@pytest.mark.page
def test_a_path_that_leaves_is_drawn_to_the_edge_and_said_so(show: Show) -> None:
    probe = show(ClippingCliff(rule="none"))
    shown = read(probe, ClippingCliff)
    check_shown(shown)
    assert shown["outcomes"][0] == (
        "Thrown by step 25, 58.9 long (over 1); the path left the plane at step 25 and is drawn to its edge."
    )
    run = ClippingCliff(rule="none").run()
    edge = reference.to_edge(run.points[-2], run.points[-1])
    counts = probe.page.locator(".hnrc-overlay").evaluate(
        """(canvas, [x, y]) => {
          const pen = canvas.getContext('2d');
          const opaque = (value, i) => i % 4 === 3 && value > 0;
          const painted = (...box) => pen.getImageData(...box).data.filter(opaque).length;
          const { width, height } = canvas.getBoundingClientRect();
          const at = [30 + x * (width - 38), 8 + y * (height - 30)];
          return [painted(at[0] - 12, 8, 24, 12), painted(0, 0, width, 7), painted(0, 0, 29, height)];
        }""",
        [(edge[0] - 2) / 5, (0.6 - edge[1]) / 5],
    )
    assert counts[0] > 20
    assert counts[1:] == [0, 0]


@pytest.mark.page
@pytest.mark.parametrize("reduced", [True, False])
def test_play_walks_to_the_end(show: Show, reduced: bool) -> None:
    motion = "reduce" if reduced else "no-preference"
    probe = show(ClippingCliff(steps=5, current=1), reduced_motion=motion)
    button = probe.page.get_by_role("button", name="Play")
    button.click()
    if not reduced:
        probe.page.get_by_role("button", name="Pause").wait_for()
        button.wait_for(timeout=15000)
    assert check_labels(probe)["current"] == 5


@pytest.mark.page
def test_one_step_is_a_run_too(show: Show) -> None:
    probe = show(ClippingCliff(steps=1))
    assert min(check_labels(probe)["current"], 1) == 1
    assert probe.page.get_by_role("button", name="Play").is_disabled()
    assert probe.page.get_by_label("step shown k").is_disabled()


@pytest.mark.page
def test_a_live_view_and_python_hold_one_state(notebook: Callable[[ClippingCliff], Notebook]) -> None:
    made = notebook(ClippingCliff())
    slider = made.probe.page.get_by_label(LABELS["damping"])
    assert not slider.is_visible()
    made.widget.rule = "root"
    made.flush()
    slider.press("End")
    made.settle()
    assert made.widget.damping == 100
    assert slider.get_attribute("aria-valuetext") == "100"


def test_python_and_page_hear_each_other() -> None:
    cliff = ClippingCliff()
    comm = connect(cliff)
    heard: list[tuple[str, Any]] = []
    cliff.observe(lambda change: heard.append((change["name"], change["new"])), ["rule", "start"])
    cliff.threshold = 0.5
    assert comm.state_sent() == {"threshold": 0.5}
    comm.receive({"rule": "none", "start": [5.0, -1.0]})
    assert sorted(heard) == [("rule", "none"), ("start", [5.0, -1.0])]


def test_bad_values_are_refused() -> None:
    with pytest.raises(
        traitlets.TraitError, match=r"damping must be a finite number in \[0.0001, 100\], got 0"
    ):
        ClippingCliff(damping=0)
    with pytest.raises(traitlets.TraitError, match="start must be 2 finite numbers"):
        ClippingCliff(start=(1.0, 0.0))


def test_alt_and_picture_follow_the_state() -> None:
    thrown, kept = ClippingCliff(rule="none", current=25), ClippingCliff()
    assert "Thrown by step 25, 58.9 long" in thrown.alt()
    assert "Without clipping" not in thrown.alt()
    assert "Not thrown: the longest step is 0.2" in kept.alt()
    assert "Without clipping: Thrown by step 25" in kept.alt()
    views = [len(each.figure().axes[0].lines) for each in (thrown, kept)]
    assert views[1] == views[0] + 1
    end = thrown.figure().axes[0].lines[-4].get_xydata()
    assert np.asarray(end)[-1, 1] == pytest.approx(0.6)
