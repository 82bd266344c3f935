"""The page's mathematics and words against NumPy and Python, in Node and in Chromium, to 1e-10 relative."""

from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import InversePicture
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.inverse_picture import reference, words
from tests.browser import run_node
from tests.widgets.compare import check_schema, in_chromium, in_node

FOLDER = WIDGETS / "inverse_picture"
MODULES = ("map", "words")
NUM_CASES = 80
RELATIVE = 1e-10
SIZES = [0.0, 0.4, 1.7, 3.0]
COMPUTE = """
const compute = ({ states, sizes }) => states.map((state) => {
  const scene = map.inspect(state);
  return {
    scene,
    lengths: sizes.map((size) => map.stepLengths(state, scene.slopes, size)),
    told: [words.tellState(state, scene), words.tellDamped(scene, state), words.tellRankOne(scene)],
  };
});
"""
# singular, undefined, undamped, without gradient, every end of every range
CORNERS: list[dict[str, Any]] = [
    {"eigenvalues": [2.0, -0.5], "rotation": 30.0, "damping": 0.5, "gradient": [-0.4, -1.4]},
    {"eigenvalues": [-0.5, -0.5], "rotation": 30.0, "damping": 0.5, "gradient": [0.4, -1.4]},
    {"eigenvalues": [0.0, 0.0], "rotation": 0.0, "damping": 0.0, "gradient": [1.0, 1.0]},
    {"eigenvalues": [0.0, 0.0], "rotation": 0.0, "damping": 1.0, "gradient": [1.0, 1.0]},
    {"eigenvalues": [1.0, -1.0], "rotation": 0.0, "damping": 0.25, "gradient": [1.0, 1.0]},
    {"eigenvalues": [1.0, -1.0], "rotation": 0.0, "damping": 0.0, "gradient": [1.0, 1.0]},
    {"eigenvalues": [-0.5, 1.0], "rotation": 0.0, "damping": 0.5, "gradient": [1.0, 0.0]},
    {"eigenvalues": [2.0, 0.2], "rotation": 30.0, "damping": 0.5, "gradient": [0.0, 0.0]},
    {"eigenvalues": [4.0, -2.0], "rotation": 180.0, "damping": 8.0, "gradient": [2.0, -2.0]},
    {"eigenvalues": [-2.0, 4.0], "rotation": -180.0, "damping": 0.0, "gradient": [-2.0, 2.0]},
]


def random_states() -> list[dict[str, Any]]:
    rng = np.random.default_rng(6)
    states = [
        {
            "eigenvalues": rng.uniform(-2, 4, 2).tolist(),
            "rotation": float(rng.uniform(-180, 180)),
            "damping": float(rng.uniform(0, 8) if i % 2 else 10 ** rng.uniform(-2, 0.9)),
            "gradient": rng.uniform(-2, 2, 2).tolist(),
        }
        for i in range(NUM_CASES)
    ]
    return CORNERS + states


def check_map(made: reference.InverseMap, got: dict[str, Any], sensitivity: float) -> None:
    assert got["kind"] == made.kind
    assert (got["step"] is None) == (made.step is None)
    if made.step is not None and made.matrix is not None:
        scale = np.linalg.norm(made.step) + 1e-5 * sensitivity * np.linalg.norm(made.matrix)
        assert np.linalg.norm(np.array(got["step"]) - made.step) <= RELATIVE * scale
        values = np.abs(np.linalg.eigvalsh(made.matrix))
        mine = np.sort(np.abs(got["scales"]))
        np.testing.assert_allclose(mine, np.sort(values), rtol=1e-9, atol=RELATIVE * values.max())


def check_all(states: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    for state, got in zip(states, answers, strict=True):
        scene = got["scene"]
        np.testing.assert_allclose(
            np.array(scene["vectors"]).T, reference.eigenvectors(state["rotation"]), atol=1e-15
        )
        check_map(reference.damped_map(state), scene["damped"], 1.0)
        check_map(reference.rank_one_map(state), scene["rankOne"], 1.0)
        rho = reference.rank_one_eigenvalue(state)
        if state["damping"] > 0 and rho is not None:
            assert scene["rankOne"]["eigenvalue"] == pytest.approx(rho, rel=RELATIVE, abs=1e-14)
        for size, row in zip(SIZES, got["lengths"], strict=True):
            expected = reference.step_lengths(state, size)
            for name, value in row.items():
                if value is None:
                    assert not np.isfinite(expected[name])
                else:
                    assert value == pytest.approx(float(expected[name]), rel=RELATIVE, abs=1e-14)
        told = [words.tell_state(state), words.tell_damped(state), words.tell_rank_one(state)]
        assert got["told"] == told


def test_node_equals_numpy() -> None:
    states = random_states()
    check_all(states, in_node("inverse_picture", MODULES, COMPUTE, {"states": states, "sizes": SIZES}))


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    states = random_states()
    data = {"states": states, "sizes": SIZES}
    check_all(states, in_chromium(chromium, "inverse_picture", MODULES, COMPUTE, data))


def node(module: str, expression: str, data: Any = None) -> Any:
    address = (FOLDER / f"{module}.js").as_uri()
    return run_node(f"import * as made from '{address}'; answer({expression});", data)


def test_the_image_of_the_circle_is_the_matrix_applied_to_it() -> None:
    state = CORNERS[0] | {"damping": 0.2}
    scene = "((s) => made.imageOfCircle(s.scales, s.vectors))(data)"
    vectors = reference.eigenvectors(30.0)
    scales = [1 / 2.2, 1 / -0.3]
    image = np.array(node("plane", scene, {"scales": scales, "vectors": vectors.T.tolist()}))
    matrix = reference.damped_map(state).matrix
    assert matrix is not None
    radii = np.linalg.norm(np.linalg.solve(matrix, image.T), axis=0)
    np.testing.assert_allclose(radii, 1.0, rtol=1e-12)
    assert len(image) > 100


def test_the_curves_pass_through_the_peak_and_leave_out_what_does_not_exist() -> None:
    lines = dict(node("lengths", "made.curves({ damping: 0.25 }, { damped: 2, rank_one: null })"))
    assert lines["rank_one"] == []
    sizes, lengths = np.array(lines["normalised"]).T
    assert (sizes[lengths.argmax()], lengths.max()) == pytest.approx((0.5, 1.0), abs=1e-3)
    np.testing.assert_allclose(np.array(lines["damped"])[:, 1], 2 * sizes)


@pytest.mark.parametrize(
    ("degrees", "expected"), [(180, 180), (181, -179), (-180, 180), (365, 5), (-200.4, 160), (0, 0)]
)
def test_angles_wrap(degrees: float, expected: int) -> None:
    assert node("turn", "made.wrapDegrees(data)", degrees) == expected


def test_a_length_is_given_within_the_bounds() -> None:
    make = "made.withLength(data[0], data[1])"
    np.testing.assert_allclose(node("map", make, [[0.6, -0.8], 2.0]), [1.2, -1.6], rtol=1e-12)
    np.testing.assert_allclose(node("map", make, [[0.6, -0.8], 3.0]), [1.5, -2.0], rtol=1e-12)
    assert node("map", make, [[0.0, 0.0], 1.0]) == [0, -1]


def test_page_and_python_bound_the_state_alike() -> None:
    schema, first = node("map", "[made.SCHEMA, made.FIRST]")
    assert first == reference.FIRST
    check_schema(InversePicture, schema)
