"""The features explorer hears a microphone that plays a file, and says so when it may not."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets import FeaturesExplorer
from hnrc_lib.widgets.clips import shipped_clips
from tests.browser import PageProbe, launch
from tests.widgets.checks import Show, read
from tests.widgets.sounds import HEAR, last_played, probe_state, recorded, wav

pytestmark = pytest.mark.page
SAID = shipped_clips()[2].samples


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Chromium whose microphone hears the third clip, a silence, and the clip again."""
    loud = SAID * 0.5 / np.abs(SAID).max()
    path = wav(tmp_path_factory.mktemp("said") / "said.wav", np.concatenate([loud, np.zeros(8000)]), 8000)
    device = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={path}"]
    with launch(args=device) as browser:
        yield browser


def two_seconds(probe: PageProbe) -> np.ndarray:
    """Record, stop after two seconds, and hear it."""
    record = probe.page.get_by_role("button", name="Record", exact=True)
    record.click()
    probe.page.get_by_role("button", name="Stop (2.").wait_for()
    probe.page.get_by_role("button", name="Stop (").click()
    record.wait_for()
    probe.page.wait_for_function(
        "document.querySelector('.hnrc-sentence').textContent.includes('your recording')"
    )
    shown = read(probe, FeaturesExplorer)
    assert shown["problem"] == ""
    assert shown["selected"] == ["your own sound"]
    probe.page.get_by_role("button", name="Listen to the sound").click()
    samples, rate = last_played(probe)
    assert rate == 8000
    assert 2 * rate <= len(samples) <= 3 * rate
    return samples


def test_a_recording_is_what_was_said(show: Show) -> None:
    probe = show(FeaturesExplorer(), before=HEAR, permissions=["microphone"])
    before = probe_state(probe)
    assert probe.page.evaluate("window.opened") == []
    recorded(lambda: two_seconds(probe), SAID)
    opened = probe.page.evaluate("window.opened")
    again = ["microphone", "context"] * (opened.count("microphone") - 1)
    assert opened == ["microphone", "context", "context", *again]  # the third plays
    assert {**probe_state(probe), "frame": 0} == {**before, "frame": 0}


def test_a_recording_ends_by_itself(show: Show) -> None:
    probe = show(FeaturesExplorer(), before=HEAR, permissions=["microphone"])
    probe.page.get_by_role("button", name="Record", exact=True).click()
    probe.page.get_by_role("button", name="Stop (0.").wait_for()
    probe.page.get_by_role("button", name="Record", exact=True).wait_for(timeout=20_000)
    probe.page.get_by_role("button", name="Listen to the sound").click()
    assert len(last_played(probe)[0]) == 24000


def test_a_recording_does_not_hear_what_the_page_plays(show: Show) -> None:
    probe = show(FeaturesExplorer(), before=HEAR, permissions=["microphone"])
    listen = probe.page.get_by_role("button", name="Listen to the sound")
    listen.click()
    assert listen.inner_text() == "Stop"
    probe.page.get_by_role("button", name="Record", exact=True).click()
    assert listen.inner_text() == "Listen"


def test_a_refused_microphone_is_said_and_changes_nothing(show: Show) -> None:
    probe = show(FeaturesExplorer())
    before = read(probe, FeaturesExplorer)
    probe.page.get_by_role("button", name="Record", exact=True).click()
    reason = "No new sound: the microphone was refused; a file works without it."
    probe.page.get_by_text(reason).wait_for()
    assert read(probe, FeaturesExplorer) == before | {"problem": reason}
