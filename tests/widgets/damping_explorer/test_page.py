"""The damping explorer in a static page, operated as a reader would."""

import re
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import DampingExplorer
from hnrc_lib.widgets.damping_explorer import reference
from hnrc_lib.widgets.number_format import format_number
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, canvases, number, read, read_extremes

pytestmark = pytest.mark.page
SLIDERS = {
    "damping": "damping λ",
    "learning_rate": "step length α",
    "steps": "number of steps",
    "condition_number": "condition number κ",
}


class TestPage(HandleChecks):
    kind = DampingExplorer
    states = (
        {},
        {"surface": "saddle", "method": "newton", "start": [-1.8, 0.2]},
        {"surface": "rosenbrock", "method": "rank_one"},
        {"method": "levenberg_marquardt"},
        {"method": "gradient_descent", "learning_rate": 2.0},
    )
    sliders = SLIDERS
    handle = "Start point θ₀"


def state_of(probe: PageProbe) -> dict[str, Any]:
    """What the page's model holds, once it is drawn."""
    return read(probe, DampingExplorer)["state"]


def check_sentence(state: dict[str, Any], run: reference.Run, sentence: str) -> None:
    """The line under the plots against NumPy; digits below rounding are free."""
    k = min(state["current"], len(run.points) - 1)
    here = reference.evaluate(state["surface"], run.points[k], state["condition_number"])
    found = re.fullmatch(
        r"Step (\d+): ‖θ([₀-₉]+) − θ\*‖ = (\S+), loss (\S+); "
        r"H \+ λI with λ = (\S+) is (not )?positive definite\.",
        sentence,
    )
    assert found, sentence
    step, index, distance, loss, damping, negation = found.groups()
    digits = index.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
    assert (int(step), int(digits)) == (k, k)
    expected = reference.distance_to_minimum(state["surface"], run.points[k])
    assert number(distance) == pytest.approx(expected, rel=5.1e-3, abs=1e-12)
    assert number(loss) == pytest.approx(float(here.loss), rel=5.1e-3, abs=1e-24)
    assert damping == format_number(float(run.dampings[k]))
    assert (negation is None) == (np.linalg.eigvalsh(here.hessian)[0] + run.dampings[k] > 0)


def check_labels(probe: PageProbe) -> dict[str, Any]:
    """Every label of the page equals the state; returns the state."""
    return check_shown(read(probe, DampingExplorer))


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    """Every label equals the state; returns the state."""
    state = shown["state"]
    run = reference.descend(state)
    check_sentence(state, run, shown["sentence"])
    assert shown["kinds"] == [run.outcome]
    if run.outcome not in ("ran", "undamped"):
        assert f"step {run.step}" in shown["outcomes"][0]
    for name, label in SLIDERS.items():
        slider = shown["sliders"][label]
        if slider["disabled"]:
            assert (slider["spoken"], slider["shown"]) == ("not used", "–")
            continue
        assert slider["spoken"] == slider["shown"]
        assert number(slider["shown"]) == pytest.approx(state[name], rel=1e-5)
    assert (
        shown["handles"]["Start point θ₀"] == f"θ₀ = ({', '.join(format_number(x) for x in state['start'])})"
    )
    assert shown["problem"] == ""
    assert (shown["chosen"], shown["selected"]) == ([state["surface"]], [state["method"]])
    return state


@pytest.mark.parametrize("surface", reference.SURFACES)
def test_labels_equal_the_state_at_every_extreme(show: Show, surface: str) -> None:
    probe = show(DampingExplorer(surface=surface))
    traits = DampingExplorer.class_traits()
    for method in reference.METHODS:
        probe.page.get_by_label("method").select_option(method)
        check_labels(probe)
        seen = read_extremes(probe, DampingExplorer)
        assert len(seen) >= 6
        for i, (label, shown) in enumerate(seen):
            state = check_shown(shown)
            name = next(name for name, text in SLIDERS.items() if text == label)
            if i % 3 < 2:
                assert state[name] == (traits[name].maximum, traits[name].minimum)[i % 3]


def test_keyboard_moves_the_start_point(show: Show) -> None:
    probe = show(DampingExplorer(start=[-1.7, 2.1], current=3))
    handle = probe.page.get_by_role("slider", name="Start point θ₀")
    for key, expected in [
        ("ArrowRight", [-1.65, 2.1]),
        ("ArrowUp", [-1.65, 2.15]),
        ("Shift+ArrowLeft", [-1.9, 2.15]),
        ("ArrowDown", [-1.9, 2.1]),
    ]:
        handle.press(key)
        assert check_labels(probe)["start"] == expected
    for _ in range(12):
        handle.press("Shift+ArrowLeft")
    assert check_labels(probe)["start"] == [-2.2, 2.1]


def test_tab_reaches_every_control_in_reading_order(show: Show) -> None:
    probe = show(DampingExplorer())
    probe.page.locator("body").focus()
    names = []
    for _ in range(12):
        probe.page.keyboard.press("Tab")
        names.append(
            probe.page.evaluate(
                "((el) => el.ariaLabel ?? (el.value || el.textContent))(document.activeElement)"
            )
        )
    order = ["Start point θ₀", "damping λ", "step length α", "number of steps", "condition number κ"]
    assert [name for name in names if name in order] == order
    assert {"quadratic", "method", "Optimal", "Reset", "Play", "step shown k"} <= {
        n.strip() for n in names
    } | {"quadratic"}


def plane_point(probe: PageProbe, point: tuple[float, float]) -> tuple[float, float]:
    """Where a point of the plane lies on the screen, from the plane's box alone."""
    box = probe.page.locator(".hnrc-plane").bounding_box()
    (left, right), (low, high) = reference.WINDOW
    x = box["x"] + 26 + (point[0] - left) / (right - left) * (box["width"] - 26 - 8)
    y = box["y"] + 8 + (high - point[1]) / (high - low) * (box["height"] - 8 - 22)
    return x, y


def test_dragging_the_handle_moves_the_start_point(show: Show) -> None:
    probe = show(DampingExplorer(start=[-1.7, 2.1]))
    mouse = probe.page.mouse
    mouse.move(*plane_point(probe, (-1.7, 2.1)))
    mouse.down()
    mouse.move(*plane_point(probe, (0.0, 0.0)), steps=5)
    mouse.move(*plane_point(probe, (1.0, -0.5)), steps=5)
    assert check_labels(probe)["start"] == pytest.approx([1.0, -0.5], abs=0.01)
    mouse.move(5, 5)
    assert check_labels(probe)["start"] == [-2.2, 3.2]
    mouse.up()
    mouse.move(*plane_point(probe, (1.0, 1.0)))
    assert check_labels(probe)["start"] == [-2.2, 3.2]


def test_a_press_on_the_plane_sets_the_start_point(show: Show) -> None:
    probe = show(DampingExplorer())
    probe.page.mouse.click(*plane_point(probe, (0.5, 2.5)))
    assert check_labels(probe)["start"] == pytest.approx([0.5, 2.5], abs=0.01)
    assert probe.page.locator(".hnrc-handle").evaluate("el => el === document.activeElement")


def test_choosing_loads_settings_that_show_the_method(show: Show) -> None:
    probe = show(DampingExplorer())
    for surface in ("Saddle", "Rosenbrock", "Quadratic"):
        probe.page.get_by_role("radio", name=surface).check(force=True)
        for method in reference.METHODS:
            probe.page.get_by_label("method").select_option(method)
            state = check_labels(probe)
            run = reference.descend(state)
            assert run.outcome in ("converged", "ran", "saddle")
            assert run.losses[-1] < run.losses[0]


def test_arrow_keys_choose_the_surface(show: Show) -> None:
    probe = show(DampingExplorer())
    probe.page.get_by_role("radio", name="Quadratic").press("ArrowRight")
    assert check_labels(probe)["surface"] == "saddle"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("gradient_descent", {"learning_rate": 2 / 21}),
        ("newton", {"learning_rate": 1}),
        ("damped_newton", {"learning_rate": 1, "damping": 0}),
        ("levenberg_marquardt", {"damping": 0}),
    ],
)
def test_optimal_sets_the_closed_form(show: Show, method: str, expected: dict[str, float]) -> None:
    probe = show(DampingExplorer(method=method, damping=3.0, learning_rate=0.02, steps=200))
    probe.page.get_by_role("button", name="Optimal").click()
    state = check_labels(probe)
    assert {name: state[name] for name in expected} == pytest.approx(expected)
    run = reference.descend(state)
    assert run.losses[-1] < 1e-12 * run.losses[0]


def test_optimal_is_not_offered_where_none_exists(show: Show) -> None:
    for changes in ({"surface": "saddle"}, {"surface": "rosenbrock"}, {"method": "rank_one"}):
        probe = show(DampingExplorer(**changes))
        button = probe.page.get_by_role("button", name="Optimal")
        assert button.is_disabled()
        assert "No closed form" in button.get_attribute("title")


def test_the_step_slider_walks_the_run_and_no_further(show: Show) -> None:
    probe = show(DampingExplorer(method="newton", learning_rate=1.0, steps=20))
    slider = probe.page.get_by_label("step shown k")
    assert slider.get_attribute("max") == "1"
    slider.press("End")
    assert check_labels(probe)["current"] == 1
    probe.page.get_by_label("step length α").press("Home")
    slider.press("End")
    assert check_labels(probe)["current"] == 20
    titles = probe.page.locator(".hnrc-title").all_text_contents()
    assert titles[0] == "Eigenvalues of H at step 20"


@pytest.mark.parametrize("reduced", [True, False])
def test_play_walks_to_the_end(show: Show, reduced: bool) -> None:
    motion = "reduce" if reduced else "no-preference"
    probe = show(DampingExplorer(steps=6), reduced_motion=motion)
    button = probe.page.get_by_role("button", name="Play")
    button.click()
    if reduced:
        assert check_labels(probe)["current"] == 6
        return
    assert state_of(probe)["current"] < 6
    probe.page.get_by_role("button", name="Pause").wait_for()
    button.wait_for(timeout=5000)
    assert check_labels(probe)["current"] == 6


def test_non_finite_paths_are_told_and_nothing_is_drawn_outside(show: Show) -> None:
    probe = show(
        DampingExplorer(method="gradient_descent", learning_rate=2.0, condition_number=100.0, steps=200)
    )
    state = check_labels(probe)
    assert reference.descend(state).outcome == "diverged"
    inside = probe.page.locator(".hnrc-overlay").evaluate(
        """(canvas) => {
          const density = canvas.width / canvas.getBoundingClientRect().width;
          const data = canvas.getContext('2d').getImageData(0, 0, 25 * density, canvas.height);
          return data.data.every((value) => value === 0);
        }"""
    )
    assert inside


@pytest.mark.parametrize(
    ("attribute", "style"),
    [
        (
            "document.body.dataset.jpThemeLight = 'false'",
            "body[data-jp-theme-light=false] { color: #ddd; background: #111 }",
        ),
        (
            "document.documentElement.setAttribute('theme', 'dark')",
            "html[theme=dark] body { color: #d5d5d5; background: #383838 }",
        ),
    ],
    ids=["jupyterlab", "colab"],
)
def test_other_hosts_themes_are_followed(show: Show, attribute: str, style: str) -> None:
    probe = show(DampingExplorer())
    probe.page.add_style_tag(content=style)
    light = canvases(probe)
    probe.page.evaluate(attribute)
    assert canvases(probe) != light
    assert probe.page.locator(".hnrc-damping").get_attribute("data-scheme") == "dark"
