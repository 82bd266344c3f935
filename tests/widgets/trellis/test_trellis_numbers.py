"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative."""

import functools
import json
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.packed import pack_array, unpack_array
from hnrc_lib.widgets.trellis import picture, readings, reference
from hnrc_lib.widgets.trellis.lattice import Lattice, ctc_lattice, hmm_lattice
from hnrc_lib.widgets.trellis.widget import TrellisExplorer
from tests.browser import PageProbe, run_node, serve
from tests.widgets.trellis.left_to_right_models import random_model

FOLDER = WIDGETS / "trellis"
SYMBOLS = " ABC"
LABELS = ("A", "AA", "CAB", "A B", "ABBA", "CCC", "B A CAB")
RELATIVE = 1e-10
NUM_CASES = 30  # of each kind
MODULES = ("lattice", "passes", "readings", "cells", "scene")
# infinities do not pass JSON
COMPUTE = """
const finite = (value) => JSON.parse(JSON.stringify(value, (_, x) =>
  x === -Infinity ? '-inf' : ArrayBuffer.isView(x) ? [...x] : x));
const compute = (cases, unpack) => cases.map(({ logits, scores, model, label, symbols, frame, row }) => {
  const rows = lattice.rowsOf(unpack(label ? logits : scores));
  const made = label
    ? lattice.ctcLattice(rows, symbols, label)
    : lattice.hmmLattice(rows, lattice.rowsOf(unpack(model)));
  const found = passes.runPasses(made);
  const gradient = label ? passes.ctcGradient(rows, made, found) : null;
  const what = ['viterbi', 'forward', 'backward', 'posterior'];
  const grids = [found.delta, found.alpha, found.beta, found.posterior];
  return finite({
    made, found, gradient,
    cells: what.map((name) => passes.arithmetic(made, found, name, frame, row)),
    shades: what.map((name, k) => grids[k].map((values) => values.map((value) =>
      cells.shade(name, value, Math.max(...values))))),
    heard: label ? readings.greedyReading(rows, symbols) : null,
    shown: label ? readings.shownClasses(rows, made.classes) : null,
    trace: passes.trace(found.pointers, frame, row),
  });
});
"""


@functools.cache
def cases() -> list[dict[str, Any]]:
    """Random lattices of both kinds, labels that do not fit among them, and the shipped ones."""
    rng, found = np.random.default_rng(11), []
    for index in range(NUM_CASES):
        label = LABELS[index % len(LABELS)]
        frames = int(rng.integers(1 if index % 5 == 0 else 2 * len(label), 30))
        logits = rng.uniform(0.5, 12) * rng.normal(size=(frames, len(SYMBOLS) + 1))
        found.append({"logits": pack_array(logits), "label": label, "symbols": SYMBOLS})
        states = int(rng.integers(1, 9))
        scores = rng.uniform(1, 60) * rng.normal(size=(int(rng.integers(states, 40)), states)) - 50
        model = random_model(states, float(rng.choice([0.0, 0.2])), rng)
        found.append({"scores": pack_array(scores), "model": pack_array(model), "label": ""})
    shipped = TrellisExplorer()
    for label in ("NINETEEN", "NINE TEEN", "YES"):
        found.append({"logits": shipped.logits, "label": label, "symbols": shipped.symbols})
    for digit in range(10):
        parts = {name: unpack_array(getattr(shipped, name))[digit] for name in ("scores", "models")}
        found.append(
            {"scores": pack_array(parts["scores"]), "model": pack_array(parts["models"]), "label": ""}
        )
    for one in found:
        frames, states = lattice_of(one).scores.shape
        one["frame"], one["row"] = int(rng.integers(frames)), int(rng.integers(states))
    return found


def lattice_of(case: dict[str, Any]) -> Lattice:
    if case["label"]:
        return ctc_lattice(unpack_array(case["logits"]).astype(float), case["symbols"], case["label"])
    return hmm_lattice(unpack_array(case["scores"]).astype(float), unpack_array(case["model"]).astype(float))


def close(got: Any, expected: Any, size: float = 1e-3) -> None:
    """Equal to 1e-10 of itself, and of ``size`` where larger terms cancel in it."""
    numbers = np.array(got, dtype=object)
    numbers = np.where(numbers == "-inf", -np.inf, numbers).astype(float)
    np.testing.assert_allclose(numbers, expected, rtol=RELATIVE, atol=RELATIVE * size)


def check(case: dict[str, Any], got: dict[str, Any]) -> None:
    lattice = lattice_of(case)
    passes = reference.run(lattice)
    assert got["made"]["names"] == list(lattice.names)
    for name in ("scores", "initial", "arcs", "final"):
        close(got["made"][name], getattr(lattice, name))
    size = 1 + abs(passes.log_likelihood) if passes.log_likelihood > -np.inf else 1.0
    for name in ("alpha", "beta", "delta"):
        close(got["found"][name], getattr(passes, name))
    # an error of 1e-13 in log P is one of 1e-13 of the share itself
    close(got["found"]["posterior"], passes.posterior, 1e-2 * size)
    close([got["found"]["logLikelihood"], got["found"]["best"]], [passes.log_likelihood, passes.best])
    for name in ("pointers", "path"):
        assert got["found"][name] == getattr(passes, name).tolist(), name
    frame, row = case["frame"], case["row"]
    assert got["trace"] == reference.trace(passes.pointers, frame, row).tolist()
    for what, cell, shade in zip(reference.PASSES, got["cells"], got["shades"], strict=True):
        expected = reference.arithmetic(lattice, passes, what, frame, row)
        close(
            [cell["joined"], cell["score"], cell["value"]],
            [expected.joined, expected.score, expected.value],
            size,
        )
        assert [term["state"] for term in cell["terms"]] == [term.state for term in expected.terms]
        close([term["total"] for term in cell["terms"]], [term.total for term in expected.terms])
        grid = {"viterbi": passes.delta, "forward": passes.alpha, "backward": passes.beta}.get(what)
        whole = 0 if what == "backward" else len(lattice.scores) - 1
        if grid is not None and np.isfinite(grid.max(1)).all():
            np.testing.assert_allclose(shade, picture.shades(what, grid, whole), atol=1e-9)
    if case["label"]:
        logits = unpack_array(case["logits"]).astype(float)
        close(got["gradient"], reference.ctc_gradient(logits, lattice, passes), 1e-2 * size)
        assert got["heard"] == readings.greedy_reading(logits, case["symbols"])
        assert got["shown"] == readings.shown_classes(logits, lattice.classes)


def test_node_equals_numpy() -> None:
    imports = "".join(f"import * as {n} from '{(FOLDER / f'{n}.js').as_uri()}';" for n in MODULES)
    imports += f"import {{ unpackArray }} from '{(WIDGETS / 'shared' / 'packed.js').as_uri()}';"
    answers = run_node(imports + COMPUTE + "answer(compute(data, unpackArray));", cases())
    assert len(answers) > 60
    for case, got in zip(cases(), answers, strict=True):
        check(case, got)


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    imports = "".join(f"const {n} = await import('/trellis/{n}.js');" for n in MODULES)
    imports += "const { unpackArray } = await import('/shared/packed.js');"
    with serve(WIDGETS) as address, PageProbe(chromium) as probe:
        probe.page.goto(f"{address}/host.js")
        body = f"{imports} {COMPUTE} return JSON.stringify(compute(JSON.parse(text), unpackArray));"
        answers = json.loads(probe.page.evaluate(f"async (text) => {{ {body} }}", json.dumps(cases())))
        assert probe.problems() == []
    for case, got in zip(cases(), answers, strict=True):
        check(case, got)


def test_an_unknown_symbol_is_refused_by_name() -> None:
    source = f"import {{ ctcLattice }} from '{(FOLDER / 'lattice.js').as_uri()}';"
    source += "try { ctcLattice([[0, 0]], 'A', 'X'); } catch (error) { answer(error.message); }"
    assert run_node(source) == 'label must hold some of "A", got "X"'


def test_scenes_stay_inside_the_lattice_and_keep_what_does_not_move() -> None:
    state = TrellisExplorer().get_state()
    source = f"""import {{ createSurveyor }} from '{(FOLDER / "scene.js").as_uri()}';
      import {{ readState }} from '{(WIDGETS / "shared" / "state.js").as_uri()}';
      import {{ SCHEMA }} from '{(FOLDER / "presets.js").as_uri()}';
      import {{ home }} from '{(FOLDER / "readings.js").as_uri()}';
      const read = (change) => readState((name) => ({{ ...data, ...change }})[name], SCHEMA);
      const survey = createSurveyor();
      const first = survey(read({{}}));
      const far = survey(read({{ frame: 400, row: 25 }}));
      const other = survey(read({{ mode: 'hmm', row: 25, digit: 4 }}));
      answer([[first.frame, first.row], home(first), [far.frame, far.row], first.passes === far.passes,
              [other.frame, other.row], other.reading]);"""
    own = {name: value for name, value in state.items() if not name.startswith("_")}
    first, home, far, kept, other, reading = run_node(source, own)
    widget = TrellisExplorer()
    assert first == list(widget.cell()) == [15, 9]
    assert home == {"frame": widget.frame, "row": widget.row}
    assert (far, kept) == ([25, 16], True)
    assert other == [15, 7]
    assert reading == {"heard": "NINE TEEN", "digit": 2}
