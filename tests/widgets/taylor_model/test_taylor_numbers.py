"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative."""

from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import TaylorModelExplorer
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.taylor_model import reference
from tests.browser import run_node
from tests.widgets.compare import check_schema, in_chromium, in_node

FOLDER = WIDGETS / "taylor_model"
NUM_CASES = 60
RELATIVE = 1e-10
ROUNDING = 2e-15
COMPUTE = """
const compute = (states) => states.map((state) => {
  const shown = models.inspect(state);
  const size = state.radius;
  return {
    shown,
    errors: models.modelErrors(state.function, state.point, shown.here, size),
    slopes: models.errorSlopes(state.function, state.point),
    end: models.trustEnd(state.function, state.point),
    advanced: presets.advance(state),
    best: presets.optimum(state),
    offered: presets.hasOptimum(state),
  };
});
"""


def random_states(function: str) -> list[dict[str, Any]]:
    """Points and radii over their whole ranges, with the ends and the special points among them."""
    rng = np.random.default_rng(len(function) * 7 + ord(function[0]))
    special = [(-3.0, 0.01), (3.0, 3.0), (0.0, 0.5), (1.0, 0.5), (-1.0, 0.5)]
    random = [
        (float(rng.uniform(-3, 3)), float(10 ** rng.uniform(-2, np.log10(3)))) for _ in range(NUM_CASES)
    ]
    return [{"function": function, "point": x, "radius": r} for x, r in special + random]


def close(got: float | list[float], expected: Any, rounding: float = 0.0) -> None:
    """Equal to 1e-10 of the expected number, and to the rounding of the terms that cancel in it."""
    np.testing.assert_allclose(got, expected, rtol=RELATIVE, atol=rounding + 1e-300)


def check_end(function: str, point: float, got: float | None) -> None:
    end = reference.trust_end(function, point)
    assert (got is None) == (end is None)
    if got is None or end is None or abs(got - end) <= RELATIVE * end:
        return
    here = reference.evaluate(function, point)
    for radius in (got, end):  # a flat ratio leaves the crossing itself to rounding
        ratio = reference.gain_ratio(function, point, reference.trust_step(here, radius)[0])[2]
        assert ratio == pytest.approx(0.25, abs=1e-11)


def check_state(state: dict[str, Any], got: dict[str, Any]) -> None:
    expected, shown = reference.inspect(state), got["shown"]
    here = expected.here
    for name in ("value", "slope", "curvature"):
        close(shown["here"][name], getattr(here, name), ROUNDING)
    for name in ("boundary", "verdict", "accepted"):
        assert shown[name] == getattr(expected, name), name
    close(shown["step"], expected.step)
    close(shown["damping"], expected.damping, ROUNDING / state["radius"])
    close(shown["predicted"], expected.predicted, ROUNDING)
    there = float(reference.evaluate(state["function"], state["point"] + expected.step).value)
    size = ROUNDING * (1 + abs(float(here.value)) + abs(there))
    close(shown["actual"], expected.actual, size)
    assert (shown["ratio"] is None) == (expected.ratio is None)
    if expected.ratio is not None:
        close(shown["ratio"], expected.ratio, size * (1 + abs(expected.ratio)) / expected.predicted)
    close(shown["next"], expected.next)
    check_errors(state, got, here)
    check_end(state["function"], state["point"], got["end"])
    assert got["offered"] == (got["best"] is not None)
    if got["best"] is not None:
        assert 0.01 <= got["best"]["radius"] <= max(got["end"], 0.01)
        assert got["best"]["radius"] == pytest.approx(got["end"], abs=1.01e-3)
    moved = state["point"] + (expected.step if expected.accepted else 0.0)
    close(got["advanced"]["point"], np.clip(moved, -3, 3), ROUNDING)
    close(got["advanced"]["radius"], expected.next)


def check_errors(state: dict[str, Any], got: dict[str, Any], here: reference.Evaluation) -> None:
    function, point, radius = state["function"], state["point"], state["radius"]
    terms = [here.value, here.slope * radius, here.curvature * radius**2]
    ends = [reference.evaluate(function, point + s).value for s in (-radius, radius)]
    size = ROUNDING * float(np.abs([*terms, *ends]).sum())
    close(got["errors"], reference.model_errors(function, point, radius), size)
    slopes = reference.error_slopes(function, point)
    least = reference.model_errors(function, point, 0.01).min()
    np.testing.assert_allclose(got["slopes"], slopes, atol=1e-9 + 10 * ROUNDING * 5 / least)


MODULES = ("models", "presets")


@pytest.mark.parametrize("function", reference.FUNCTIONS)
def test_node_equals_numpy(function: str) -> None:
    states = random_states(function)
    answers = in_node("taylor_model", MODULES, COMPUTE, states)
    for state, got in zip(states, answers, strict=True):
        check_state(state, got)


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    states = [state for function in reference.FUNCTIONS for state in random_states(function)]
    answers = in_chromium(chromium, "taylor_model", MODULES, COMPUTE, states)
    for state, got in zip(states, answers, strict=True):
        check_state(state, got)


def test_page_and_python_bound_the_state_alike() -> None:
    source = f"import {{ SCHEMA }} from '{(FOLDER / 'presets.js').as_uri()}'; answer(SCHEMA);"
    check_schema(TaylorModelExplorer, run_node(source))


def test_page_and_picture_have_the_same_window() -> None:
    source = (
        f"import * as made from '{(FOLDER / 'functions.js').as_uri()}'; answer([made.WINDOW, made.HEIGHTS]);"
    )
    window, heights = run_node(source)
    assert tuple(window) == reference.WINDOW
    assert {name: tuple(pair) for name, pair in heights.items()} == reference.HEIGHTS


def test_the_first_state_is_the_preset_of_its_function() -> None:
    source = f"import {{ preset }} from '{(FOLDER / 'presets.js').as_uri()}'; answer(preset('well'));"
    assert run_node(source) == TaylorModelExplorer().state()


def test_pictures_differ_by_theme_and_state() -> None:
    widget = TaylorModelExplorer()
    light, dark = widget.picture(), widget.picture(dark=True)
    assert light != dark
    widget.radius = 0.3
    assert widget.picture() != light
    assert max(len(light), len(dark)) < 60_000


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({}, "gain ratio 0.101, and the radius rule shrinks the radius to 0.375"),
        ({"function": "kink", "point": 0.0}, "slopes 1 and 1"),
        ({"function": "saddle", "point": -1.0}, "the model promises nothing: there is no step"),
    ],
)
def test_the_alt_text_tells_the_state(traits: dict[str, Any], words: str) -> None:
    assert words in TaylorModelExplorer(**traits).alt()
