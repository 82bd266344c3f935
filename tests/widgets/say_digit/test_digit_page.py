"""Say a digit in a static page, operated as a reader would."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from hnrc_lib.widgets import SayADigit
from hnrc_lib.widgets.say_digit import reference
from hnrc_lib.widgets.say_digit.words import percent, tell_part, tell_state
from tests.browser import PageProbe
from tests.widgets.checks import PageChecks, Show, read, read_extremes
from tests.widgets.sounds import DROP, HEAR, last_played, probe_state, wav

pytestmark = pytest.mark.page
LISTEN = "Listen to what the network hears"
TABLE = """() => [...document.querySelectorAll('.hnrc-sets tbody tr')].map(
  (row) => [row.className, ...[...row.cells].map((cell) => cell.textContent)])"""


class TestPage(PageChecks):
    kind = SayADigit
    states = ({"snr": 30}, {"clip": "en-michael/3_3", "weights": "unclipped", "part": [0.3, 0.9], "snr": 3})
    sliders: ClassVar = {"snr": "noise below the voice, dB"}


def verdicts_of(widget: SayADigit) -> dict[str, tuple[int, float]]:
    return {name: (int(p.argmax()), float(p.max())) for name, p in widget.probabilities().items()}


def check_shown(probe: PageProbe, shown: dict[str, Any]) -> SayADigit:
    """Every label equals the state, and every number Python's; returns a widget of that state."""
    widget = SayADigit(**shown["state"])
    clip, state = widget.chosen(), widget.state()
    verdicts = verdicts_of(widget)
    assert shown["sentence"] == tell_state(clip.title, len(clip.samples), state, verdicts)
    part = tell_part(len(clip.samples), state["part"])
    assert shown["handles"] == {"Start of what is heard": part, "End of what is heard": part}
    assert shown["chosen"] == [state["weights"]]
    assert shown["selected"] == [state["clip"]]
    assert shown["problem"] == ""
    return widget


def check_table(probe: PageProbe, widget: SayADigit) -> None:
    for row, name in zip(probe.page.evaluate(TABLE), reference.SETS, strict=True):
        digit, sure = verdicts_of(widget)[name]
        measured = widget.card["sets"][name]
        accuracy = f"{percent(measured['accuracy'])} → {percent(measured['accuracy_int8'])}"
        chosen = "hnrc-chosen" if name == widget.weights else ""
        assert row == [chosen, name, str(digit), percent(sure), accuracy]
    digit = verdicts_of(widget)[widget.weights][0]
    assert probe.page.locator(".hnrc-answer").inner_text() == str(digit)


def test_labels_equal_the_state_for_every_set_at_every_extreme(show: Show) -> None:
    probe = show(SayADigit())
    for name in reference.SETS:
        probe.page.get_by_role("radio", name=name.capitalize(), exact=True).check(force=True)
        seen = read_extremes(probe, SayADigit)
        assert [shown["state"]["snr"] for _, shown in seen[:2]] == [60, 0]
        for _, shown in seen:
            assert shown["state"]["weights"] == name
            widget = check_shown(probe, shown)
        check_table(probe, widget)


def test_keyboard_moves_both_edges_and_they_never_meet(show: Show) -> None:
    probe = show(SayADigit(part=[0.2, 0.8]))
    start, end = (
        probe.page.get_by_role("slider", name=f"{name} of what is heard", exact=True)
        for name in ("Start", "End")
    )
    start.press("ArrowRight")
    end.press("Shift+ArrowLeft")
    assert check_shown(probe, read(probe, SayADigit)).part == pytest.approx([0.21, 0.75])
    for _ in range(20):
        start.press("Shift+ArrowRight")
    least = reference.LEAST / 4053
    assert check_shown(probe, read(probe, SayADigit)).part == pytest.approx([0.75 - least, 0.75], abs=2e-3)
    for _ in range(20):
        end.press("Shift+ArrowRight")
        start.press("Shift+ArrowLeft")
    assert check_shown(probe, read(probe, SayADigit)).part == [0, 1]


def test_dragging_an_edge_changes_what_is_heard(show: Show) -> None:
    probe = show(SayADigit(), before=HEAR)
    box, mouse = probe.page.locator(".hnrc-plane").bounding_box(), probe.page.mouse
    y = box["y"] + (4 + box["height"] - 20) / 2
    mouse.move(box["x"] + box["width"] - 10, y)
    mouse.down()
    mouse.move(box["x"] + 10 + 0.5 * (box["width"] - 20), y, steps=6)
    mouse.up()
    widget = check_shown(probe, read(probe, SayADigit))
    assert widget.part == pytest.approx([0, 0.5], abs=5e-3)
    button = probe.page.get_by_role("button", name=LISTEN)
    button.click()
    assert button.inner_text() == "Stop"
    samples, rate = last_played(probe)
    heard = reference.heard_part(widget.chosen().samples, widget.state())
    assert rate == 8000
    np.testing.assert_allclose(samples, 0.5 * heard / np.abs(heard).max(), atol=1e-6)
    button.click()
    assert button.inner_text() == "Listen"
    mouse.click(box["x"] + 0.2 * box["width"], y)
    assert check_shown(probe, read(probe, SayADigit)).part == widget.part


def test_a_clip_is_heard_whole_and_reset_returns_to_the_first(show: Show) -> None:
    probe = show(SayADigit(part=[0.4, 0.8], snr=20, weights="damped"))
    probe.page.get_by_label("Sound", exact=True).select_option("en-andrea/6_0")
    widget = check_shown(probe, read(probe, SayADigit))
    assert (widget.clip, widget.part, widget.snr, widget.weights) == ("en-andrea/6_0", [0, 1], 20, "damped")
    probe.page.get_by_role("button", name="Reset").click()
    assert check_shown(probe, read(probe, SayADigit)).state() == SayADigit().state()


@pytest.mark.parametrize("way", ["open", "drop"])
def test_the_reader_s_file_is_heard_and_stays_in_the_page(show: Show, tmp_path: Path, way: str) -> None:
    probe = show(SayADigit(part=[0.4, 0.8]))
    before = probe_state(probe)
    said = next(clip for clip in SayADigit().clips if clip["name"] == "en-andrea/6_0")
    widget = SayADigit(clip=said["name"])
    path = wav(tmp_path / "said.wav", widget.chosen().samples, 8000)
    if way == "open":
        probe.page.set_input_files("input[type=file]", path)
    else:
        probe.page.evaluate(DROP, [".hnrc-bars", "said.wav", list(path.read_bytes())])
    probe.page.get_by_text("said.wav, heard from").wait_for()
    shown = read(probe, SayADigit)
    # the browser decodes at 48 kHz and the page goes back to 8: the same digit, about as sure
    digit, sure = verdicts_of(widget)["clipped"]
    assert f"the clipped weights hear {digit}, " in shown["sentence"]
    told = float(probe.page.evaluate(TABLE)[0][3].removesuffix(" %")) / 100
    assert told == pytest.approx(sure, abs=0.05)
    assert probe_state(probe) == before | {"part": [0, 1]}


def test_the_page_says_where_the_weights_come_from_and_that_nothing_leaves_it(show: Show) -> None:
    widget = SayADigit()
    probe = show(widget)
    source = probe.page.locator(".hnrc-caption").inner_text()
    assert source.startswith(f"{widget.card['model']}. {widget.card['corpus']}. Record digit_weights, full.")
    assert probe.page.get_by_text("Nothing you record or open leaves this page.").count() == 1
