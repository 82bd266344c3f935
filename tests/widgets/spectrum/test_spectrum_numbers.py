"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative."""

import functools
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.packed import pack_array
from hnrc_lib.widgets.spectrum import reference
from hnrc_lib.widgets.spectrum.widget import SpectrumViewer
from tests.widgets.compare import in_chromium, in_node

MODULES = ("density", "presets")
NUM_CASES = 60
COMPUTE = """
const compute = (cases) => cases.map(({ values, weights, scale, damping }) => {
  const domain = density.axisDomain({ values }, scale);
  return {
    domain,
    curve: density.curve(values, weights, scale, domain),
    bins: density.bins(values, weights, scale, domain, damping),
    found: density.inspect(values, damping),
    best: density.optimum(-values[0]),
    there: values.map((value) => density.fromAxis(density.toAxis(value, scale), scale)),
  };
});
"""


@functools.cache
def cases() -> list[dict[str, Any]]:
    """Random spectra and weights, and the recorded ones; dampings at both ends and at a pole among them."""
    rng, found = np.random.default_rng(4), []
    for index in range(NUM_CASES):
        size = int(rng.integers(1, 80))
        sizes = 10 ** rng.uniform(-7, 1, size) * rng.choice([-1, 1], size, p=[0.3, 0.7])
        values = np.sort(np.append(sizes, [0.0, 3.0]))
        damping = float([0.0, 10.0, abs(values[0]), 10 ** rng.uniform(-6, 1)][index % 4])
        found.append({"values": values, "weights": rng.dirichlet(np.ones(len(values))), "damping": damping})
    viewer = SpectrumViewer()
    for stage, values in enumerate(viewer.numbers("eigenvalues")):
        found.append({"values": values, "weights": np.full(826, 1 / 826), "damping": 0.01 * 5**stage})
        nodes = viewer.numbers("nodes")[stage], viewer.numbers("weights")[stage]
        found.append({"values": nodes[0], "weights": nodes[1], "damping": 0.01})
    return [
        {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in one.items()}
        | {"scale": scale}
        for one in found
        for scale in reference.SCALES
    ]


def close(got: Any, expected: Any, size: float = 0.0) -> None:
    """Equal to 1e-10 of itself, and of ``size`` where larger terms cancel in it."""
    numbers = np.array(got, dtype=float)  # null stands for NaN
    np.testing.assert_allclose(numbers, expected, rtol=1e-10, atol=1e-10 * size + 1e-300)


def check(case: dict[str, Any], got: dict[str, Any]) -> None:
    values, weights = np.array(case["values"]), np.array(case["weights"])
    domain = reference.axis_domain(values[None], case["scale"])
    close(got["domain"], domain)
    curve = reference.curve(values, weights, case["scale"], domain)
    close([point for point, _ in got["curve"]], curve[:, 0], 1e-3 * domain[1])
    # far out in a tail the exponent's own rounding counts
    close([height for _, height in got["curve"]], curve[:, 1], 1e-3 * curve[:, 1].max())
    bins = reference.bins(values, weights, case["scale"], domain, case["damping"])
    assert len(got["bins"]) == len(bins)
    for one, (mean, share, factor) in zip(got["bins"], bins, strict=True):
        close([one["mean"], one["share"]], [mean, share], 1e-6 * np.abs(values).max())
        if abs(mean + case["damping"]) > 1e-6 * case["damping"]:
            close(one["factor"], factor, 1e-4)
    found = reference.inspect(values, case["damping"])
    for name in ("smallest", "largest", "negative", "zero", "drowned", "indefinite", "needed"):
        close(got["found"][name], getattr(found, name))
    assert (got["found"]["condition"] is None) == (found.condition is None)
    if found.condition is not None:
        close(got["found"]["condition"], found.condition)
    assert got["best"] == reference.optimum(-values[0])
    close(got["there"], values, 1e-6)


def test_node_equals_numpy() -> None:
    answers = in_node("spectrum", MODULES, COMPUTE, cases())
    for case, got in zip(cases(), answers, strict=True):
        check(case, got)


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    few = cases()[:60]
    answers = in_chromium(chromium, "spectrum", MODULES, COMPUTE, few)
    for case, got in zip(few, answers, strict=True):
        check(case, got)


def test_scenes_keep_their_curves_and_stay_within_the_record() -> None:
    state = SpectrumViewer().state()
    source = """
      const compute = (data) => {
        const read = (change) => readState((name) => ({ ...data, ...change })[name], presets.SCHEMA);
        const survey = scene.createSurveyor();
        const one = survey(read({}));
        const two = survey(read({ damping: 1 }));
        const far = survey(read({ stage: 64, source: 'lanczos', scale: 'linear' }));
        return { same: one.points === two.points, index: far.index, drowned: two.drowned,
                 points: far.points, first: presets.first(read({})), stages: one.stages,
                 best: presets.best(one), none: presets.best({ needed: 0 }) };
      };"""
    modules = ("scene", "presets")
    shared = (WIDGETS / "shared" / "state.js").as_uri()
    found = in_node("spectrum", modules, f"const {{ readState }} = await import('{shared}');" + source, state)
    viewer = SpectrumViewer(damping=1.0)
    assert (found["same"], found["index"], found["none"]) == (True, 3, None)
    assert found["drowned"] == viewer.inspect().drowned
    assert found["best"] == {"damping": 0.0177}
    assert found["first"] == {"stage": 4, "damping": 0.01, "scale": "symlog", "source": "exact"}
    viewer.scale, viewer.source = "linear", "lanczos"
    close([height for _, height in found["points"]], viewer.curve()[:, 1], 1e-3)
    assert [stage["epoch"] for stage in found["stages"]] == [0, 1, 10, 60]


def test_packed_eigenvalues_are_those_of_the_record_to_float32() -> None:
    viewer = SpectrumViewer()
    again = SpectrumViewer(eigenvalues=pack_array(viewer.numbers("eigenvalues")))
    assert again.eigenvalues == viewer.eigenvalues
