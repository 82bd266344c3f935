"""The trellis explorer in a static page, operated as a reader would."""

from typing import Any, ClassVar

import numpy as np
import pytest

from hnrc_lib.widgets import TrellisExplorer
from hnrc_lib.widgets.trellis import reference
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, read

pytestmark = pytest.mark.page
STATE = ("mode", "quantity", "label", "digit", "frame", "row")
QUANTITIES = {"Viterbi": "viterbi", "Forward": "forward", "Backward": "backward", "Posterior": "posterior"}
ACROSS = (358 - 54) / 26  # pixels of a frame on a telephone


class TestPage(HandleChecks):
    kind = TrellisExplorer
    states = (
        {},
        {"quantity": "posterior", "label": "ABCDEFGHIJKL"},
        {"mode": "hmm", "quantity": "backward", "digit": 9, "frame": 2, "row": 1},
    )
    sliders: ClassVar[dict[str, str]] = {"frame": "frame t"}
    handle = "Chosen cell"
    drag = (5 * ACROSS, 40)
    quiet = ((46 + 5.5 * ACROSS) / 358, 0.8)

    def test_keyboard_operates_every_slider_and_reset_goes_back(self, show: Show) -> None:
        probe = show(TrellisExplorer())
        first = check(probe)
        slider = probe.page.get_by_label("frame t", exact=True)
        for key, frame in (("End", 26), ("ArrowLeft", 25), ("Home", 1), ("ArrowRight", 2)):
            slider.press(key)
            assert check(probe)["frame"] == frame
        probe.page.get_by_role("radio", name="Posterior").check(force=True)
        probe.page.get_by_label("label", exact=True).fill("NO")
        assert check(probe)["label"] == "NO"
        probe.page.get_by_role("button", name="Reset").click()
        assert check(probe) == first


def check(probe: PageProbe, index: int = 0) -> dict[str, Any]:
    """Every label of the page equals the state and the reference; returns the state."""
    shown = read(probe, TrellisExplorer, index)
    state = {name: shown["state"][name] for name in STATE}
    widget = TrellisExplorer(**state)
    lattice, passes, (frame, row) = widget.lattice(), widget.passes(), widget.cell()
    frames = len(lattice.scores)
    told = f"{frame + 1} of {frames}"
    slider = shown["sliders"]["frame t"]
    assert slider["shown"] == slider["spoken"] == told
    name = f", {lattice.names[row]}" if state["mode"] == "ctc" else ""
    cell = f"frame {told}, state {row + 1}{name}"
    assert shown["handles"]["Chosen cell"] == cell
    found = reference.arithmetic(lattice, passes, state["quantity"], frame, row)
    if state["quantity"] == "posterior":
        assert shown["sentence"].startswith(f"F{cell[1:]}: γ = ")
    else:
        symbol = {"viterbi": "δ", "forward": "α", "backward": "β"}[state["quantity"]]
        assert shown["sentence"].startswith(f"F{cell[1:]}: log {symbol} = {fixed(found.value)}.")
    if state["mode"] == "ctc":
        assert f"Label “{state['label']}”, " in shown["sentence"]
        assert shown["sentence"].endswith(f"loss −log P = {fixed(-passes.log_likelihood)}.")
    else:
        assert f"log P = {fixed(passes.log_likelihood)}, " in shown["sentence"]
    check_gradient(widget, frame, shown["outcomes"][0])
    assert table(probe, index)[-1][1] == (
        f"{passes.posterior[frame, row]:.4f}" if state["quantity"] == "posterior" else fixed(found.value)
    )
    assert shown["chosen"] == [state["mode"], state["quantity"]]
    assert shown["problem"] == ""
    return state


def check_gradient(widget: TrellisExplorer, frame: int, outcome: str) -> None:
    largest = float(np.abs(widget.gradient()[frame]).max())
    if largest < 0.004:
        assert outcome == "Gradient below 0.005 at this frame."
    elif largest > 0.006:
        assert f"{largest:.2f}" in outcome


def fixed(value: float) -> str:
    """A logarithm as the page writes it."""
    if np.isinf(value):
        return "−∞" if value < 0 else "∞"
    text = f"{abs(value):.{2 if abs(value) < 1000 else 1}f}"
    return f"−{text}" if value < 0 and float(text) else text


def table(probe: PageProbe, index: int = 0) -> list[tuple[str, str]]:
    """First and last column of the arithmetic."""
    rows = probe.page.locator(".hnrc-arithmetic").nth(index).locator("tr").all_inner_texts()
    return [(row.split("\t")[0].strip(), row.split("\t")[-1].strip()) for row in rows]


@pytest.mark.parametrize("mode", ["ctc", "hmm"])
def test_every_quantity_tells_the_cell_as_the_reference_has_it(show: Show, mode: str) -> None:
    probe = show(TrellisExplorer(mode=mode))
    slider = probe.page.get_by_label("frame t", exact=True)
    for label, quantity in QUANTITIES.items():
        probe.page.get_by_role("radio", name=label).check(force=True)
        assert check(probe)["quantity"] == quantity
        slider.press("Home" if quantity == "viterbi" else "End")
        check(probe)


def test_the_arithmetic_shows_three_ways_in(show: Show) -> None:
    probe = show(TrellisExplorer(frame=16, row=10))
    rows = table(probe)
    assert [name for name, _ in rows[1:]] == [
        "from T",
        "from blank",
        "from E",
        "log of the sum",
        "+ log y of T",
        "= log α",
    ]
    probe.page.get_by_role("slider", name="Chosen cell").press("ArrowDown")
    assert check(probe)["row"] == 11
    probe.page.get_by_role("slider", name="Chosen cell").press("Shift+ArrowDown")
    assert check(probe)["row"] == 16
    probe.page.get_by_role("slider", name="Chosen cell").press("Shift+ArrowLeft")
    assert check(probe)["frame"] == 11


def test_no_arc_joins_two_equal_letters(show: Show) -> None:
    probe = show(TrellisExplorer(frame=20, row=14))  # the second E of TEEN
    sums = dict(table(probe))
    assert sums["from blank"] != "−∞"
    assert sums["from E"] == "−∞"


def test_a_click_chooses_a_cell(show: Show) -> None:
    probe = show(TrellisExplorer())
    box = probe.page.locator(".hnrc-plane").bounding_box()
    across = (box["width"] - 54) / 26
    top = 4 + 0.1 * box["height"] + 8
    down = (box["height"] - top - 20) / 17
    probe.page.mouse.click(box["x"] + 46 + 7.5 * across, box["y"] + top + 2.5 * down)
    state = check(probe)
    assert (state["frame"], state["row"]) == (8, 3)


def test_a_typed_label_waits_until_it_is_one(show: Show) -> None:
    probe = show(TrellisExplorer())
    field = probe.page.get_by_label("label", exact=True)
    field.fill("nine ")
    assert field.get_attribute("aria-invalid") == "true"
    assert check(probe)["label"] == "NINETEEN"
    field.press_sequentially("teen")
    assert check(probe)["label"] == "NINE TEEN"
    assert field.get_attribute("aria-invalid") == "false"


def test_optimal_takes_what_the_models_hear(show: Show) -> None:
    probe = show(TrellisExplorer(), TrellisExplorer(mode="hmm", digit=7))
    for index, expected in enumerate([{"label": "NINE TEEN"}, {"digit": 2}]):
        probe.page.get_by_role("button", name="Optimal").nth(index).click()
        state = check(probe, index)
        assert state | expected == state
    assert "as the network itself reads it" in read(probe, TrellisExplorer)["sentence"]
    assert "the likeliest of the ten" in read(probe, TrellisExplorer, 1)["sentence"]


def test_another_digit_s_model_is_chosen_and_judged(show: Show) -> None:
    probe = show(TrellisExplorer(mode="hmm"))
    probe.page.get_by_label("model of").select_option("zero")
    assert check(probe)["digit"] == 0
    values = TrellisExplorer().digit_log_likelihoods()
    gap = fixed(float(values[2] - values[0]))
    assert f"{gap} below that of two" in read(probe, TrellisExplorer)["sentence"]


@pytest.mark.parametrize(("quantity", "first", "last"), [("viterbi", 1, 26), ("backward", 26, 1)])
def test_play_walks_along_the_best_path(show: Show, quantity: str, first: int, last: int) -> None:
    probe = show(TrellisExplorer(quantity=quantity, frame=last), reduced_motion="reduce")
    assert probe.page.get_by_role("button", name="Step").is_disabled()
    path = TrellisExplorer().passes().path
    probe.page.get_by_role("button", name="Play").click()
    state = check(probe)
    assert (state["frame"], state["row"]) == (last, path[last - 1] + 1)
    probe.page.get_by_label("frame t", exact=True).press("Home" if first == 1 else "End")
    probe.page.get_by_role("button", name="Step").click()
    state = check(probe)
    second = first + (1 if last > first else -1)
    assert (state["frame"], state["row"]) == (second, path[second - 1] + 1)


def test_play_moves_and_pauses(show: Show) -> None:
    probe = show(TrellisExplorer(frame=3), reduced_motion="no-preference")
    probe.page.get_by_role("button", name="Play").click()
    moved = "() => document.querySelector('.hnrc-value').textContent !== '3 of 26'"
    probe.page.wait_for_function(moved)
    probe.page.get_by_role("button", name="Pause").click()
    frame = check(probe)["frame"]
    assert 3 < frame < 26
    assert probe.page.get_by_role("button", name="Play").is_visible()


def test_what_was_recorded_is_named_and_the_other_mode_s_control_is_gone(show: Show) -> None:
    probe = show(TrellisExplorer())
    assert probe.page.locator(".hnrc-caption").inner_text() == TrellisExplorer().caption
    assert probe.page.get_by_label("label", exact=True).is_visible()
    assert not probe.page.get_by_label("model of").is_visible()
    probe.page.get_by_role("radio", name="HMM").check(force=True)
    assert probe.page.get_by_label("model of").is_visible()
    assert not probe.page.get_by_label("label", exact=True).is_visible()
    assert check(probe)["mode"] == "hmm"
