"""The Taylor model explorer in a live notebook: Python and the page hold one state, both ways."""

from collections.abc import Callable
from typing import Any

import pytest
import traitlets

from hnrc_lib.widgets import TaylorModelExplorer
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook

Open = Callable[[TaylorModelExplorer], Notebook]


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(notebook: Open) -> None:
    made = notebook(TaylorModelExplorer(radius=0.5))
    heard: list[tuple[str, Any]] = []
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])))
    made.widget.point = -1.25
    made.flush()
    page = made.probe.page
    assert made.sentence().startswith("At x = −1.25 with r = 0.5 ")
    page.get_by_label("trust radius r", exact=True).press("End")
    page.get_by_role("slider", name="Expansion point x", exact=True).press("ArrowUp")
    made.settle()
    assert ("radius", 3.0) in heard
    assert ("point", -1.2) in heard
    page.get_by_role("radio", name="Kink").check(force=True)
    made.settle()
    assert made.widget.state() == {"function": "kink", "point": -1.0, "radius": 1.5}


def test_without_a_page_python_sends_and_takes_values() -> None:
    widget = TaylorModelExplorer()
    comm = connect(widget)
    widget.radius = 0.3
    assert comm.state_sent() == {"radius": 0.3}
    comm.receive({"function": "cliff", "point": 1})
    assert widget.state() == {"function": "cliff", "point": 1.0, "radius": 0.3}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("point", 4, r"point must be a finite number in \[-3, 3\], got 4"),
        ("radius", float("nan"), r"radius must be a finite number in \[0.01, 3\], got nan"),
        ("function", "hill", "function must be one of well, saddle, cliff, kink, got 'hill'"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    widget = TaylorModelExplorer()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, name, value)
