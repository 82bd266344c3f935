"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative."""

from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import GradientThroughTime
from hnrc_lib.widgets.gradient_time import reference
from hnrc_lib.widgets.packed import pack_array
from tests.widgets.compare import in_chromium, in_node

NUM_CASES = 60


COMPUTE = """
const decode = ({ shape, data }) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return { values: new Float32Array(bytes.buffer), shape };
};
const compute = ({ states, arrays }) => {
  const read = arrays.map((each) => ({ recurrent: decode(each.recurrent), inputs: decode(each.inputs) }));
  return states.map((state) => {
    const whole = { ...state, ...read[state.seed] };
    const { rows, rate, bound, lost, norm, scale, recent } = scene.inspect(whole);
    const picked = [0, Math.floor(state.length / 2), state.length];
    const shown = picked.map((last) => Array.from(rows[last]));
    const more = { balance: scene.balance(whole), can: scene.canBalance(whole) };
    return { shown, rate, bound, lost, norm, scale, recent, ...more };
  });
};
"""


def random_states() -> list[dict[str, Any]]:
    """States over their whole ranges, with the extremes among them; the seed picks one of three cells."""
    rng = np.random.default_rng(8)
    states = [
        {
            "cell": reference.CELLS[k % 3],
            "radius": float(rng.uniform(0.3, 2)),
            "length": int(rng.integers(2, 81)),
            "forget_bias": float(rng.uniform(-2, 6)),
            "threshold": float(10 ** rng.uniform(-2, 3)),
            "seed": k % 4,
        }
        for k in range(NUM_CASES)
    ]
    special = [{"radius": 0.3, "length": 2}, {"radius": 2.0, "length": 80, "forget_bias": 6.0}]
    return states + [
        {**reference.FIRST, "cell": cell, **more} for cell in reference.CELLS for more in special
    ]


def data() -> dict[str, Any]:
    """The states, and the arrays of each seed."""
    arrays = [
        {name: pack_array(array) for name, array in reference.cell_arrays(seed).items()} for seed in range(4)
    ]
    return {"states": random_states(), "arrays": arrays}


def check_all(answers: list[dict[str, Any]]) -> None:
    for state, got in zip(random_states(), answers, strict=True):
        whole = {**state, **reference.cell_arrays(state["seed"])}
        expected = reference.inspect(whole)
        # rounding grows as gradients do on the way back
        relative = 1e-10 * max(1.0, float(np.nanmax(expected.gains)) if state["cell"] != "linear" else 1.0)
        for last, row in zip((0, state["length"] // 2, state["length"]), got["shown"], strict=True):
            np.testing.assert_allclose(
                np.asarray(row, dtype=float), expected.gains[last, : last + 1], rtol=relative, atol=1e-300
            )
        for name in ("rate", "norm", "scale", "recent"):
            assert got[name] == pytest.approx(getattr(expected, name), rel=relative), name
        bound = expected.bound
        assert got["bound"] == (None if bound is None else pytest.approx(bound, rel=1e-10))
        lost = None if got["lost"] is None else (got["lost"]["back"], got["lost"]["how"])
        assert lost == expected.lost
        assert got["can"] == (got["balance"] is not None)
    for state, got in list(zip(random_states(), answers, strict=True))[:12]:
        found = reference.balance({**state, **reference.cell_arrays(state["seed"])})
        assert got["balance"] == (None if found is None else pytest.approx(found, abs=1.1e-3))


def test_node_equals_numpy() -> None:
    check_all(in_node("gradient_time", ("scene",), COMPUTE, data()))


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    check_all(in_chromium(chromium, "gradient_time", ("scene",), COMPUTE, data()))


def test_page_and_python_bound_and_begin_alike() -> None:
    source = "const compute = () => [scene.SCHEMA, scene.FIRST];"
    schema, first = in_node("gradient_time", ("scene",), source, None)
    assert {**first, "seed": 0} == reference.FIRST
    traits: dict[str, Any] = GradientThroughTime.class_traits(sync=True)
    assert set(schema) == set(GradientThroughTime().state())
    assert tuple(schema["cell"]["options"]) == traits["cell"].options
    for name in ("radius", "length", "forget_bias", "threshold", "seed"):
        assert (schema[name]["min"], schema[name]["max"]) == (traits[name].minimum, traits[name].maximum)
    assert all(schema[name]["packed"] == traits[name].axes for name in ("recurrent", "inputs"))


def test_arrays_of_other_shapes_are_refused() -> None:
    source = """const compute = () => {
      const array = (shape) => ({ values: new Float32Array(shape.reduce((a, b) => a * b)), shape });
      const state = { recurrent: array([4, 3, 3]), inputs: array([4, 80, 2]) };
      try { return scene.inspect({ ...state, ...scene.FIRST }); } catch (error) { return error.message; }
    };"""
    told = in_node("gradient_time", ("scene",), source, None)
    assert told == "expected recurrent (4, n, n) and inputs (4, 80, n), got (4,3,3) and (4,80,2)"


def test_pictures_differ_by_theme() -> None:
    widget = GradientThroughTime()
    light, dark = widget.picture(), widget.picture(dark=True)
    assert light != dark
    assert max(len(light), len(dark)) < 80_000
