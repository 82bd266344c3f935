"""The gradient through time in a static page and in a live notebook, operated as a reader would."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import traitlets

from hnrc_lib.widgets import GradientThroughTime
from hnrc_lib.widgets.gradient_time import reference
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.packed import unpack_array
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, number, read, read_extremes
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook

SLIDERS = {"radius": "spectral radius ρ", "threshold": "clip at c"}
BIAS, LENGTH = "forget bias b", "Sequence length T"


class TestPage(HandleChecks):
    kind = GradientThroughTime
    states: ClassVar = (
        {},
        {"cell": "linear", "radius": 2.0, "length": 80, "threshold": 0.01},
        {"cell": "lstm", "forget_bias": 4.0, "length": 2},
    )
    sliders = SLIDERS
    handle = LENGTH
    drag = (-60, -60)
    quiet = (0.3, 0.7)


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    """Every label equals the state; returns the state."""
    state = shown["state"]
    found = reference.inspect(state)
    for name, label in {**SLIDERS, "forget_bias": BIAS}.items():
        slider = shown["sliders"][label]
        assert slider["spoken"] == slider["shown"]
        assert number(slider["shown"]) == pytest.approx(state[name], rel=1e-5)
    assert shown["sliders"][BIAS]["hidden"] == (state["cell"] != "lstm")
    assert shown["handles"] == {LENGTH: f"T = {state['length']}"}
    sentence = shown["sentence"]
    assert f"with ρ = {shown['sliders'][SLIDERS['radius']]['shown']}" in sentence
    assert (f"forget bias b = {shown['sliders'][BIAS]['shown']}:" in sentence) == (state["cell"] == "lstm")
    arrival = format_number(float(found.gains[-1, 0]))
    assert f"from step T = {state['length']} a gradient arrives at step 0 times {arrival}; " in sentence
    if found.lost is None:
        assert sentence.endswith("its gain stays between 10⁻³ and 10³.")
    else:
        back, how = found.lost
        assert f"it {how}: " in sentence
        assert sentence.endswith(f" {back} step{'' if back == 1 else 's'} back.")
    check_outcome(shown, state, found)
    assert shown["chosen"] == [state["cell"]]
    assert shown["problem"] == ""
    return state


def check_outcome(shown: dict[str, Any], state: dict[str, Any], found: reference.Inspection) -> None:
    (outcome,) = shown["outcomes"]
    assert f" has the norm {format_number(found.norm)}, " in outcome
    clip = f"c = {shown['sliders'][SLIDERS['threshold']]['shown']}"
    if found.scale == 1:
        assert f"under {clip}: the clip does nothing" in outcome
    else:
        assert f"{clip} multiplies all of it by {format_number(found.scale)}; " in outcome
    assert f"hold {format_number(100 * found.recent)} % of its square" in outcome
    assert shown["kinds"] == ["carried" if found.lost is None else found.lost[1]]


def check_labels(probe: PageProbe) -> dict[str, Any]:
    """Every label of the page equals the state; returns the state."""
    return check_shown(read(probe, GradientThroughTime))


@pytest.mark.page
def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    probe = show(GradientThroughTime())
    for label in ("Linear", "tanh", "LSTM"):
        probe.page.get_by_role("radio", name=label, exact=True).check(force=True)
        assert check_labels(probe)["cell"] == label.lower()
        states = [check_shown(shown) for _, shown in read_extremes(probe, GradientThroughTime)]
        assert [state["radius"] for state in states[:2]] == [2, 0.3]
        assert [state["threshold"] for state in states[3:5]] == [1000, 0.01]
        if label == "LSTM":
            assert [state["forget_bias"] for state in states[6:8]] == [6, -2]


@pytest.mark.page
def test_mouse_and_keyboard_set_the_length(show: Show) -> None:
    probe = show(GradientThroughTime(length=60))
    handle = probe.page.get_by_role("slider", name=LENGTH, exact=True)
    handle.press("ArrowRight")
    handle.press("Shift+ArrowLeft")
    assert check_labels(probe)["length"] == 56
    box = probe.page.locator(".hnrc-plane").bounding_box()
    across = (box["width"] - 38) / 81
    down = (box["height"] - 30) / 81
    mouse = probe.page.mouse
    mouse.move(box["x"] + 30 + 56.5 * across, box["y"] + 8 + 56.5 * down)
    mouse.down()
    mouse.move(box["x"] + 30 + 20.5 * across, box["y"] + 8 + 30.5 * down, steps=5)
    mouse.up()
    assert check_labels(probe)["length"] == 20
    mouse.click(box["x"] + 30 + 74.5 * across, box["y"] + 40)
    assert check_labels(probe)["length"] == 74
    for _ in range(3):
        handle.press("Shift+ArrowRight")
    assert check_labels(probe)["length"] == 80


@pytest.mark.page
def test_balance_finds_the_radius_of_a_linear_cell(show: Show) -> None:
    widget = GradientThroughTime(cell="linear", radius=0.5)
    probe = show(widget)
    button = probe.page.get_by_role("button", name="Balance")
    button.click()
    state = check_labels(probe)
    assert state["radius"] == pytest.approx(1, abs=0.05)
    assert reference.inspect(state).gains[-1, 0] == pytest.approx(1, abs=0.05)
    probe.page.get_by_role("radio", name="tanh", exact=True).check(force=True)
    assert button.is_disabled() == (reference.balance(check_labels(probe)) is None)


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(
    notebook: Callable[[GradientThroughTime], Notebook],
) -> None:
    made = notebook(GradientThroughTime())
    heard: list[tuple[str, Any]] = []
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])))
    made.widget.seed = 5
    made.flush()
    assert "6 units, seed 5)" in made.sentence()
    arrival = format_number(float(made.widget.inspect().gains[-1, 0]))
    assert f"arrives at step 0 times {arrival}; " in made.sentence()
    made.probe.page.get_by_label(SLIDERS["radius"], exact=True).press("End")
    made.probe.page.get_by_role("radio", name="LSTM").check(force=True)
    made.settle()
    assert ("radius", 2.0) in heard
    assert made.widget.cell == "lstm"
    made.probe.page.evaluate("window.leave()")
    assert made.probe.page.locator(".hnrc-time").count() == 0


def test_the_seed_draws_weights_and_noise_again() -> None:
    widget = GradientThroughTime(seed=2)
    expected = reference.cell_arrays(2)
    for name in ("recurrent", "inputs"):
        np.testing.assert_array_equal(unpack_array(getattr(widget, name)), expected[name])
    comm = connect(widget)
    widget.seed = 3
    assert set(comm.state_sent()) == {"seed", "recurrent", "inputs"}
    comm.receive({"cell": "lstm", "length": 12})
    assert (widget.cell, widget.length) == ("lstm", 12)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cell", "gru", "cell must be one of linear, tanh, lstm, got 'gru'"),
        ("radius", 3, r"radius must be a finite number in \[0.3, 2\], got 3"),
        ("length", 1.5, r"length must be an integer in \[2, 80\], got 1.5"),
        ("recurrent", [1.0], "recurrent must be an array of 3 axes"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    widget = GradientThroughTime()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, name, value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "it vanishes, 18 steps back."),
        ({"cell": "linear", "radius": 1.3}, "it explodes, 29 steps back."),
        ({"cell": "lstm", "forget_bias": 3.0}, "forget bias 3. From step T = 60"),
        ({"cell": "lstm", "forget_bias": 3.0}, "its gain stays between 10⁻³ and 10³."),
    ],
)
def test_the_alt_text_tells_the_state(given: dict[str, Any], words: str) -> None:
    assert words in GradientThroughTime(**given).alt()
