"""The weight decay explorer in a static page and in a live notebook, operated as a reader would."""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import traitlets

from hnrc_lib.widgets import WeightDecayExplorer
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.weight_decay import reference
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, number, read, read_extremes
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook

SLIDERS = {"strength": "decay λ", "learning_rate": "step length η"}
OPTIMUM, SHAPE = "Minimum of the loss θ*", "Shape of the loss"
REACH = 0.35


class TestPage(HandleChecks):
    kind = WeightDecayExplorer
    states: ClassVar = (
        {},
        {"penalty": "l2", "strength": 2.5, "learning_rate": 1.0},
        {"penalty": "decoupled", "steps": "newton", "optimum": [-1.5, 1.5], "ratio": 9.0, "angle": 180.0},
    )
    sliders = SLIDERS
    handle = OPTIMUM
    drag = (-60, 40)
    quiet = (0.3, 0.7)


def pair(values: Any) -> str:
    return f"({format_number(float(values[0]))}, {format_number(float(values[1]))})"


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    """Every label equals the state; returns the state."""
    state = shown["state"]
    theta, (_, radius) = reference.minimiser(state), reference.constraint(state)
    for name, label in SLIDERS.items():
        slider = shown["sliders"][label]
        assert slider["spoken"] == slider["shown"]
        assert number(slider["shown"]) == pytest.approx(state[name], rel=1e-5)
    assert shown["handles"][OPTIMUM] == f"θ* = {pair(state['optimum'])}"
    ratio, angle = shown["handles"][SHAPE].removeprefix("curvature ratio κ = ").split(", flat direction at ")
    assert number(ratio) == pytest.approx(state["ratio"], rel=1e-5)
    assert number(angle.removesuffix("°")) == pytest.approx(state["angle"], rel=1e-5)
    sentence = shown["sentence"]
    assert sentence.startswith(f"{shown['handles'][OPTIMUM]}, {shown['handles'][SHAPE]}; ")
    assert f"λ = {shown['sliders'][SLIDERS['strength']]['shown']} leads to {pair(theta)}, " in sentence
    assert f"≤ {format_number(radius)}; " in sentence
    zeros = [f"θ{'₁₂'[i]} " for i in (0, 1) if theta[i] == 0]
    told = ["no coordinate is", f"{''.join(zeros)}is", "both coordinates are"][len(zeros)]
    assert f"; {told} exactly 0." in sentence
    check_outcome(shown, state, theta)
    assert shown["problem"] == ""
    assert shown["chosen"] == [state["penalty"], state["steps"]]
    return state


def check_outcome(shown: dict[str, Any], state: dict[str, Any], theta: np.ndarray) -> None:
    (outcome,) = shown["outcomes"]
    made = {name: reference.run(name, state) for name in reference.methods(state)}
    growth = reference.growth(state)
    if abs(growth - 1) > 1e-9:
        assert ("diverge" in outcome) == (growth > 1)
    if state["penalty"] == "l1" and (theta == 0).any():
        i = 1 if theta[1] == 0 else 0
        since, crossings = made["proximal"].zero_since[i], made["subgradient"].crossings[i]
        assert (f"proximal θ{'₁₂'[i]} = 0 since step {since};" in outcome) == (since is not None)
        assert f" after {crossings} crossing{'' if crossings == 1 else 's'} of 0." in outcome


def check_labels(probe: PageProbe) -> dict[str, Any]:
    """Every label of the page equals the state; returns the state."""
    return check_shown(read(probe, WeightDecayExplorer))


def plane_point(probe: PageProbe, theta: Any) -> tuple[float, float]:
    """Where a point of the plane lies on the screen, from the plane's box alone."""
    box = probe.page.locator(".hnrc-plane").bounding_box()
    x, y = ((theta[0] + 2.7) / 5.4, (2.7 - theta[1]) / 5.4)
    return box["x"] + 26 + x * (box["width"] - 32), box["y"] + 6 + y * (box["height"] - 26)


@pytest.mark.page
def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    probe = show(WeightDecayExplorer())
    for penalty in ("L1", "L2", "Decoupled"):
        probe.page.get_by_role("radio", name=penalty).check(force=True)
        for steps in ("Gradient steps", "Newton’s steps"):
            probe.page.get_by_role("radio", name=steps).check(force=True)
            assert check_labels(probe)["penalty"] == penalty.lower()
            states = [check_shown(shown) for _, shown in read_extremes(probe, WeightDecayExplorer)]
            assert [state["strength"] for state in states[:2]] == [2.5, 0]
            assert [state["learning_rate"] for state in states[3:5]] == [1, 0.05]


@pytest.mark.page
def test_keyboard_moves_both_handles(show: Show) -> None:
    probe = show(WeightDecayExplorer(optimum=[0.5, 0.5], ratio=4.0, angle=-40.0))
    optimum, shape = (probe.page.get_by_role("slider", name=name, exact=True) for name in (OPTIMUM, SHAPE))
    optimum.press("ArrowRight")
    optimum.press("Shift+ArrowDown")
    assert check_labels(probe)["optimum"] == [0.55, 0.25]
    for _ in range(8):
        optimum.press("Shift+ArrowUp")
    assert check_labels(probe)["optimum"] == [0.55, 1.5]
    shape.press("ArrowRight")
    shape.press("Shift+ArrowUp")
    state = check_labels(probe)
    assert (state["angle"], state["ratio"]) == (-35, pytest.approx(2.25**2, abs=1e-3))
    for _ in range(6):
        shape.press("Shift+ArrowDown")
    assert check_labels(probe)["ratio"] == 1


@pytest.mark.page
def test_dragging_moves_the_optimum_and_the_shape(show: Show) -> None:
    widget = WeightDecayExplorer()
    probe = show(widget)
    mouse = probe.page.mouse
    mouse.move(*plane_point(probe, widget.optimum))
    mouse.down()
    mouse.move(*plane_point(probe, (-0.5, -1.0)), steps=5)
    mouse.up()
    assert check_labels(probe)["optimum"] == pytest.approx([-0.5, -1.0], abs=0.02)
    turn = math.radians(-40)
    reach = REACH * 2
    mouse.move(*plane_point(probe, (-0.5 + reach * math.cos(turn), -1.0 + reach * math.sin(turn))))
    mouse.down()
    mouse.move(*plane_point(probe, (-0.5, -1.0 + REACH * 2.5)), steps=5)
    mouse.up()
    state = check_labels(probe)
    assert state["angle"] == pytest.approx(90, abs=2)
    assert state["ratio"] == pytest.approx(6.25, rel=0.05)
    assert state["optimum"] == pytest.approx([-0.5, -1.0], abs=0.02)
    mouse.click(*plane_point(probe, (1.0, 1.2)))
    assert check_labels(probe)["optimum"] == pytest.approx([1.0, 1.2], abs=0.02)


@pytest.mark.page
def test_next_zero_walks_through_the_zeros_of_l1_alone(show: Show) -> None:
    widget = WeightDecayExplorer(strength=0.1)
    probe = show(widget)
    button = probe.page.get_by_role("button", name="Next zero")
    zeros = reference.zero_strengths(widget.state())
    assert len(zeros) == 2
    for count, zero in ((1, zeros[0]), (2, zeros[1]), (1, zeros[0])):
        button.click()
        state = check_labels(probe)
        assert 0 <= state["strength"] - zero < 1.01e-3
        assert (reference.minimiser(state) == 0).sum() == count
    probe.page.get_by_role("radio", name="L2").check(force=True)
    assert button.is_disabled()
    assert button.get_attribute("title") == "L2 brings no coordinate to exactly 0"


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(
    notebook: Callable[[WeightDecayExplorer], Notebook],
) -> None:
    made = notebook(WeightDecayExplorer(strength=0.5))
    heard: list[tuple[str, Any]] = []
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])))
    made.widget.optimum = (1.0, -0.5)
    made.flush()
    assert made.sentence().startswith("θ* = (1, −0.5), ")
    made.probe.page.get_by_label(SLIDERS["strength"], exact=True).press("End")
    made.probe.page.get_by_role("radio", name="Decoupled").check(force=True)
    made.settle()
    assert ("strength", 2.5) in heard
    assert made.widget.penalty == "decoupled"
    made.probe.page.evaluate("window.leave()")
    assert made.probe.page.locator(".hnrc-decay").count() == 0


def test_without_a_page_python_sends_and_takes_values() -> None:
    widget = WeightDecayExplorer()
    comm = connect(widget)
    widget.strength = 0.3
    assert comm.state_sent() == {"strength": 0.3}
    comm.receive({"penalty": "l2", "optimum": [1, 0]})
    assert (widget.penalty, widget.optimum) == ("l2", [1.0, 0.0])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("penalty", "l3", "penalty must be one of l1, l2, decoupled, got 'l3'"),
        ("strength", -1, r"strength must be a finite number in \[0, 2.5\], got -1"),
        ("ratio", 0.5, r"ratio must be a finite number in \[1, 9\], got 0.5"),
        ("optimum", [0, 2], r"optimum must be 2 finite numbers in \[-1.5, 1.5\] × \[-1.5, 1.5\]"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    widget = WeightDecayExplorer()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, name, value)


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({}, "exactly 0: θ₂. After 100 gradient steps of η = 0.3: subgradient: (0.194, 0.27), 14 crossings"),
        ({}, "proximal: (0.29, 0), θ₂ is 0 since step 4, 0 crossings of 0"),
        ({"penalty": "l2"}, "no coordinate is exactly 0."),
        ({"penalty": "l2"}, "The eigenvalues 1 and 0.25 of the Hessian become 1.75 and 1."),
        ({"penalty": "decoupled", "steps": "newton"}, "the minimum over √(θᵀHθ) ≤ 0.723"),
    ],
)
def test_the_alt_text_tells_the_state(traits: dict[str, Any], words: str) -> None:
    assert words in WeightDecayExplorer(**traits).alt()
