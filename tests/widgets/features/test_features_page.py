"""The features explorer in a static page, operated as a reader would."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from hnrc_lib.widgets import FeaturesExplorer
from hnrc_lib.widgets.clips import shipped_clips
from hnrc_lib.widgets.features import reference
from hnrc_lib.widgets.features.words import tell_frame, tell_state
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, read, read_extremes
from tests.widgets.pages import TWO_FRAMES
from tests.widgets.sounds import DROP, HEAR, last_played, probe_state, wav

pytestmark = pytest.mark.page
CLIPS = {clip.name: clip for clip in shipped_clips()}
SECONDS = 4053 / 8000  # of the first clip
FRAME = 308 * 0.01 / SECONDS  # pixels of a frame in a plane of 358 pixels


class TestPage(HandleChecks):
    kind = FeaturesExplorer
    states = ({}, {"clip": "cmn-annie/7_0", "frame": 500, "emphasis": "on", "n_mels": 40, "n_mfcc": 1})
    sliders: ClassVar = {"n_mels": "mel bands M", "n_mfcc": "coefficients kept n"}
    handle = "Frame"
    drag = (10 * FRAME, 0)
    quiet = ((40 + 40 * FRAME) / 358, 0.8)


def check_shown(shown: dict[str, Any], clip: str = "en-gene/7_0") -> reference.Stages:
    """Every label equals the state; returns what is shown."""
    state = shown["state"]
    found = reference.inspect(CLIPS[clip].samples, state)
    assert shown["sentence"] == tell_state(found, state, CLIPS[clip].title)
    assert shown["handles"] == {"Frame": tell_frame(found)}
    assert shown["chosen"] == [state["emphasis"]]
    assert shown["selected"] == [clip]
    assert shown["titles"][0].endswith(tell_frame(found))
    assert f"{state['n_mels']} mel energies" in shown["titles"]
    assert shown["problem"] == ""
    return found


def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    probe = show(FeaturesExplorer())
    for label, name in (("As recorded", "off"), ("Pre-emphasis", "on")):
        probe.page.get_by_role("radio", name=label).check(force=True)
        seen = read_extremes(probe, FeaturesExplorer)
        for slider, shown in seen:
            check_shown(shown)
            assert shown["state"]["emphasis"] == name
            spoken = shown["sliders"][slider]
            assert spoken["spoken"] == spoken["shown"]
        assert [shown["state"]["n_mels"] for _, shown in seen[:2]] == [40, 13]
        assert [shown["state"]["n_mfcc"] for _, shown in seen[3:5]] == [13, 1]


def test_keyboard_moves_the_frame_and_stops_at_both_ends(show: Show) -> None:
    probe = show(FeaturesExplorer(frame=10))
    handle = probe.page.get_by_role("slider", name="Frame", exact=True)
    for key, expected in [("ArrowRight", 11), ("ArrowUp", 12), ("Shift+ArrowLeft", 7), ("ArrowDown", 6)]:
        handle.press(key)
        assert check_shown(read(probe, FeaturesExplorer)).index == expected
    for key, expected in [("Shift+ArrowLeft", 0), ("Shift+ArrowRight", 50)]:
        for _ in range(12):
            handle.press(key)
        assert check_shown(read(probe, FeaturesExplorer)).index == expected
    assert handle.get_attribute("aria-valuemax") == "50"


def test_dragging_along_the_bands_moves_the_frame(show: Show) -> None:
    probe = show(FeaturesExplorer())
    box, mouse = probe.page.locator(".hnrc-plane").bounding_box(), probe.page.mouse

    def place(frame: int) -> tuple[float, float]:
        return box["x"] + 40 + (box["width"] - 50) * frame * 0.01 / SECONDS, box["y"] + 0.8 * box["height"]

    mouse.move(*place(20))
    mouse.down()
    assert check_shown(read(probe, FeaturesExplorer)).index == 20
    mouse.move(*place(33), steps=5)
    mouse.up()
    assert check_shown(read(probe, FeaturesExplorer)).index == 33


def test_a_clip_begins_at_its_loudest_frame_and_the_button_returns_there(show: Show) -> None:
    probe = show(FeaturesExplorer())
    assert check_shown(read(probe, FeaturesExplorer)).index == reference.loudest_frame(
        CLIPS["en-gene/7_0"].samples
    )
    probe.page.get_by_label("Sound", exact=True).select_option("en-michael/3_3")
    loudest = reference.loudest_frame(CLIPS["en-michael/3_3"].samples)
    assert check_shown(read(probe, FeaturesExplorer), "en-michael/3_3").index == loudest
    probe.page.get_by_role("slider", name="Frame", exact=True).press("ArrowLeft")
    assert check_shown(read(probe, FeaturesExplorer), "en-michael/3_3").index == loudest - 1
    probe.page.get_by_role("button", name="Loudest frame").click()
    assert check_shown(read(probe, FeaturesExplorer), "en-michael/3_3").index == loudest


@pytest.mark.parametrize("emphasis", ["off", "on"])
def test_every_stage_is_heard(show: Show, emphasis: str) -> None:
    widget = FeaturesExplorer(frame=20, emphasis=emphasis, n_mfcc=5)
    probe = show(widget, before=HEAR)
    assert probe.page.evaluate("window.opened") == []
    buttons = probe.page.get_by_role("button", name="Listen to")
    assert buttons.count() == len(reference.STAGES)
    for stage, button in zip(reference.STAGES, buttons.all(), strict=True):
        button.click()
        assert button.inner_text() == "Stop"
        samples, rate = last_played(probe)
        expected = reference.heard(stage, widget.chosen().samples, widget.state())
        assert rate == 8000
        np.testing.assert_allclose(samples, 0.5 * expected / np.abs(expected).max(), atol=1e-6)
    assert [button.inner_text() for button in buttons.all()] == ["Listen"] * 4 + ["Stop"]
    buttons.last.click()
    probe.page.evaluate(TWO_FRAMES)
    assert buttons.last.inner_text() == "Listen"
    probe.page.evaluate("window.endless = false")
    buttons.first.click()
    probe.page.wait_for_function("played.length === 6 && !document.body.innerText.includes('Stop')")
    assert probe.page.evaluate("window.opened") == ["context"]


def chirp(rate: int) -> np.ndarray:
    """A second of rising tone that no clip resembles."""
    time = np.arange(rate) / rate
    return 0.4 * np.sin(2 * np.pi * (300 * time + 900 * time**2))


def check_own(probe: PageProbe, title: str) -> None:
    """The chirp is shown under its title, and the model knows nothing of it."""
    probe.page.wait_for_function(
        "(title) => document.querySelector('.hnrc-sentence').textContent.includes(title)", arg=title
    )
    shown = read(probe, FeaturesExplorer)
    expected = reference.inspect(chirp(8000), shown["state"])
    assert shown["sentence"].startswith(f"Frame {expected.index} of 0 … 100, ")
    assert f"of {title}: strongest at " in shown["sentence"]
    assert probe_state(probe)["clip"] == "en-gene/7_0"
    assert len(probe_state(probe)["clips"]) == len(CLIPS)
    probe.page.get_by_role("button", name="Listen to the sound").click()
    samples, rate = last_played(probe)
    assert (len(samples), rate) == (8000, 8000)
    expected_tone = chirp(8000) * 0.5 / 0.4
    np.testing.assert_allclose(samples[200:-200], expected_tone[200:-200], atol=0.02)


def test_a_file_of_another_rate_is_shown_and_stays_in_the_page(show: Show, tmp_path: Path) -> None:
    probe = show(FeaturesExplorer(), before=HEAR)
    probe.page.set_input_files("input[type=file]", wav(tmp_path / "chirp.wav", chirp(44100), 44100))
    check_own(probe, "chirp.wav")
    probe.page.get_by_label("Sound", exact=True).select_option("cmn-annie/7_0")
    check_shown(read(probe, FeaturesExplorer), "cmn-annie/7_0")


def test_a_dropped_file_is_shown_and_reset_forgets_it(show: Show, tmp_path: Path) -> None:
    probe = show(FeaturesExplorer(), before=HEAR)
    content = wav(tmp_path / "chirp.wav", chirp(16000), 16000).read_bytes()
    probe.page.evaluate(DROP, [".hnrc-plane", "dropped.wav", list(content)])
    check_own(probe, "dropped.wav")
    probe.page.get_by_role("button", name="Reset").click()
    check_shown(read(probe, FeaturesExplorer))


@pytest.mark.parametrize(
    ("name", "samples", "reason"),
    [
        ("notes.txt", None, "No new sound: notes.txt is no sound that this browser can read."),
        ("quiet.wav", np.zeros(800), "No new sound: it is all silence."),
    ],
)
def test_a_file_that_cannot_be_shown_says_why(
    show: Show, tmp_path: Path, name: str, samples: np.ndarray | None, reason: str
) -> None:
    probe, path = show(FeaturesExplorer()), tmp_path / name
    if samples is None:
        path.write_text("no sound", encoding="utf-8")
    else:
        wav(path, samples, 8000)
    before = read(probe, FeaturesExplorer)
    probe.page.set_input_files("input[type=file]", path)
    probe.page.get_by_text(reason).wait_for()
    assert read(probe, FeaturesExplorer) == before | {"problem": reason}


def test_two_views_of_one_widget_share_the_reader_s_sound(show: Show, tmp_path: Path) -> None:
    widget = FeaturesExplorer()
    probe = show(widget, widget)
    path = wav(tmp_path / "chirp.wav", chirp(8000), 8000)
    probe.page.locator("input[type=file]").last.set_input_files(path)
    probe.page.wait_for_function(
        "[...document.querySelectorAll('.hnrc-sentence')].every((el) => el.textContent.includes('chirp.wav'))"
    )
    one, other = read(probe, FeaturesExplorer, 0), read(probe, FeaturesExplorer, 1)
    assert one == other
