"""The features explorer in a live notebook, and with no page at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

from hnrc_lib.widgets import FeaturesExplorer
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.clips import Clip, shipped_clips, unpack_clip
from hnrc_lib.widgets.features import reference
from tests.browser import run_node
from tests.widgets.kernel import connect
from tests.widgets.notebook import Notebook
from tests.widgets.sounds import wav

Open = Callable[[FeaturesExplorer], Notebook]
CLICK = Clip("click", "a click", np.concatenate([np.zeros(400), [0.5], np.zeros(399)]))


@pytest.mark.page
def test_python_moves_the_view_and_the_view_python(notebook: Open, tmp_path: Path) -> None:
    made = notebook(FeaturesExplorer())
    heard: list[tuple[str, Any]] = []
    names = list(made.widget.state())
    made.widget.observe(lambda change: heard.append((change["name"], change["new"])), names)
    made.widget.clip = "en-annie/7_0"
    made.widget.frame = 7
    made.flush()
    page = made.probe.page
    assert made.sentence().startswith("Frame 7 of 0 … 52, at 0.07 s of “seven”, a woman: ")
    page.get_by_label("mel bands M", exact=True).press("End")
    page.get_by_role("slider", name="Frame", exact=True).press("ArrowRight")
    page.get_by_role("radio", name="Pre-emphasis").check(force=True)
    made.settle()
    assert heard[2:] == [("n_mels", 40), ("frame", 8), ("emphasis", "on")]
    page.set_input_files("input[type=file]", wav(tmp_path / "own.wav", CLICK.samples, 8000))
    page.get_by_text("of own.wav").wait_for()
    made.settle()
    assert {name for name, _ in heard[5:]} <= {"frame"}
    assert made.widget.clip == "en-annie/7_0"


@pytest.mark.page
def test_leaving_removes_the_view(notebook: Open) -> None:
    made = notebook(FeaturesExplorer())
    made.probe.page.get_by_role("button", name="Listen to the sound").click()
    made.probe.page.evaluate("window.leave()")
    assert made.probe.page.locator(".hnrc-features").count() == 0
    made.widget.frame = 3
    made.flush()


def test_without_a_page_python_sends_and_takes_values() -> None:
    widget = FeaturesExplorer()
    comm = connect(widget)
    widget.frame = 3
    assert comm.state_sent() == {"frame": 3}
    comm.receive({"clip": "en-andrea/6_0", "n_mels": 30})
    assert widget.state() == {
        "clip": "en-andrea/6_0",
        "frame": 3,
        "emphasis": "off",
        "n_mels": 30,
        "n_mfcc": 13,
    }


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("frame", -1, r"frame must be an integer in \[0, 500\], got -1"),
        ("n_mels", 12, r"n_mels must be an integer in \[13, 40\], got 12"),
        ("n_mfcc", 2.5, r"n_mfcc must be an integer in \[1, 13\], got 2.5"),
        ("emphasis", "much", "emphasis must be one of off, on, got 'much'"),
        ("clip", "nobody", "clip must be one of en-gene/7_0, .*, got 'nobody'"),
        ("clips", [], 'The "clips" trait is read-only'),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(FeaturesExplorer(), name, value)


def test_another_s_clips_are_shown() -> None:
    widget = FeaturesExplorer([CLICK], frame=5)
    assert widget.clip == "click"
    np.testing.assert_array_equal(widget.chosen().samples, CLICK.samples)
    assert widget.inspect().windowed[reference.SIZE // 2] == 0.5
    assert "of a click: " in widget.alt()


def test_clips_of_one_name_or_none_are_refused() -> None:
    for clips in ([], [CLICK, CLICK]):
        with pytest.raises(ValueError, match="clips must be at least one, each of its own name, got"):
            FeaturesExplorer(clips)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0), r"samples must have shape \(T,\) with T in 1 … 40000, got \(0,\)"),
        (np.zeros(40001), r"got \(40001,\)"),
        (np.array([0.0, 1.5]), "samples must lie within ±1, got 1.5"),
        (np.array([0.0, np.nan]), "samples must lie within ±1, got nan"),
    ],
)
def test_a_clip_that_is_no_sound_is_refused(samples: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Clip("bad", "bad", samples)


def test_a_packed_clip_keeps_every_sample_of_16_bits() -> None:
    for clip in shipped_clips():
        np.testing.assert_array_equal(unpack_clip(clip.packed()).samples, clip.samples)
    loud = unpack_clip(Clip("loud", "loud", np.array([-1.0, 1.0])).packed()).samples
    np.testing.assert_allclose(loud, [-1, 1], atol=1 / 32768)


def test_page_and_python_bound_the_state_alike() -> None:
    folder = WIDGETS / "features"
    source = (
        f"import * as presets from '{(folder / 'presets.js').as_uri()}';"
        f"import * as analysis from '{(folder / 'analysis.js').as_uri()}';"
        f"import {{ STAGES }} from '{(folder / 'hearing.js').as_uri()}';"
        "const { RATE, WINDOW, SIZE, HOP, FLOOR, COEFFICIENT } = analysis;"
        "answer([presets.schemaFor([{ name: 'a' }]), presets.SETTINGS, STAGES,"
        " [RATE, WINDOW, SIZE, HOP, FLOOR, COEFFICIENT]]);"
    )
    schema, settings, stages, sizes = run_node(source)
    kinds = FeaturesExplorer.class_traits()
    for name in ("frame", "n_mels", "n_mfcc"):
        bounds = {"min": kinds[name].minimum, "max": kinds[name].maximum, "integer": True}
        assert schema[name] == bounds
    assert tuple(schema["emphasis"]["options"]) == kinds["emphasis"].options
    widget = FeaturesExplorer()
    assert widget.state() == {"clip": "en-gene/7_0", "frame": 15} | settings
    assert widget.frame == reference.loudest_frame(widget.chosen().samples)
    assert tuple(stages) == reference.STAGES
    constants = (reference.WINDOW, reference.SIZE, reference.HOP, reference.FLOOR, reference.COEFFICIENT)
    assert tuple(sizes) == (8000, *constants)


def test_sines_as_strong_as_the_bands_give_the_bands_back() -> None:
    widget = FeaturesExplorer(frame=15)
    samples, state = widget.chosen().samples, widget.state()
    again = reference.band_energies(reference.heard("mel", samples, state), state)
    wanted = reference.band_energies(samples, state)
    loud = wanted > 1e-4 * wanted.max()
    assert loud.sum() > 100
    error = np.abs(np.log(again[loud] / wanted[loud]))
    assert np.median(error) < 0.5  # of a range of ln 10⁴ = 9.2


def test_fewer_coefficients_keep_less() -> None:
    missed = []
    for kept in (13, 4, 1):
        shown = FeaturesExplorer(n_mfcc=kept).inspect()
        missed.append(float(np.square(shown.log - shown.envelope).mean()))
    assert missed[0] < missed[1] < missed[2]
    assert missed[2] == pytest.approx(float(np.var(shown.log)))


def test_pictures_differ_by_theme_and_state_and_the_packed_widget_is_small() -> None:
    widget = FeaturesExplorer()
    light, dark = widget.picture(), widget.picture(dark=True)
    assert light != dark
    text = widget.alt()
    assert text.startswith(
        "From waveform to MFCC. Frame 15 of 0 … 50, at 0.15 s of “seven”, a man: strongest at "
    )
    widget.n_mfcc = 4
    assert widget.picture() != light
    assert widget.alt() != text
    packed = sum(len(clip["samples"]["data"]) for clip in widget.clips)
    page = len(widget._esm.encode()) + len(widget._css) + packed + 4 / 3 * (len(light) + len(dark))
    print(f"{page / 1000:.0f} KB")
    assert page < 300_000
