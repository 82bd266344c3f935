"""The trellis explorer in a live notebook, and what Python alone tells and refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import traitlets

from hnrc_lib.experiments.record import load_record
from hnrc_lib.widgets import TrellisExplorer
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook

Open = Callable[[TrellisExplorer], Notebook]


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(notebook: Open) -> None:
    made = notebook(TrellisExplorer())
    heard: list[tuple[str, Any]] = []
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])))
    made.widget.label = "YES"
    made.flush()
    assert "Label “YES”, " in made.sentence()
    made.probe.page.get_by_label("frame t", exact=True).press("Home")
    made.probe.page.get_by_role("slider", name="Chosen cell").press("ArrowUp")
    made.probe.page.get_by_role("radio", name="HMM").check(force=True)
    made.settle()
    assert {("label", "YES"), ("frame", 1), ("row", 6), ("mode", "hmm")} <= {
        (name, value) for name, value in heard if isinstance(value, str | int)
    }
    made.probe.page.evaluate("window.leave()")
    assert made.probe.page.locator(".hnrc-trellis").count() == 0


def test_without_a_page_python_sends_and_takes_values() -> None:
    widget = TrellisExplorer()
    comm = connect(widget)
    widget.row = 3
    assert comm.state_sent() == {"row": 3}
    comm.receive({"quantity": "viterbi", "label": "A B"})
    assert (widget.quantity, widget.label) == ("viterbi", "A B")


def test_it_begins_where_the_gradient_is_largest_and_says_so() -> None:
    widget = TrellisExplorer()
    gradient = np.abs(widget.gradient())
    assert gradient[widget.frame - 1].max() == gradient.max()
    assert widget.row - 1 == widget.passes().path[widget.frame - 1]
    told = widget.alt()
    assert "CTC's trellis of the label NINETEEN, which the network reads as NINE TEEN: 26 frames" in told
    assert "largest at space: 0.916" in told
    other = TrellisExplorer(mode="hmm", digit=3, quantity="posterior", frame=400, row=25).alt()
    assert "a spoken two under the model of three: 34 frames by 8 states" in other
    assert "At frame 34, state 8 (8), log γ is" in other


def test_another_record_is_shown_and_reduced_runs_say_so() -> None:
    record = load_record("trellis")
    arrays = record.arrays | {"ctc_logits": record.arrays["ctc_logits"][:12]}
    provenance = replace(record.provenance, scale="reduced")
    widget = TrellisExplorer(replace(record, arrays=arrays, provenance=provenance), label="NINE")
    assert widget.lattice().scores.shape == (12, 9)
    assert widget.caption.endswith("reduced run")
    assert widget.said == "NINETEEN"


def test_the_state_is_small() -> None:
    widget = TrellisExplorer()
    arrays = ("logits", "scores", "models", "ctc_bands", "hmm_bands")
    assert sum(len(getattr(widget, name)["data"]) for name in arrays) < 40_000


@pytest.mark.parametrize("state", [{}, {"mode": "hmm", "quantity": "viterbi"}, {"quantity": "posterior"}])
def test_pictures_are_drawn_and_differ_by_state(state: dict[str, Any]) -> None:
    widget = TrellisExplorer(**state)
    light = widget.picture()
    assert len(light) < 60_000
    widget.frame = 5
    widget.label, widget.digit = "NO", 0
    assert widget.picture() != light


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("label", "NINETEEN HUNDRED", "label must be 1 to 12 capital letters and single spaces"),
        ("label", " A", "label must be 1 to 12 capital letters and single spaces"),
        ("row", 0, r"row must be an integer in \[1, 25\], got 0"),
        ("digit", 10, r"digit must be an integer in \[0, 9\], got 10"),
        ("mode", "rnn", "mode must be one of ctc, hmm, got 'rnn'"),
        ("logits", [1.0], "logits must be an array of 2 axes with numbers that float32 holds"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    widget = TrellisExplorer()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, name, value)
