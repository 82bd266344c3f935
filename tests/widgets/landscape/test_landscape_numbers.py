"""The page's geometry against NumPy, in Node and in Chromium, to 1e-10 relative."""

import functools
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import LandscapeViewer
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.landscape import reference
from hnrc_lib.widgets.landscape.widget import RUNS
from tests.browser import run_node
from tests.widgets.compare import in_chromium, in_node

MODULES = ("geometry", "contours")
NUM_CASES = 60
COMPUTE = """
const compute = (cases) => cases.map(({ values, columns, rows, turn, tilt, points, level }) => {
  const grid = { values, columns, rows };
  const view = geometry.viewOf({ turn, tilt });
  return {
    projected: points.map((point) => geometry.project(view, point)),
    grid: Array.from(geometry.projectGrid(view, grid)),
    order: geometry.paintersOrder(view, grid),
    heights: points.map(([x, y]) => geometry.heightAt(grid, [x, y])),
    cells: points.map(([x, y]) => geometry.cellOf(grid, [x, y])),
    contour: contours.contours(grid, [0.5, level])[1],
    levels: contours.niceLevels([level - 2, level + 1]),
    picked: points.map(([x, y]) => {
      const [right, up] = geometry.project(view, [x, y, geometry.heightAt(grid, [x, y])]);
      return geometry.pick(view, grid, [right, up]);
    }),
    beside: geometry.pick(view, grid, [3, 0]),
  };
});
"""


@functools.cache
def cases() -> list[dict[str, Any]]:
    """Random grids and views, whole right angles and extremes among them."""
    rng, found = np.random.default_rng(5), []
    for index in range(NUM_CASES):
        columns, rows = (int(count) for count in rng.integers(2, 9, 2))
        turn = float(rng.choice([-180, -90, 0, 90, 180])) if index % 4 == 0 else float(rng.uniform(-180, 180))
        found.append(
            {
                "values": rng.uniform(0, 1, columns * rows).tolist(),
                "columns": columns,
                "rows": rows,
                "turn": turn,
                "tilt": 90.0 if index % 6 == 0 else float(rng.uniform(10, 90)),
                "points": rng.uniform(-1, 1, (5, 3)).tolist(),
                "level": float(rng.uniform(0.1, 0.9)),
            }
        )
    return found


def close(got: Any, expected: Any) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)


def check(case: dict[str, Any], got: dict[str, Any]) -> None:
    columns, rows, turn, tilt = (case[name] for name in ("columns", "rows", "turn", "tilt"))
    grid = np.reshape(case["values"], (rows, columns))
    points = np.array(case["points"])
    close(got["projected"], reference.project(points, turn, tilt))
    x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    places = reference.project(np.stack([x.ravel(), y.ravel(), grid.ravel()], axis=1), turn, tilt)
    close(np.reshape(got["grid"], (-1, 2)), places[:, :2])
    assert got["order"] == reference.painters_order(turn, columns, rows).tolist()
    heights = [reference.height_at(grid, point[:2]) for point in points]
    close(got["heights"], heights)
    indices = np.floor((points[:, :2] + 1) / 2 * [columns - 1, rows - 1]).astype(int)
    assert got["cells"] == (indices @ [1, columns - 1]).tolist()
    close(np.reshape(got["contour"], (-1, 5)), reference.contour(grid, case["level"]))
    close(got["levels"], reference.nice_levels(case["level"] - 2, case["level"] + 1))
    assert got["beside"] is None
    check_picks(case, grid, got["picked"], np.column_stack([points[:, :2], heights]))


def check_picks(case: dict[str, Any], grid: np.ndarray, picked: list[Any], points: np.ndarray) -> None:
    """A pick is what is seen there: at the same place of the picture, and from above the point itself."""
    turn, tilt = case["turn"], case["tilt"]
    wanted = reference.project(points, turn, tilt)
    for found, target, point in zip(picked, wanted, points, strict=True):
        if found is None:  # bilinear and flat triangles differ within a cell
            continue
        if tilt == 90:
            close(found, point[:2])
        lifted = np.array([[*found, reference.height_at(grid, np.array(found))]])
        seen = reference.project(lifted, turn, tilt)[0]
        assert seen[0] == pytest.approx(target[0], abs=1e-9)


def test_node_equals_numpy() -> None:
    answers = in_node("landscape", MODULES, COMPUTE, cases())
    for case, got in zip(cases(), answers, strict=True):
        check(case, got)


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    answers = in_chromium(chromium, "landscape", MODULES, COMPUTE, cases())
    for case, got in zip(cases(), answers, strict=True):
        check(case, got)


def test_scenes_are_the_widget_s_numbers() -> None:
    widget = LandscapeViewer(mark=(0.2, -0.4))
    folder = WIDGETS / "landscape"
    source = f"""import {{ createScenes }} from '{(folder / "scene.js").as_uri()}';
      import {{ SCHEMA, VIEW, RUNS }} from '{(folder / "presets.js").as_uri()}';
      import {{ readState }} from '{(WIDGETS / "shared" / "state.js").as_uri()}';
      const look = createScenes();
      const at = (change) => look(readState((name) => ({{ ...data, ...change }})[name], SCHEMA));
      const short = ({{ path, losses, below }}) => ({{ path, losses, below }});
      const scenes = RUNS.map((run) => at({{ run, current: 400 }}));
      answer({{ view: VIEW, names: Object.keys(SCHEMA), runs: scenes.map(({{ run }}) => short(run)),
        k: scenes.map(({{ k }}) => k), share: scenes.map(({{ share }}) => share),
        marked: scenes[0].marked, lowest: scenes[0].lowest, kept: scenes[0].grid === scenes[3].grid,
        pieces: scenes[0].pieces.map(({{ ends }}) => ends), columns: scenes[0].grid.columns }});"""
    got = run_node(source, widget.state())
    assert set(got["names"]) == set(widget.state())
    assert got["view"] == {name: widget.state()[name] for name in ("turn", "tilt", "zoom")}
    assert got["kept"] is True
    assert got["lowest"] == list(widget.lowest())
    close(got["marked"], widget.plane_loss(widget.mark))
    assert got["share"] == widget.explained_of
    for index, name in enumerate(RUNS):
        run = got["runs"][index]
        close(run["path"], widget.path(name))
        close(run["losses"], widget.own_losses(name))
        close(run["below"], [widget.plane_loss(point) for point in widget.path(name)])
        assert got["k"][index] == len(run["losses"]) - 1
    lengths = [np.hypot(*(np.array(end[1]) - end[0])[:2]) for end in got["pieces"]]
    assert max(lengths) <= 2 / (got["columns"] - 1) + 1e-12
    paths = sum(np.hypot(*np.diff(widget.path(name), axis=0).T).sum() for name in RUNS)
    assert sum(lengths) == pytest.approx(paths)
