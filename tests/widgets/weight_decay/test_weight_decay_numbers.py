"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative."""

from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import WeightDecayExplorer
from hnrc_lib.widgets.weight_decay import reference
from tests.widgets.compare import check_schema, in_chromium, in_node

NUM_CASES = 60
MODULES = ("scene", "quadratic")
COMPUTE = """
const compute = (states) => states.map((state) => ({
  ...scene.inspect(state),
  bends: quadratic.breakpoints(state),
  next: scene.nextZero(state),
  loss: quadratic.bareLoss(state, [0.3, -0.7]),
}));
"""


def random_states() -> list[dict[str, Any]]:
    """States over their whole ranges, with the corners and the special ones among them."""
    rng = np.random.default_rng(5)
    choices = [(penalty, steps) for penalty in reference.PENALTIES for steps in reference.STEPS]
    states = [
        {
            "penalty": choices[k % 6][0],
            "steps": choices[k % 6][1],
            "optimum": rng.uniform(-1.5, 1.5, 2).tolist(),
            "strength": float(rng.uniform(0, 2.5)),
            "learning_rate": float(rng.uniform(0.05, 1)),
            "ratio": float(rng.uniform(1, 9)),
            "angle": float(rng.uniform(-180, 180)),
        }
        for k in range(NUM_CASES)
    ]
    special = [
        {"strength": 0.0},
        {"ratio": 1.0, "angle": 0.0},
        {"optimum": [0.0, 0.0]},
        {"optimum": [1.5, 0.0], "angle": 0.0},
        {"ratio": 9.0, "strength": 2.5, "learning_rate": 1.0},
    ]
    return states + [
        {**reference.FIRST, "penalty": penalty, "steps": steps, **change}
        for penalty, steps in choices
        for change in special
    ]


def close(got: Any, expected: Any, size: float = 1.0) -> None:
    """Equal to 1e-10 of the expected numbers, and to the rounding of numbers of that size."""
    np.testing.assert_allclose(np.asarray(got, dtype=float), expected, rtol=1e-10, atol=1e-14 * size)


def check_state(state: dict[str, Any], got: dict[str, Any]) -> None:
    theta = reference.minimiser(state)
    close(got["minimiser"], theta)
    assert [x == 0 for x in got["minimiser"]] == [x == 0 for x in theta.tolist()]
    kind, radius = reference.constraint(state)
    assert got["region"]["kind"] == kind
    close(got["region"]["radius"], radius)
    for strength, *point in got["path"][:: 1 if state["penalty"] == "l1" else 9]:
        close(point, reference.minimiser(state, strength))
    strengths = [strength for strength, *_ in got["path"]]
    assert (strengths[0], strengths[-1]) == (0, reference.LARGEST_STRENGTH)
    assert (np.diff(strengths) >= 0).all()
    bare, shifted = reference.eigenvalues(state)
    close(got["eigenvalues"]["bare"], bare)
    close(got["eigenvalues"]["shifted"], shifted)
    close(got["growth"], reference.growth(state))
    bends = reference.breakpoints(state)
    for bend in bends:  # two ways to one bend may differ by rounding
        assert min(abs(bend - x) for x in got["bends"]) <= 1e-10 * bend
    zeros = reference.zero_strengths(state) if state["penalty"] == "l1" else []
    close(got["zeros"], zeros)
    off = np.array([0.3, -0.7]) - state["optimum"]
    close(got["loss"], off @ reference.hessian(state) @ off / 2)
    check_next(state, zeros, got["next"])
    assert tuple(got["runs"]) == reference.methods(state)
    for method in reference.methods(state):
        check_run(reference.run(method, state), got["runs"][method])


def check_run(expected: reference.Run, got: dict[str, Any]) -> None:
    size = float(np.abs(expected.points).max())
    close(got["points"], expected.points, 10 * size)
    assert tuple(got["zeroSince"]) == expected.zero_since
    assert tuple(got["crossings"]) == expected.crossings
    close(got["rest"], expected.rest)


def check_next(state: dict[str, Any], zeros: list[float], got: float | None) -> None:
    assert (got is None) == (not zeros)
    if got is None:
        return
    assert min(abs(got - zero) for zero in zeros) <= 1.01e-3
    later = [zero for zero in zeros if zero > state["strength"] + 1e-3]
    if later:
        assert got <= later[0] + 1.01e-3
        assert got > state["strength"]


def check_all(answers: list[dict[str, Any]]) -> None:
    for state, got in zip(random_states(), answers, strict=True):
        check_state(state, got)


def test_node_equals_numpy() -> None:
    check_all(in_node("weight_decay", MODULES, COMPUTE, random_states()))


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    check_all(in_chromium(chromium, "weight_decay", MODULES, COMPUTE, random_states()))


def test_page_and_python_bound_and_begin_alike() -> None:
    source = "const compute = () => [scene.SCHEMA, scene.FIRST];"
    schema, first = in_node("weight_decay", ("scene",), source, None)
    assert first == WeightDecayExplorer().state() == reference.FIRST
    check_schema(WeightDecayExplorer, schema)


def test_pictures_differ_by_theme_and_state() -> None:
    widget = WeightDecayExplorer()
    light, dark = widget.picture(), widget.picture(dark=True)
    assert light != dark
    widget.penalty = "l2"
    assert widget.picture() != light
    assert max(len(light), len(dark)) < 80_000
