"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import ClippingCliff
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.clipping_cliff import picture, reference, widget
from tests.browser import run_node
from tests.widgets.compare import check_schema, in_chromium, in_node

FOLDER = WIDGETS / "clipping_cliff"
MODULES = ("cliff", "rules", "levels", "response", "words")
NUM_CASES = 30  # for each of the five rules
RELATIVE = 1e-10
COMPUTE = """
const compute = (states) => states.map((state) => {
  const run = rules.descend(state);
  return {
    run,
    here: cliff.evaluate(state.start),
    output: cliff.outputAt(state.start),
    steepest: rules.steepest(run),
    shown: rules.inspectStep(run, state.current),
    told: words.tellOutcome(run),
    edge: run.left ? cliff.toEdge(run.points.at(-2), run.points.at(-1)) : null,
    lengths: [0.001, 0.7, 30].map((norm) => rules.lengthAt(state, [3, -4], norm)),
  };
});
"""


def random_states(rule: str) -> list[dict[str, Any]]:
    """Settings over the whole range of every trait, with the ends of the ranges among them."""
    rng = np.random.default_rng([7, len(rule)])
    ends = [(0.001, 0.0001, 0.001, 1), (10.0, 100.0, 10.0, 200)]
    states = []
    for i in range(NUM_CASES):
        threshold, damping, rate, steps = (
            ends[i]
            if i < 2
            else (
                float(10 ** rng.uniform(-3, 1)),
                float(10 ** rng.uniform(-4, 2)),
                float(10 ** rng.uniform(-3, 1)),
                int(rng.integers(1, 12)),
            )
        )
        start = [float(rng.uniform(*bounds)) for bounds in reference.WINDOW]
        if i % 4 == 0:  # near the cliff's edge, where gradients are large
            start[0] = float(rng.uniform(3.5, 5.0))
            start[1] = float(reference.level_curve(0.5, np.array([start[0]]))[0])
        states.append(
            {
                "rule": rule,
                "threshold": threshold,
                "damping": damping,
                "learning_rate": rate,
                "steps": steps,
                "start": start,
                "current": int(rng.integers(1, 30)),
            }
        )
    return states


def amplification(point: Any) -> float:
    """∂x_T/∂b and its likes bound how much rounding in x grows: only above 10⁴ does it reach 1e-10."""
    x, grown = 0.5, 1.0
    for _ in range(reference.UNROLLED):
        active = 1 / (1 + math.exp(-x))
        grown = 1 + abs(point[0]) * active * (1 - active) * grown
        x = point[0] * active + point[1]
    return grown


def close(got: Any, expected: Any, growth: float = 1.0, floor: float = 0.0) -> None:
    """Equal to 1e-10 of the size; more only where rounding itself grows by more than 10⁴."""
    expected = np.asarray(expected, dtype=float)
    size = float(np.linalg.norm(expected)) + floor
    tolerance = RELATIVE * max(1.0, 1e-4 * growth)
    assert float(np.linalg.norm(np.asarray(got, dtype=float) - expected)) <= tolerance * size + 1e-300


def check_steps(state: dict[str, Any], run: dict[str, Any]) -> int:
    """Each step of the page against NumPy's from the same point: exact even where paths are chaotic."""
    points = np.array(run["points"])
    assert len(points) == len(run["losses"]) == len(run["moves"]) + 1
    np.testing.assert_array_equal(points[0], state["start"])
    tame, everywhere = 0, reference.evaluate(points[:-1])
    for k, (gradient, move) in enumerate(zip(run["gradients"], run["moves"], strict=True)):
        growth = amplification(points[k])
        here = reference.Evaluation(np.asarray(everywhere.loss)[k], everywhere.gradient[k])
        tame += growth < 1e4
        # near the valley σ(x_T) − 0.7 carries the rounding of σ(x_T)
        close(run["losses"][k], here.loss, growth, floor=1e-5 * growth)
        close(gradient, here.gradient, growth, floor=1e-5 * growth)
        expected = -state["learning_rate"] * reference.clipped(state, np.array(gradient))
        close(move, expected)
        close(points[k + 1], points[k] + expected)
        close(run["lengths"][k], np.linalg.norm(expected))
        assert reference.inside(points[k])
    assert run["left"] == (not reference.inside(points[-1]))
    assert run["left"] or len(run["moves"]) == state["steps"]
    long = [k + 1 for k, length in enumerate(run["lengths"]) if length > reference.THROWN]
    assert run["thrown"] == (long[0] if long else 0)
    return tame


def settled(state: dict[str, Any], run: reference.Run) -> bool:
    """Whether the whole path moves by no more than 1e-12 when its start moves by 1e-14."""
    shifted = reference.descend(
        state
        | {"start": [x + 1e-14 * np.sign(c - x) for x, c in zip(state["start"], (4.5, -1.9), strict=True)]}
    )
    if run.points.shape != shifted.points.shape or run.thrown != shifted.thrown:
        return False
    return bool((np.abs(run.points - shifted.points) <= 1e-12 * (1 + np.abs(run.points))).all())


def check_shown(state: dict[str, Any], got: dict[str, Any]) -> None:
    """The step shown, from the definitions."""
    shown, run = got["shown"], got["run"]
    k = min(state["current"], len(run["moves"]))
    assert shown["k"] == k
    gradient, move = np.array(run["gradients"][k - 1]), np.array(run["moves"][k - 1])
    close(shown["norm"], np.linalg.norm(gradient))
    cosine = gradient @ -move / np.linalg.norm(gradient) / np.linalg.norm(move)
    assert np.cos(np.radians(shown["angle"])) == pytest.approx(cosine, abs=1e-12)
    if state["rule"] != "value":
        assert shown["angle"] < 1e-6
    norms = [np.linalg.norm(each) for each in run["gradients"]]
    assert norms[got["steepest"] - 1] == pytest.approx(max(norms), rel=1e-12)


def check_all(states: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    compared = tame = 0
    for i, (state, got) in enumerate(zip(states, answers, strict=True)):
        growth = amplification(state["start"])
        here = reference.evaluate(state["start"])
        close(got["here"]["gradient"], here.gradient, growth, floor=1e-5 * growth)
        close(got["output"], reference.output(state["start"]), growth, floor=1e-5 * growth)
        tame += check_steps(state, got["run"]) > 0
        check_shown(state, got)
        for norm, length in zip([0.001, 0.7, 30], got["lengths"], strict=True):
            along = reference.clipped(state, np.array([0.6, -0.8]) * norm)
            close(length, state["learning_rate"] * np.linalg.norm(along))
        run = reference.descend(state) if 2 <= i < NUM_CASES // 2 else None
        if run is not None and settled(state, run):
            scale = np.abs(run.points).max()
            np.testing.assert_allclose(got["run"]["points"], run.points, rtol=RELATIVE, atol=RELATIVE * scale)
            assert got["told"] == widget.tell_outcome(run)
            if run.left:
                close(got["edge"], reference.to_edge(run.points[-2], run.points[-1]))
            compared += 1
    assert compared >= NUM_CASES // 6
    assert tame >= NUM_CASES // 2


def check_rules(compute: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """All rules in one call."""
    by_rule = [random_states(rule) for rule in reference.RULES]
    answers = iter(compute([state for states in by_rule for state in states]))
    for states in by_rule:
        check_all(states, list(itertools.islice(answers, len(states))))


def test_node_equals_numpy() -> None:
    check_rules(lambda states: in_node("clipping_cliff", MODULES, COMPUTE, states))


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    check_rules(lambda states: in_chromium(chromium, "clipping_cliff", MODULES, COMPUTE, states))


def test_level_lines_equal_numpy() -> None:
    source = (
        f"import {{ levelCurves, levelOutputs }} from '{(FOLDER / 'levels.js').as_uri()}';"
        "const outputs = levelOutputs(); answer({ outputs, curves: levelCurves(outputs, 20) });"
    )
    found = run_node(source)
    np.testing.assert_allclose(found["outputs"], picture.level_outputs(), rtol=1e-12)
    curves = np.array(found["curves"])
    weights = np.linspace(2, 7, 21)
    np.testing.assert_allclose(curves[..., 0], weights[None].repeat(len(curves), 0), rtol=1e-12)
    expected = reference.level_curve(picture.level_outputs()[:, None], weights)
    # a halving that falls on the level to rounding may go either way
    np.testing.assert_allclose(curves[..., 1], expected, atol=5 / 2**8)
    assert np.mean(np.abs(curves[..., 1] - expected) < 1e-10) > 0.98


def test_response_bends_where_it_says() -> None:
    source = (
        f"import {{ bend, responseCurve }} from '{(FOLDER / 'response.js').as_uri()}';"
        "answer(data.map((state) => [bend(state), responseCurve(state, [0.6, 0.8])]));"
    )
    states = [ClippingCliff(rule=rule, damping=0.25, threshold=0.4).state() for rule in reference.RULES]
    bends, curves = zip(*run_node(source, states), strict=True)
    assert bends == (
        None,
        {"norm": 0.4, "name": "c"},
        {"norm": 0.4, "name": "c"},
        {"norm": 0.5, "name": "√λ"},
        {"norm": 0.5, "name": "√λ"},
    )
    rank_one = np.array(curves[3])
    assert rank_one[rank_one[:, 1].argmax(), 0] == pytest.approx(0.5, rel=0.1)
    assert np.array(curves[2])[:, 1].max() == pytest.approx(0.4)


def test_a_step_without_gradient_is_told() -> None:
    source = "".join(
        f"import * as {name} from '{(FOLDER / f'{name}.js').as_uri()}';" for name in ("rules", "words")
    )
    scene = (
        "const nothing = { points: [[3, -1], [3, -1]], losses: [0, 0], gradients: [[0, 0]], moves: [[0, 0]],"
        "lengths: [0], thrown: 0, left: false };"
        "const shown = rules.inspectStep(nothing, 4);"
        "answer([shown.k, words.tellStep(shown), words.tellClipping(shown),"
        "...rules.RULE_NAMES.map((rule) => rules.clipped({ rule, threshold: 1, damping: 1 }, [0, 0]))]);"
    )
    step, told, clipping, *moves = run_node(source + scene)
    assert step == 1
    assert "at no direction to −g" in told
    assert clipping == "There is no gradient here, and no step."
    assert moves == [[0, 0]] * 5
    assert widget.tell_angle(float("nan")) == "no direction"


def test_page_and_python_bound_the_state_alike() -> None:
    source = (
        f"import {{ PRESET, SCHEMA }} from '{(FOLDER / 'presets.js').as_uri()}'; answer([PRESET, SCHEMA]);"
    )
    preset, schema = run_node(source)
    state = ClippingCliff().state()
    assert preset == {name: state[name] for name in preset}
    check_schema(ClippingCliff, schema)
