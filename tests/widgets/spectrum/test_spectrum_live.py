"""The spectrum viewer in a live notebook, and what Python alone tells and refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import traitlets

from hnrc_lib.experiments.record import load_record
from hnrc_lib.widgets import SpectrumViewer
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook

Open = Callable[[SpectrumViewer], Notebook]


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(notebook: Open) -> None:
    made = notebook(SpectrumViewer())
    heard: list[tuple[str, Any]] = []
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])))
    made.widget.damping = 0.25
    made.flush()
    assert made.sentence().startswith("λ = 0.25 after epoch 60 ")
    made.probe.page.get_by_label("training", exact=True).press("Home")
    made.probe.page.get_by_role("radio", name="Linear").check(force=True)
    made.settle()
    assert {("damping", 0.25), ("stage", 1), ("scale", "linear")} <= {
        (name, value) for name, value in heard if isinstance(value, str | int | float)
    }
    made.probe.page.evaluate("window.leave()")
    assert made.probe.page.locator(".hnrc-spectrum").count() == 0


def test_without_a_page_python_sends_and_takes_values() -> None:
    viewer = SpectrumViewer()
    comm = connect(viewer)
    viewer.damping = 0.3
    assert comm.state_sent() == {"damping": 0.3}
    comm.receive({"stage": 2, "source": "lanczos"})
    assert (viewer.stage, viewer.source) == (2, "lanczos")


def test_it_tells_its_state() -> None:
    told = SpectrumViewer().alt()
    assert told.startswith("Density of the 826 eigenvalues of a speech model's Hessian after epoch 60")
    assert "143 are negative. A damping of λ = 0.01 drowns 81.1 % of them" in told
    assert told.endswith("eigenvalues at or below 0: 1; λ must exceed 0.0176.")
    assert "positive definite with condition number 9.91." in SpectrumViewer(damping=0.3).alt()


def test_another_record_is_shown_and_reduced_runs_say_so() -> None:
    record = load_record("fsdd_hessian")
    stages = record.scalars["stages"][1:3]
    arrays = record.arrays | {"eigenvalues": record.arrays["eigenvalues"][1:3, ::4]}
    provenance = replace(record.provenance, scale="reduced")
    viewer = SpectrumViewer(
        replace(record, scalars={"stages": stages}, arrays=arrays, provenance=provenance), stage=64
    )
    assert (viewer.index(), viewer.numbers("eigenvalues").shape) == (1, (2, 207))
    assert viewer.caption.endswith("reduced run")


def test_the_lanczos_density_is_near_the_exact_one_where_it_can_be() -> None:
    viewer = SpectrumViewer(scale="linear")
    place, exact = viewer.curve().T
    viewer.source = "lanczos"
    _, estimate = viewer.curve().T
    step = place[1] - place[0]
    assert np.abs(np.cumsum(exact - estimate)).max() * step < 0.1


@pytest.mark.parametrize(
    "state", [{}, {"scale": "linear", "stage": 1, "damping": 0.0}, {"source": "lanczos"}]
)
def test_pictures_are_drawn_and_differ_by_state(state: dict[str, Any]) -> None:
    viewer = SpectrumViewer(**state)
    light = viewer.picture()
    assert len(light) < 60_000
    viewer.damping = 0.7
    assert viewer.picture() != light


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("damping", -1, r"damping must be a finite number in \[0, 10\], got -1"),
        ("stage", 0, r"stage must be an integer in \[1, 64\], got 0"),
        ("scale", "log", "scale must be one of symlog, linear, got 'log'"),
        ("source", "ritz", "source must be one of exact, lanczos, got 'ritz'"),
        ("nodes", [1.0], "nodes must be an array of 2 axes"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    viewer = SpectrumViewer()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(viewer, name, value)
