"""Say a digit hears a microphone that plays a voice it was never trained on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hnrc_lib.datasets import load_fsdd
from hnrc_lib.widgets import SayADigit
from hnrc_lib.widgets.clips import RATE
from hnrc_lib.widgets.say_digit import reference
from tests.browser import PageProbe, launch
from tests.widgets.checks import Show, read
from tests.widgets.pages import TWO_FRAMES
from tests.widgets.sounds import HEAR, last_played, recorded, wav

SILENCE = np.zeros(RATE // 2)


def spoken(source: str) -> tuple[np.ndarray, int]:
    """A digit of a held-out voice that the record's clipped weights get right, and which it is."""
    widget = SayADigit()
    if source == "clip":
        return widget.chosen().samples, verdict(widget, widget.chosen().samples)
    for one in load_fsdd().where(speaker=widget.card["held_out"], label=7):
        samples = one.samples.double().numpy()
        if verdict(widget, samples) == one.label:
            return samples, one.label
    raise AssertionError("no take of seven is heard as seven")


def verdict(widget: SayADigit, samples: np.ndarray) -> int:
    image = reference.features(samples, widget.card["front_end"])
    return int(reference.logits(image, widget._weights["clipped"]).argmax())


@pytest.fixture(scope="module", params=["clip", pytest.param("speaker", marks=pytest.mark.speech)])
def said(request: pytest.FixtureRequest) -> tuple[np.ndarray, int]:
    """A shipped clip, and a real voice where the corpus is there."""
    return spoken(request.param)


@pytest.fixture(scope="module")
def chromium(said: tuple[np.ndarray, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Chromium whose microphone hears a silence and the digit, over and over."""
    loud = said[0] * 0.5 / np.abs(said[0]).max()
    path = wav(tmp_path_factory.mktemp("said") / "said.wav", np.concatenate([SILENCE, loud]), RATE)
    device = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={path}"]
    with launch(args=device) as browser:
        yield browser


@pytest.mark.page
def test_a_spoken_digit_is_heard_and_recognised(show: Show, said: tuple[np.ndarray, int]) -> None:
    samples, digit = said
    probe = show(SayADigit(), before=HEAR, permissions=["microphone"])
    heard = recorded(lambda: one_recording(probe), samples)
    part = where_said(heard, samples)
    widget_state = {"part": part}
    probe.page.evaluate(
        "(state) => { const [, { model }] = [...window.hnrcWidgets][0]; model.set(state); }", widget_state
    )
    probe.page.evaluate(TWO_FRAMES)
    assert f"the clipped weights hear {digit}, " in read(probe, SayADigit)["sentence"]


def one_recording(probe: PageProbe) -> np.ndarray:
    """Record for as long as the widget does, and hear it."""
    record = probe.page.get_by_role("button", name="Record", exact=True)
    record.click()
    probe.page.get_by_role("button", name="Stop (").wait_for()
    record.wait_for(timeout=30_000)
    probe.page.locator(".hnrc-sentence", has_text="your recording, heard from 0 to 3 s").wait_for()
    assert read(probe, SayADigit)["problem"] == ""
    probe.page.get_by_role("button", name="Listen to what the network hears").click()
    samples, rate = last_played(probe)
    assert (len(samples), rate) == (3 * RATE, RATE)
    return samples


def where_said(heard: np.ndarray, said: np.ndarray) -> list[float]:
    """The stretch of a recording that is most like what was said, as shares of it."""
    products = np.correlate(heard, said, mode="valid")
    energies = np.convolve(np.square(heard), np.ones(len(said)), mode="valid")
    start = int((products / np.sqrt(energies + 1e-6)).argmax())
    return [start / len(heard), (start + len(said)) / len(heard)]
