"""The shared helpers that are pure enough for Node."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.modules import join_modules
from tests.browser import PageProbe, run_node


def shared(module: str, expression: str, data: Any = None) -> Any:
    address = (WIDGETS / "shared" / f"{module}.js").as_uri()
    return run_node(f"import * as made from '{address}'; answer({expression});", data)


def test_scales_go_there_and_back() -> None:
    values = [-800.0, -3.0, -0.01, 0.0, 0.2, 7.0, 950.0]
    scale = "made.symlogScale([-1000, 1000], [10, 300], 0.5)"
    back = shared("scale", f"((s) => data.map((x) => s.invert(s(x))))({scale})", values)
    np.testing.assert_allclose(back, values, rtol=1e-12, atol=1e-12)
    pixels = shared("scale", "data.map(made.logScale([1e-3, 1e3], [100, 0]))", [1e-3, 1.0, 1e3])
    np.testing.assert_allclose(pixels, [100, 50, 0], atol=1e-12)
    pixels = shared("scale", "data.map(made.linearScale([-1, 3], [0, 40]))", [-1, 0, 3])
    assert pixels == [0, 10, 40]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("linearTicks([-2.2, 2.2], 5)", [-2, -1, 0, 1, 2]),
        ("linearTicks([0, 200], 5)", [0, 50, 100, 150, 200]),
        ("linearTicks([0, 0.3], 3)", [0, 0.1, 0.2, 0.3]),
        ("linearTicks([0, 1], 5)", [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ("logTicks([1e-4, 1e2], 8)", [1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100]),
        ("logTicks([1e-18, 10], 4)", [1e-15, 1e-10, 1e-5, 1]),
        ("symlogScale([-20, 2000], [0, 1], 0.5).ticks()", [-10, -1, 0, 1, 10, 100, 1000]),
    ],
)
def test_ticks(call: str, expected: list[float]) -> None:
    np.testing.assert_allclose(shared("scale", f"made.{call}"), expected, rtol=1e-12, atol=1e-15)


def test_slider_positions_reach_both_ends_and_zero() -> None:
    damping = "made.logPositions({ low: 0.001, high: 1000, zero: true })"
    values = shared("scale", f"((p) => [0, 1, 61, p.last, p.last + 5].map(p.toValue))({damping})")
    assert values == [0, 0.001, 1, 1000, 1000]
    positions = shared("scale", f"data.map({damping}.toPosition)", [0, 0.0001, 0.001, 1, 1000, 1e9])
    assert positions == [0, 0, 1, 61, 121, 121]
    rate = "made.logPositions({ low: 0.0001, high: 2 })"
    assert shared("scale", f"((p) => [p.last, p.toValue(p.last)])({rate})") == [86, 2]
    there_and_back = f"((p) => [...Array(p.last + 1).keys()].map((i) => p.toPosition(p.toValue(i))))({rate})"
    assert shared("scale", there_and_back) == list(range(87))


def test_ticks_of_a_logarithmic_axis_are_powers_of_ten() -> None:
    assert shared("format", "data.map(made.formatPower)", [1e-12, 1, 1e3]) == ["10⁻¹²", "10⁰", "10³"]


def test_both_ways_between_a_plane_and_its_pixels() -> None:
    address = (WIDGETS / "shared" / "scale.js").as_uri()
    scales = "({ x: linearScale([0, 2], [10, 30]), y: linearScale([-1, 1], [40, 0]) })"
    source = f"const ways = planePixels(() => {scales}); const there = ways.toPixels(data);"
    source = f"import {{ linearScale, planePixels }} from '{address}'; {source}"
    assert run_node(source + "answer([there, ways.fromPixels(there)]);", [0.5, 0.5]) == [[15, 10], [0.5, 0.5]]


def test_integer_positions() -> None:
    steps = "made.integerPositions({ low: 1, high: 200 })"
    assert shared("scale", f"((p) => [p.toValue(0), p.toValue(p.last)])({steps})") == [1, 200]
    assert shared("scale", f"data.map({steps}.toPosition)", [0, 7, 900]) == [0, 6, 199]


def test_even_positions_are_round_numbers_inside_their_ends() -> None:
    even = "made.evenPositions({ low: -2, high: 4, step: 0.05 })"
    values = shared("scale", f"((p) => [0, 1, 43, p.last, p.last + 5].map(p.toValue))({even})")
    assert values == [-2, -1.95, 0.15, 4, 4]
    assert shared("scale", f"data.map({even}.toPosition)", [-9, -2, 0.151, 4, 9]) == [0, 0, 43, 120, 120]


@pytest.mark.parametrize(("level", "area"), [(1.0, math.pi), (9.0, 16.0), (-1.0, 0.0)])
def test_region_below_a_level_has_its_area(level: float, area: float) -> None:
    source = f"""(() => {{
      const sample = ([x, y]) => [0, x * x + y * y];
      const [, grid] = made.sampleGrids(sample, 2, [-2, 2], [-2, 2], 61, 61);
      let total = 0, polygon = [];
      const path = {{
        moveTo: (x, y) => {{ polygon = [[x, y]]; }},
        lineTo: (x, y) => {{ polygon.push([x, y]); }},
        closePath: () => {{
          polygon.forEach(([x, y], k) => {{
            const [u, v] = polygon[(k + 1) % polygon.length];
            total += (x * v - u * y) / 2;
          }});
        }},
      }};
      made.traceBelow(grid, {level}, path, (i, j) => [-2 + i / 15, -2 + j / 15]);
      return total;
    }})()"""
    assert shared("grid", source) == pytest.approx(area, rel=5e-3, abs=1e-12)


SCHEMA = """{ a: { min: 0, max: 2 }, n: { min: 1, max: 9, integer: true },
  c: { options: ['x', 'y'] }, p: { point: [[0, 1], [0, 2]] } }"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": -1}, "a must be a finite number in [0, 2], got -1"),
        ({"a": None}, "a must be a finite number in [0, 2], got null"),
        ({"a": "1"}, 'a must be a finite number in [0, 2], got "1"'),
        ({"n": 1.5}, "n must be an integer in [1, 9], got 1.5"),
        ({"c": "z"}, 'c must be one of x, y, got "z"'),
        ({"p": [0, 3]}, "p must be 2 numbers in [0,1] × [0,2], got [0,3]"),
        ({"p": [0]}, "p must be 2 numbers in [0,1] × [0,2], got [0]"),
    ],
)
def test_a_bad_state_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    good = {"a": 1, "n": 3, "c": "x", "p": [0.5, 2]}
    source = f"""(() => {{ try {{ return made.readState((name) => data[name], {SCHEMA}); }}
      catch (error) {{ return `${{error.name}}: ${{error.message}}`; }} }})()"""
    assert shared("state", source, good) == good
    assert shared("state", source, good | change) == f"RangeError: {message}"


# Two handles in a plane of 200 × 200 pixels, one pixel to a unit; what each is moved to is kept.
HANDLES = """async ([text, first, second]) => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const { dragHandle } = await import(url);
  const style = 'position: fixed; left: 0; top: 0; width: 200px; height: 200px';
  const plane = Object.assign(document.createElement('div'), { style });
  document.body.append(plane);
  window.moves = { a: [], b: [] };
  const make = (label, at, options) => {
    const bounds = [[0, 200], [0, 200]];
    const moved = (point) => { window.moves[label].push(point); handle.update(point); };
    const same = (point) => point;
    const handle = dragHandle({ plane, label, bounds, step: 2, toPixels: same, fromPixels: same,
      describe: String, moved, signal: new AbortController().signal, ...options });
    const look = { position: 'absolute', width: '20px', height: '20px', margin: '-10px 0 0 -10px' };
    Object.assign(handle.element.style, look);
    handle.update(at);
  };
  make('a', [50, 50], first);
  make('b', [150, 150], second);
}"""


@pytest.fixture
def handles(chromium: Any) -> Iterator[Callable[..., PageProbe]]:
    text = join_modules(WIDGETS / "shared" / "handle.js", WIDGETS)
    with PageProbe(chromium) as probe:

        def opened(first: dict[str, Any], second: dict[str, Any]) -> PageProbe:
            probe.page.evaluate(HANDLES, [text, first, second])
            return probe

        yield opened
        assert probe.problems() == []


@pytest.mark.page
def test_a_handle_on_a_line_has_one_coordinate(handles: Callable[..., PageProbe]) -> None:
    probe = handles({"line": True}, {})
    line, point = (probe.page.get_by_role("slider", name=name) for name in "ab")
    for key in ("ArrowUp", "ArrowRight", "Shift+ArrowDown", "ArrowLeft"):
        line.press(key)
        point.press(key)
    moves = probe.page.evaluate("moves")
    assert moves["a"] == [[52, 50], [54, 50], [44, 50], [42, 50]]
    assert moves["b"] == [[150, 152], [152, 152], [152, 142], [150, 142]]
    assert line.get_attribute("aria-roledescription") is None
    assert point.get_attribute("aria-roledescription") == "two-dimensional slider"


@pytest.mark.page
def test_one_of_several_handles_moves_by_itself_alone(handles: Callable[..., PageProbe]) -> None:
    probe = handles({}, {"pressable": False})
    mouse = probe.page.mouse
    mouse.click(100, 120)
    assert probe.page.evaluate("moves") == {"a": [[100, 120]], "b": []}
    mouse.move(153, 151)
    mouse.down()
    mouse.move(160, 140)
    mouse.up()
    mouse.move(20, 20)
    assert probe.page.evaluate("moves") == {"a": [[100, 120]], "b": [[160, 140]]}
    assert probe.page.evaluate("document.activeElement.ariaLabel") == "b"
