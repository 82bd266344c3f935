"""A live notebook: Python's widget and the page's view hold one state, both ways."""

from collections.abc import Callable
from typing import Any

import pytest
import traitlets

from hnrc_lib.widgets import DampingExplorer
from hnrc_lib.widgets.damping_explorer import reference
from hnrc_lib.widgets.number_format import format_number
from tests.widgets.kernel import Recorder, connect
from tests.widgets.notebook import Notebook

Open = Callable[[DampingExplorer], Notebook]


@pytest.mark.page
def test_a_view_attached_late_is_drawn(notebook: Open) -> None:
    made = notebook(DampingExplorer(damping=2.0))
    lengths = made.probe.page.locator(".hnrc-damping canvas").evaluate_all(
        "all => all.map((canvas) => canvas.toDataURL().length)"
    )
    assert len(lengths) == 5
    assert min(lengths) > 2000
    assert made.probe.page.locator(".hnrc-damping").get_attribute("data-scheme") == "light"
    assert "λ = 2 " in made.sentence()


@pytest.mark.page
def test_python_moves_the_view(notebook: Open) -> None:
    made = notebook(DampingExplorer())
    made.widget.damping = 0.3
    made.widget.start = (1.0, 2.0)
    made.flush()
    page = made.probe.page
    assert "λ = 0.3 " in made.sentence()
    assert page.get_by_label("damping λ").get_attribute("aria-valuetext") == "0.3"
    assert page.locator(".hnrc-handle").get_attribute("aria-valuetext") == "θ₀ = (1, 2)"


@pytest.mark.page
def test_the_view_moves_python(notebook: Open) -> None:
    made = notebook(DampingExplorer(start=[0.5, 0.5]))
    heard: list[tuple[str, Any]] = []
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])))
    made.probe.page.get_by_label("damping λ").press("End")
    made.probe.page.get_by_role("slider", name="Start point θ₀").press("ArrowUp")
    made.probe.page.get_by_role("radio", name="Saddle").check(force=True)
    made.settle()
    assert ("damping", 1000.0) in heard
    assert ("start", [0.5, 0.55]) in heard
    assert made.widget.surface == "saddle"
    shown = made.probe.page.get_by_label("damping λ").get_attribute("aria-valuetext")
    assert float(shown) == made.widget.damping


@pytest.mark.page
def test_python_and_view_agree_after_both_have_spoken(notebook: Open) -> None:
    made = notebook(DampingExplorer(method="gradient_descent", learning_rate=0.05))
    made.probe.page.get_by_role("button", name="Optimal").click()
    made.settle()
    assert made.widget.learning_rate == pytest.approx(2 / 21)
    made.widget.steps = 7
    made.flush()
    made.probe.page.get_by_label("step shown k").press("End")
    made.settle()
    assert made.widget.current == 7
    distance = reference.distance_to_minimum("quadratic", made.widget.run().points[7])
    assert f"Step 7: ‖θ₇ − θ*‖ = {format_number(distance)}, " in made.sentence()


@pytest.mark.page
def test_leaving_removes_the_view(notebook: Open) -> None:
    made = notebook(DampingExplorer())
    made.probe.page.evaluate("window.leave()")
    assert made.probe.page.locator(".hnrc-damping").count() == 0
    made.widget.damping = 1.0
    made.flush()


def test_without_a_page_python_sends_what_changed() -> None:
    widget = DampingExplorer()
    comm = connect(widget)
    widget.damping = 0.3
    widget.start = (1, 2)
    assert comm.state_sent() == {"damping": 0.3, "start": [1.0, 2.0]}


def test_without_a_page_python_takes_what_comes() -> None:
    widget = DampingExplorer()
    comm: Recorder = connect(widget)
    heard: list[tuple[str, Any]] = []
    names = ["damping", "start", "method"]
    widget.observe(lambda change: heard.append((change["name"], change["new"])), names)
    comm.receive({"damping": 2.5, "start": [0.5, 0.25], "method": "newton"})
    assert sorted(heard) == [("damping", 2.5), ("method", "newton"), ("start", [0.5, 0.25])]
    assert widget.run().outcome == "converged"


def test_a_bad_value_from_the_page_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    widget = DampingExplorer()
    connect(widget).receive({"damping": -3})  # ipywidgets logs what a message raises
    assert "damping must be a finite number in [0, 1000], got -3" in caplog.text
    assert widget.damping == 4.0


def test_a_bad_value_from_python_is_refused() -> None:
    widget = DampingExplorer()
    comm = connect(widget)
    with pytest.raises(
        traitlets.TraitError, match=r"damping must be a finite number in \[0, 1000\], got nan"
    ):
        widget.damping = float("nan")
    assert comm.sent == []
