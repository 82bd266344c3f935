"""The landscape viewer in a live notebook, and what Python alone tells and refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import traitlets

from hnrc_lib.experiments.record import load_record
from hnrc_lib.widgets import LandscapeViewer
from hnrc_lib.widgets.landscape.widget import CEILING, RUNS
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(
    notebook: Callable[[LandscapeViewer], Notebook],
) -> None:
    made = notebook(LandscapeViewer())
    heard: list[tuple[str, Any]] = []
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])))
    made.widget.run = "damped"
    made.flush()
    assert made.sentence().startswith("Damped run, step ")
    made.probe.page.get_by_role("slider", name="View of the surface").press("ArrowRight")
    made.probe.page.get_by_role("slider", name="Marked point").press("ArrowDown")
    made.probe.page.get_by_label("step", exact=True).press("Home")
    made.settle()
    assert {("turn", -55.0), ("current", 0)} <= {
        (name, value) for name, value in heard if isinstance(value, int | float)
    }
    assert any(name == "mark" for name, _ in heard)
    made.probe.page.evaluate("window.leave()")
    assert made.probe.page.locator(".hnrc-landscape").count() == 0


def test_without_a_page_python_sends_and_takes_values() -> None:
    widget = LandscapeViewer()
    comm = connect(widget)
    widget.tilt = 60
    assert comm.state_sent() == {"tilt": 60.0}
    comm.receive({"run": "clipped", "mark": [0, 0.5]})
    assert (widget.run, widget.mark) == ("clipped", [0.0, 0.5])


def test_the_surface_and_the_runs_are_the_record_s() -> None:
    record, widget = load_record("landscape_runs"), LandscapeViewer()
    low, high = widget.log_range
    cut = np.minimum(record.arrays["loss"].T, CEILING)
    np.testing.assert_allclose(10 ** (low + widget.surface() * (high - low)), cut, rtol=1e-4)
    for index, name in enumerate(RUNS):
        found = widget.coordinates(widget.path(name))
        np.testing.assert_allclose(found, record.arrays["coordinates"][index], atol=2e-3)
        np.testing.assert_allclose(widget.own_losses(name), record.arrays["run_loss"][index], rtol=1e-6)
    row, column = np.unravel_index(record.arrays["loss"].T.argmin(), cut.shape)
    assert widget.lowest() == (round(-1 + column / 24, 3), round(-1 + row / 24, 3))
    assert widget.plane_loss(widget.mark) == pytest.approx(cut.min(), rel=0.02)


def test_the_alt_text_tells_the_state() -> None:
    record = load_record("landscape_runs")
    told = LandscapeViewer(run="damped", current=0, turn=12.5).alt()
    loss = record.arrays["run_loss"][2, 0]
    assert f"The damped run at step 0 of 80 has loss {loss:.2f}, 0 from the start and 0 beside" in told
    assert "turned by 12.5°" in told
    held = round(100 * sum(record.scalars["explained"]))
    assert f"The plane holds {held} % of the runs' squared distance from their start, " in told


def test_another_record_is_shown_and_reduced_runs_say_so() -> None:
    record = load_record("landscape_runs")
    arrays = record.arrays | {"loss": 2 * record.arrays["loss"]}
    provenance = replace(record.provenance, scale="reduced")
    widget = LandscapeViewer(replace(record, arrays=arrays, provenance=provenance))
    assert " · reduced run · " in widget.caption
    shipped = LandscapeViewer()
    assert widget.plane_loss((0, 0)) == pytest.approx(2 * shipped.plane_loss((0, 0)), rel=1e-3)
    assert shipped.caption.startswith(record.caption())


@pytest.mark.parametrize(
    ("scalars", "coordinates", "message"),
    [
        ({"runs": ["a"]}, 1.0, r"record must hold the runs \['undamped', .*\], got \['a'\]"),
        ({}, 9.0, "coordinates of the record must lie in its grid"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(
    scalars: dict[str, Any], coordinates: float, message: str
) -> None:
    record = load_record("landscape_runs")
    arrays = record.arrays | {"coordinates": coordinates * record.arrays["coordinates"]}
    with pytest.raises(ValueError, match=message):
        LandscapeViewer(replace(record, scalars=record.scalars | scalars, arrays=arrays))


def test_the_state_is_small() -> None:
    arrays = ("heights", "paths", "losses", "off_plane", "distances")
    widget = LandscapeViewer()
    assert sum(len(getattr(widget, name)["data"]) for name in arrays) < 15_000


def test_pictures_are_drawn_and_differ_by_state() -> None:
    widget = LandscapeViewer(run="clipped", tilt=90.0)
    light = widget.picture()
    assert len(light) < 180_000
    widget.turn = 90.0
    assert widget.picture() != light


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("run", "adam", "run must be one of undamped, clipped, damped, decayed, got 'adam'"),
        ("turn", 181, r"turn must be a finite number in \[-180, 180\], got 181"),
        ("zoom", 0.5, r"zoom must be a finite number in \[1, 4\], got 0.5"),
        ("mark", (0, 2), r"mark must be 2 finite numbers in \[-1, 1\] × \[-1, 1\]"),
        ("heights", [1.0], "heights must be an array of 2 axes with numbers that int16 holds"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    widget = LandscapeViewer()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, name, value)
