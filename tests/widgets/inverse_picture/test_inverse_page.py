"""The inverse as a picture in a static page, operated as a reader would, and its live side."""

from typing import Any, ClassVar

import numpy as np
import pytest
import traitlets

from hnrc_lib.widgets import InversePicture
from hnrc_lib.widgets.inverse_picture import reference, words
from hnrc_lib.widgets.number_format import format_number
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, number, read
from tests.widgets.kernel import connect

SLIDERS = {"damping λ": "damping", "eigenvalue h₁": 0, "eigenvalue h₂": 1}
NAMES = ("damped", "rank_one", "normalised", "smooth", "clipped")


class TestPage(HandleChecks):
    kind = InversePicture
    states = ({}, {"eigenvalues": [2.0, -1.5]}, {"eigenvalues": [2.0, -1.5], "damping": 0.0})
    sliders: ClassVar[dict[str, str]] = {"damping": "damping λ"}
    handle = "Tip of −g"


def check_labels(probe: PageProbe) -> dict[str, Any]:
    """Every label of the page equals the state; returns the state."""
    shown = read(probe, InversePicture)
    state = shown["state"]
    assert shown["sentence"] == words.tell_state(state)
    assert shown["outcomes"] == [words.tell_damped(state), words.tell_rank_one(state)]
    size = float(np.hypot(*state["gradient"]))
    lengths = reference.step_lengths(state, size)
    told = ["none" if np.isnan(lengths[n]) else format_number(float(lengths[n])) for n in NAMES]
    assert probe.page.locator(".hnrc-lengths dd").all_text_contents() == told
    for label, name in SLIDERS.items():
        value = state[name] if isinstance(name, str) else state["eigenvalues"][name]
        slider = shown["sliders"][label]
        assert slider["spoken"] == slider["shown"]
        assert number(slider["shown"]) == pytest.approx(value, rel=1e-5)
    point = ", ".join(format_number(x) for x in state["gradient"])
    assert set(shown["handles"].values()) == {
        f"g = ({point})",
        f"{state['rotation']:g}°",
        f"‖g‖ = {format_number(size)}",
    }
    assert shown["problem"] == ""
    return state


def plane_point(probe: PageProbe, point: tuple[float, float]) -> tuple[float, float]:
    """Where a point of the plane lies on the screen."""
    box = probe.page.locator(".hnrc-plane").bounding_box()
    side = box["width"] - 8
    return box["x"] + 4 + (point[0] + 3.2) / 6.4 * side, box["y"] + 4 + (3.2 - point[1]) / 6.4 * side


@pytest.mark.page
def test_sliders_reach_both_ends_and_labels_follow(show: Show) -> None:
    probe = show(InversePicture())
    for label, name in SLIDERS.items():
        slider = probe.page.get_by_label(label)
        ends = (0.0, 8.0) if name == "damping" else (-2.0, 4.0)
        for key, expected in zip(("Home", "End"), ends, strict=True):
            slider.press(key)
            state = check_labels(probe)
            assert (state["damping"] if name == "damping" else state["eigenvalues"][name]) == expected
        slider.press("ArrowLeft")
        check_labels(probe)


@pytest.mark.page
def test_keyboard_moves_every_handle(show: Show) -> None:
    probe = show(InversePicture(gradient=[-0.4, -1.4], rotation=178.0))
    tip = probe.page.get_by_role("slider", name="Tip of −g")
    tip.press("ArrowUp")
    assert check_labels(probe)["gradient"] == [-0.4, -1.45]
    tip.press("Shift+ArrowLeft")
    assert check_labels(probe)["gradient"] == [-0.15, -1.45]
    turn = probe.page.get_by_role("slider", name="Rotation of e₁")
    turn.press("ArrowUp")
    assert check_labels(probe)["rotation"] == -177
    turn.press("Shift+ArrowLeft")
    assert check_labels(probe)["rotation"] == 158
    before = np.array(check_labels(probe)["gradient"])
    probe.page.get_by_role("slider", name="Length of g").press("Shift+ArrowRight")
    after = np.array(check_labels(probe)["gradient"])
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before) + 0.25, abs=1e-3)
    np.testing.assert_allclose(after / np.linalg.norm(after), before / np.linalg.norm(before), atol=1e-12)


@pytest.mark.page
def test_dragging_moves_what_is_dragged_alone(show: Show) -> None:
    probe = show(InversePicture(gradient=[-0.5, -1.0], rotation=0.0))
    mouse = probe.page.mouse
    mouse.move(*plane_point(probe, (0.5, 1.0)))
    mouse.down()
    mouse.move(*plane_point(probe, (-1.2, 0.3)), steps=5)
    assert check_labels(probe)["gradient"] == pytest.approx([1.2, -0.3], abs=0.03)
    mouse.move(5, 5)
    mouse.up()
    dragged = check_labels(probe)
    assert dragged["gradient"] == [2.0, -2.0]
    assert dragged["rotation"] == 0
    mouse.move(*plane_point(probe, (3.0, 0.0)))
    mouse.down()
    mouse.move(*plane_point(probe, (0.0, 2.0)), steps=5)
    mouse.up()
    turned = check_labels(probe)
    assert turned["rotation"] == pytest.approx(90, abs=1)
    assert turned["gradient"] == dragged["gradient"]
    probe.page.mouse.click(*plane_point(probe, (1.0, -1.5)))
    assert check_labels(probe)["gradient"] == pytest.approx([-1.0, 1.5], abs=0.03)


@pytest.mark.page
def test_a_press_on_the_chart_sets_the_length(show: Show) -> None:
    probe = show(InversePicture(gradient=[-0.6, -0.8]))
    box = probe.page.locator(".hnrc-chart").bounding_box()
    x = box["x"] + 30 + (box["width"] - 40) * 2 / 3
    probe.page.mouse.click(x, box["y"] + 60)
    assert np.hypot(*check_labels(probe)["gradient"]) == pytest.approx(2.0, abs=0.02)


@pytest.mark.page
def test_singular_and_beyond_are_shown_and_said(show: Show) -> None:
    probe = show(InversePicture(eigenvalues=[2.0, -0.5], damping=0.55))
    slider = probe.page.get_by_label("damping λ")
    kind = ".hnrc-outcome >> nth=0"
    pictures = set()
    for expected in ("positive definite", "singular", "not positive definite"):
        check_labels(probe)
        assert probe.page.locator(kind).get_attribute("data-kind") == expected
        pictures.add(probe.page.locator(".hnrc-plane canvas").evaluate("c => c.toDataURL()"))
        slider.press("ArrowLeft")
    assert len(pictures) == 3


@pytest.mark.page
def test_peak_and_reset(show: Show) -> None:
    probe = show(InversePicture(gradient=[-0.6, -0.8], eigenvalues=[1.0, -1.0], rotation=10.0))
    probe.page.get_by_role("button", name="λ = ‖g‖²").click()
    state = check_labels(probe)
    assert state["damping"] == pytest.approx(1.0)
    lengths = reference.step_lengths(state, [0.9, 1.0, 1.1])["normalised"]
    assert lengths.argmax() == 1
    probe.page.get_by_role("button", name="Reset").click()
    assert check_labels(probe) == reference.FIRST
    without = show(InversePicture(gradient=[0.0, 0.0]))
    assert without.page.get_by_role("button", name="λ = ‖g‖²").is_disabled()


def test_inverse_live_side_is_synchronised_both_ways() -> None:
    widget = InversePicture()
    comm = connect(widget)
    heard: list[tuple[str, Any]] = []
    widget.observe(lambda change: heard.append((change["name"], change["new"])))
    widget.damping = 0.3
    widget.gradient = (1, 2)
    assert comm.state_sent() == {"damping": 0.3, "gradient": [1.0, 2.0]}
    comm.receive({"eigenvalues": [1.0, -1.0], "rotation": 15})
    assert ("eigenvalues", [1.0, -1.0]) in heard
    assert ("rotation", 15.0) in heard
    with pytest.raises(traitlets.TraitError, match=r"rotation must be a finite number in \[-180, 180\]"):
        widget.rotation = 400


@pytest.mark.page
def test_the_page_follows_its_model(show: Show) -> None:
    probe = show(InversePicture())
    probe.page.evaluate(
        """() => {
          const [[, { model }]] = window.hnrcWidgets;
          model.set('damping', 3);
          model.set('rotation', -45);
        }"""
    )
    state = check_labels(probe)
    assert (state["damping"], state["rotation"]) == (3, -45)
