"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import DampingExplorer
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.damping_explorer import reference
from tests.browser import PageProbe, run_node, serve

FOLDER = WIDGETS / "damping_explorer"
NUM_CASES = 52
RELATIVE = 1e-10
ROUNDING = 1e-15 / RELATIVE
COMPUTE = """
const run = (state) => methods.descend(state);
const inspected = (state) => inspect.inspectStep(state, run(state), state.current);
const compute = (states) => states.map((state) => ({
  run: run(state),
  shown: inspected(state),
  here: surfaces.evaluate(state, state.start),
  eigen: surfaces.eigen(surfaces.evaluate(state, state.start).hessian),
  best: methods.optimum(state),
}));
"""
PAIRS = [(surface, method) for surface in reference.SURFACES for method in reference.METHODS]


def random_states(surface: str, method: str) -> list[dict[str, Any]]:
    """Settings over the whole range of every trait, with the ends of the ranges among them."""
    rng = np.random.default_rng([len(surface), len(method)])
    states = []
    for i in range(NUM_CASES):
        states.append(
            {
                "surface": surface,
                "method": method,
                "condition_number": float(10 ** rng.uniform(0, 2)),
                "damping": [0.0, 1000.0][i] if i < 2 else float(10 ** rng.uniform(-3, 3)),
                "learning_rate": [0.0001, 2.0][i] if i < 2 else float(10 ** rng.uniform(-4, np.log10(2))),
                "steps": [1, 200][i] if i < 2 else int(rng.integers(1, 30)),
                "start": [float(rng.uniform(*bounds)) for bounds in reference.WINDOW],
                "current": int(rng.integers(0, 8)),
            }
        )
    return states


@pytest.fixture(scope="module")
def in_node() -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    imports = "".join(
        f"import * as {name} from '{(FOLDER / f'{name}.js').as_uri()}';"
        for name in ("surfaces", "methods", "inspect")
    )
    return lambda states: run_node(imports + COMPUTE + "answer(compute(data));", states)


@pytest.fixture(scope="module")
def in_chromium(chromium: Any) -> Any:
    with serve(WIDGETS) as address, PageProbe(chromium) as probe:
        probe.page.goto(f"{address}/host.js")
        imports = "".join(
            f"const {name} = await import('/damping_explorer/{name}.js');"
            for name in ("surfaces", "methods", "inspect")
        )
        body = f"{imports} {COMPUTE} return JSON.parse(JSON.stringify(compute(data)));"
        yield lambda states: probe.page.evaluate(f"async (data) => {{ {body} }}", states)
        assert probe.problems() == []


def close(got: Any, expected: Any, scale: float = 0.0) -> None:
    """Equal to 1e-10 of the expected size (or of ``scale``, where terms of that size cancel)."""
    expected = np.asarray(expected, dtype=float)
    size = max(float(np.linalg.norm(expected)), scale)
    assert float(np.linalg.norm(np.asarray(got, dtype=float) - expected)) <= RELATIVE * size + 1e-300


def check_evaluation(state: dict[str, Any], got: dict[str, Any]) -> None:
    here = reference.evaluate(state["surface"], state["start"], state["condition_number"])
    close(got["here"]["loss"], here.loss)
    close(got["here"]["gradient"], here.gradient)
    a, b, c = got["here"]["hessian"]
    close([[a, b], [b, c]], here.hessian)
    values, vectors = np.array(got["eigen"]["values"]), np.array(got["eigen"]["vectors"])
    close(values, np.linalg.eigvalsh(here.hessian)[::-1])
    close(vectors.T @ np.diag(values) @ vectors, here.hessian)
    close(vectors @ vectors.T, np.eye(2))


def sensitivity(state: dict[str, Any], here: reference.Evaluation, damping: float) -> float:
    """How much a step changes with θ, to first order and generously: ‖H‖ times the size of the inverse."""
    size = np.linalg.norm(here.hessian, 2)
    if state["method"] == "gradient_descent":
        return state["learning_rate"] * size
    if state["method"] == "rank_one":
        return state["learning_rate"] * size * (1 + size / damping) / damping
    lowest = np.abs(np.linalg.eigvalsh(here.hessian) + damping).min()
    return state["learning_rate"] * size * (1 + np.linalg.norm(here.gradient) / lowest) / lowest


def near_a_threshold(state: dict[str, Any], point: np.ndarray, damping: float) -> bool:
    """Whether Levenberg–Marquardt's decision hangs on rounding."""
    here = reference.evaluate(state["surface"], point, state["condition_number"])
    lowest = np.linalg.eigvalsh(here.hessian)[0] + damping
    if abs(lowest) < 1e-9:
        return True
    if lowest < 0:
        return False
    move = -reference.damped_direction(here.hessian, here.gradient, damping)
    ratio = reference.gain_ratio(state["surface"], point, state["condition_number"], move)
    return min(abs(ratio - limit) for limit in (0, 0.25, 0.75)) < 1e-5


def check_every_step(state: dict[str, Any], got: dict[str, Any]) -> int:
    """Each step of the page against NumPy's from the same point: exact even where paths are chaotic.

    The first ten and the last three of a run, to save time; returns the run's length.
    """
    run = got["run"]
    points = np.array(run["points"])
    kind = run["outcome"]["kind"]
    close(run["dampings"][0], reference.start_damping(state))
    np.testing.assert_array_equal(points[0], state["start"])
    for k, point in enumerate(points):
        if 10 <= k < len(points) - 3:
            continue
        size = float(np.linalg.norm(point))
        here = reference.evaluate(state["surface"], point, state["condition_number"])
        # near a minimum both losses carry the rounding of θ itself
        close(run["losses"][k], here.loss, scale=ROUNDING * np.linalg.norm(here.gradient) * size + 1e-18)
        if k == len(points) - 1 and kind in ("ran", "converged", "saddle"):
            break
        if state["method"] == "levenberg_marquardt" and near_a_threshold(state, point, run["dampings"][k]):
            continue
        try:
            move, damping = reference.propose(state, point, run["dampings"][k])
        except reference.NoStepError as reason:
            assert (kind, k) == (str(reason), len(points) - 1)  # noqa: PT017 - the loop goes on
            continue
        if k == len(points) - 1:
            assert kind == "diverged"
            assert not reference.distance_to_minimum(state["surface"], point + move) <= reference.ESCAPED
            continue
        # a move is read off as a difference of points, and its gradient carries the rounding of θ too
        close(
            points[k + 1] - point,
            move,
            scale=size + ROUNDING * size * sensitivity(state, here, run["dampings"][k]),
        )
        close(run["dampings"][k + 1], damping)
    return len(points)


def settled(state: dict[str, Any], run: reference.Run) -> bool:
    """Whether the whole path moves by no more than 1e-12 when its start moves by 1e-14."""
    shifted = reference.descend(state | {"start": [x + 1e-14 for x in state["start"]]})
    if run.points.shape != shifted.points.shape or run.outcome != shifted.outcome:
        return False
    return bool((np.abs(run.points - shifted.points) <= 1e-12 * (1 + np.abs(run.points))).all())


def check_whole_run(run: reference.Run, got: dict[str, Any]) -> None:
    assert got["run"]["outcome"] == {"kind": run.outcome, "step": run.step}
    scale = np.abs(run.points).max()
    np.testing.assert_allclose(got["run"]["points"], run.points, rtol=RELATIVE, atol=RELATIVE * scale)
    np.testing.assert_allclose(got["run"]["dampings"], run.dampings, rtol=RELATIVE)


def check_inspection(state: dict[str, Any], got: dict[str, Any]) -> bool:
    """The linked views from their definitions, with NumPy's eigenvectors; False where nothing moves."""
    shown, run = got["shown"], got["run"]
    k = min(state["current"], len(run["points"]) - 1)
    point, damping = np.array(run["points"][k]), run["dampings"][k]
    here = reference.evaluate(state["surface"], point, state["condition_number"])
    values, vectors = np.linalg.eigh(here.hessian)
    values, vectors = values[::-1], vectors[:, ::-1].T
    assert shown["k"] == k
    close(shown["values"], values, scale=1e-3 * np.abs(values).max())
    close(
        shown["distance"], reference.distance_to_minimum(state["surface"], point), scale=np.linalg.norm(point)
    )
    if abs(values[1] + damping) > 1e-9:
        assert shown["positive"] == bool(values[1] + damping > 0)
    parts = np.array(shown["parts"])
    try:
        move, _ = reference.propose(state, point, damping)
    except reference.NoStepError as reason:
        assert (shown["failure"], parts.any()) == (str(reason), False)  # noqa: PT017 - one of two cases
        return False
    if state["method"] == "levenberg_marquardt" and near_a_threshold(state, point, damping):
        return False
    if np.linalg.norm(here.gradient) < 1e-3:  # there, directions are rounding
        return False
    scale = 1e-3 * np.linalg.norm(move) * max(1.0, np.linalg.cond(here.hessian + damping * np.eye(2)))
    close(parts.sum(axis=0), move, scale=scale)
    for i in range(2):
        gradient_part, move_part = vectors[i] @ here.gradient, vectors[i] @ move
        close(abs(vectors[i] @ parts[i]), abs(move_part), scale=scale)
        share = shown["shares"][i]
        close(share["gradient"], abs(gradient_part) / np.linalg.norm(here.gradient), scale=1.0)
        if np.linalg.norm(move) > 0:
            close(share["step"], abs(move_part) / np.linalg.norm(move), scale=1.0)
        if abs(gradient_part) > 1e-6 * np.linalg.norm(here.gradient) and shown["factors"][i] is not None:
            expected = -move_part * values[i] / gradient_part
            size = np.linalg.norm(move) * np.linalg.norm(here.gradient) / gradient_part**2
            if state["method"] == "rank_one":  # the condition number of λI + H₁
                size *= 1 + np.abs(values).max() / damping
            close(shown["factors"][i], expected, scale=100 * ROUNDING * np.abs(values).max() * size)
    return True


def check_optimum(state: dict[str, Any], got: dict[str, Any]) -> None:
    """The offered α and λ do reach the minimum at the rate that theory promises."""
    best = got["best"]
    if state["surface"] != "quadratic" or state["method"] == "rank_one":
        assert best is None
        return
    run = reference.descend(state | best | {"steps": 200})
    kappa = state["condition_number"]
    distances = [reference.distance_to_minimum("quadratic", point) for point in run.points]
    if state["method"] == "gradient_descent":
        rate = (kappa - 1) / (kappa + 1)
        assert distances[-1] <= distances[0] * rate ** (len(distances) - 1) * (1 + 1e-6) + 1e-14
    else:
        assert run.outcome == "converged"
        assert run.step <= 3


def check_all(states: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    """Every case step by step; half of them also as whole runs, which takes longer."""
    num_steps = sum(check_every_step(state, got) for state, got in zip(states, answers, strict=True))
    assert num_steps > 3 * NUM_CASES or states[0]["method"] == "rank_one"
    compared = inspected = 0
    for i, (state, got) in enumerate(zip(states, answers, strict=True)):
        check_evaluation(state, got)
        inspected += check_inspection(state, got)
        if i < NUM_CASES // 4:
            check_optimum(state, got)
        run = reference.descend(state) if i < NUM_CASES // 2 else None
        if run is not None and settled(state, run):
            check_whole_run(run, got)
            compared += 1
    assert inspected >= NUM_CASES // 3
    assert compared >= NUM_CASES // 6


@pytest.mark.parametrize(("surface", "method"), PAIRS)
def test_node_equals_numpy(in_node: Any, surface: str, method: str) -> None:
    states = random_states(surface, method)
    check_all(states, in_node(states))


@pytest.mark.page
@pytest.mark.parametrize(("surface", "method"), PAIRS)
def test_chromium_equals_numpy(in_chromium: Any, in_node: Any, surface: str, method: str) -> None:
    states = random_states(surface, method)
    answers = in_chromium(states)
    if answers != in_node(states):  # the same numbers to the last bit are checked already
        check_all(states, answers)


@pytest.mark.parametrize("surface", reference.SURFACES)
def test_level_curves_lie_on_their_level(surface: str) -> None:
    levels = [0.02, 0.3, 1.1, 1.2, 7.0, 900.0]
    source = (
        f"import {{ levelCurves }} from '{(FOLDER / 'levels.js').as_uri()}';"
        "answer(data.levels.map((level) => levelCurves(data, level)));"
    )
    found = run_node(source, {"surface": surface, "condition_number": 30.0, "levels": levels})
    for level, curves in zip(levels, found, strict=True):
        # below the saddle's own level of 1.125 there is a curve about each minimum
        assert len(curves) == (2 if surface == "saddle" and level < 1.125 else 1)
        for curve in np.array(curves):
            here = reference.evaluate(surface, curve, 30.0)
            inside = np.abs(curve[:, 0]) < 2.2
            np.testing.assert_allclose(here.loss[inside], level, rtol=1e-9)
            if level < 1:
                steps = np.linalg.norm(np.diff(curve, axis=0, append=curve[:1]), axis=1)
                assert steps.max() < 0.06 * steps.sum()
                assert reference.distance_to_minimum(surface, curve.mean(axis=0)) < 1


def test_page_and_python_bound_the_state_alike() -> None:
    source = f"import {{ SCHEMA }} from '{(FOLDER / 'presets.js').as_uri()}'; answer(SCHEMA);"
    schema = run_node(source)
    traits = DampingExplorer.class_traits()
    assert set(schema) == set(DampingExplorer().state())
    for name, rule in schema.items():
        trait = traits[name]
        if "options" in rule:
            assert tuple(rule["options"]) == trait.options
        elif "point" in rule:
            assert tuple(tuple(bounds) for bounds in rule["point"]) == trait.bounds
        else:
            assert (rule["min"], rule["max"]) == (trait.minimum, trait.maximum)
            assert rule.get("integer", False) == isinstance(trait.default_value, int)
