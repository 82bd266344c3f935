"""Say a digit in a live notebook, and with no page at all."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import traitlets

from hnrc_lib.datasets import load_fsdd
from hnrc_lib.experiments.record import load_record
from hnrc_lib.models import make_model, num_parameters
from hnrc_lib.recognition.weights import unpack_weights
from hnrc_lib.widgets import SayADigit
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.say_digit import reference
from tests.browser import run_node
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook

Open = Callable[[SayADigit], Notebook]


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(notebook: Open) -> None:
    made = notebook(SayADigit())
    heard: list[tuple[str, Any]] = []
    names = list(made.widget.state())
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])), names)
    made.widget.snr = 12
    made.widget.part = [0.25, 1]
    made.flush()
    page = made.probe.page
    assert "heard from 0.13 to 0.51 s with noise 12 dB below: the clipped weights hear " in made.sentence()
    page.get_by_label("noise below the voice, dB", exact=True).press("ArrowLeft")
    page.get_by_role("radio", name="Damped").check(force=True)
    page.get_by_role("slider", name="Start of what is heard", exact=True).press("ArrowRight")
    made.settle()
    assert heard[2:] == [("snr", 11), ("weights", "damped"), ("part", [0.26, 1])]
    made.probe.page.evaluate("window.leave()")
    assert page.locator(".hnrc-say-digit").count() == 0
    made.widget.snr = 3
    made.flush()


def test_without_a_page_python_sends_and_takes_values() -> None:
    widget = SayADigit()
    comm = connect(widget)
    widget.snr = 3
    assert comm.state_sent() == {"snr": 3}
    comm.receive({"weights": "damped", "part": [0, 0.5]})
    assert widget.state() == {"clip": "en-gene/7_0", "part": [0, 0.5], "snr": 3, "weights": "damped"}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("snr", 61, r"snr must be a finite number in \[0, 60\], got 61"),
        ("part", [0, 2], r"part must be 2 finite numbers in \[0, 1\] × \[0, 1\], got \[0, 2\]"),
        ("weights", "best", "weights must be one of clipped, damped, unclipped, got 'best'"),
        ("networks", {}, 'The "networks" trait is read-only'),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(SayADigit(), name, value)


def test_a_record_of_another_front_end_is_refused() -> None:
    record = load_record("digit_weights")
    recipe = record.provenance.config["recipe"]
    for change in ({"sample_rate": 16000}, {"trim_db": None}):
        front_end = {"front_end": recipe["front_end"] | change}
        config = record.provenance.config | {"recipe": recipe | front_end}
        other = dataclasses.replace(record, provenance=dataclasses.replace(record.provenance, config=config))
        with pytest.raises(ValueError, match="record must have a front end of"):
            SayADigit(record=other)


def test_page_and_python_bound_the_state_alike() -> None:
    address = (WIDGETS / "say_digit" / "presets.js").as_uri()
    source = f"import * as made from '{address}'; answer([made.schemaFor([{{ name: 'a' }}]), made.SETTINGS]);"
    schema, settings = run_node(source)
    kinds = SayADigit.class_traits()
    assert tuple(schema["weights"]["options"]) == kinds["weights"].options == reference.SETS
    assert [tuple(bounds) for bounds in schema["part"]["point"]] == list(kinds["part"].bounds)
    assert (schema["snr"]["min"], schema["snr"]["max"]) == (kinds["snr"].minimum, kinds["snr"].maximum)
    assert SayADigit().state() == {"clip": "en-gene/7_0"} | settings


def network(widget: SayADigit, name: str) -> torch.nn.Module:
    """The record's weights of eight bits in the library's network."""
    record = load_record("digit_weights")
    model = make_model("CNN", **_sizes(record))
    stored = {key: torch.from_numpy(value) for key, value in widget._weights[name].items()}
    model.load_state_dict(unpack_weights(stored, model.state_dict()))
    return model.eval()


def _sizes(record: Any) -> dict[str, Any]:
    config = record.provenance.config
    sizes = {"num_features": 48, "num_frames": 32, "num_classes": 10, "num_groups": 2}
    return sizes | {"channels": tuple(config["channels"]), "hidden": config["hidden"]}


@pytest.mark.parametrize("name", reference.SETS)
def test_the_shipped_weights_answer_as_the_library_does(name: str) -> None:
    widget = SayADigit(snr=20)
    model = network(widget, name)
    assert num_parameters(model) <= 25_000
    with torch.inference_mode():
        scores = model(torch.from_numpy(widget.image()).float()[None])[0]
    np.testing.assert_allclose(widget.probabilities()[name], scores.softmax(0).numpy(), atol=1e-5)


@pytest.mark.speech
@pytest.mark.parametrize("name", reference.SETS)
def test_the_accuracy_in_eight_bits_is_the_record_s(name: str) -> None:
    widget = SayADigit()
    spoken = load_fsdd().where(speaker=widget.card["held_out"])
    chosen = list(spoken)[::25]
    right = 0
    for one in chosen:
        image = reference.features(one.samples.double().numpy(), widget.card["front_end"])
        right += int(reference.logits(image, widget._weights[name]).argmax()) == one.label
    measured = widget.card["sets"][name]["accuracy_int8"]
    deviation = np.sqrt(measured * (1 - measured) / len(chosen)) + 0.02
    assert right / len(chosen) == pytest.approx(measured, abs=4 * deviation)


def test_pictures_differ_by_theme_and_state_and_the_packed_widget_is_small() -> None:
    widget = SayADigit()
    light, dark = widget.picture(), widget.picture(dark=True)
    assert light != dark
    text = widget.alt()
    assert text.startswith("Say a digit. “seven”, a man, heard from 0 to 0.51 s with noise 60 dB below: ")
    widget.snr = 0
    assert widget.picture() != light
    assert widget.alt() != text
    state = sum(len(clip["samples"]["data"]) for clip in widget.clips)
    state += sum(len(part["data"]) for weights in widget.networks.values() for part in weights.values())
    page = len(widget._esm.encode()) + len(widget._css) + state + 4 / 3 * (len(light) + len(dark))
    print(f"{page / 1000:.0f} KB")
    assert page < 300_000
