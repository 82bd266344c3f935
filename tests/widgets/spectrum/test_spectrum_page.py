"""The spectrum viewer in a static page, operated as a reader would."""

import functools
from typing import Any, ClassVar

import pytest

from hnrc_lib.widgets import SpectrumViewer
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.spectrum import reference
from tests.browser import PageProbe
from tests.widgets.checks import HandleChecks, Show, number, read, read_extremes

pytestmark = pytest.mark.page
STATE = ("stage", "damping", "scale", "source")
HANDLE = "Damping λ on the axis"


class TestPage(HandleChecks):
    kind = SpectrumViewer
    states = (
        {},
        {"stage": 1, "scale": "linear", "source": "lanczos", "damping": 10.0},
        {"stage": 2, "damping": 0.0},
    )
    sliders: ClassVar[dict[str, str]] = {"damping": "damping λ"}
    handle = HANDLE
    drag = (40, 30)
    quiet = (0.75, 0.25)


@functools.cache
def compared() -> SpectrumViewer:
    """One viewer for all comparisons: its Lanczos runs take a third of a second."""
    return SpectrumViewer()


def check(probe: PageProbe, index: int = 0) -> dict[str, Any]:
    """Every label of the page equals the state and the reference; returns the state."""
    return check_shown(read(probe, SpectrumViewer, index))


def check_shown(shown: dict[str, Any]) -> dict[str, Any]:
    state = {name: shown["state"][name] for name in STATE}
    viewer = compared()
    for name, value in state.items():
        setattr(viewer, name, value)
    found, (epoch, loss) = viewer.inspect(), viewer.numbers("epochs")[viewer.index()]
    damping, stage = shown["sliders"]["damping λ"], shown["sliders"]["training"]
    assert damping["shown"] == damping["spoken"]
    assert number(damping["shown"]) == pytest.approx(state["damping"], rel=1e-5)
    assert stage["shown"] == stage["spoken"] == f"epoch {format_number(epoch)}"
    assert shown["handles"][HANDLE] == f"λ = {damping['shown']}"
    assert shown["sentence"].startswith(
        f"λ = {damping['shown']} after epoch {format_number(epoch)} (loss {format_number(loss)}): "
        f"{found.negative} of 826 eigenvalues are negative, the ends are {format_number(found.smallest)} and "
        f"{format_number(found.largest)}; {format_number(100 * found.drowned)} % lie within ±λ"
    )
    if found.condition is None:
        assert shown["kinds"] == ["indefinite"]
        assert f"{found.indefinite} eigenvalue" in shown["outcomes"][0]
        assert shown["outcomes"][0].endswith(f"λ must exceed {format_number(found.needed)}.")
    else:
        assert shown["kinds"] == ["definite"]
        assert shown["outcomes"][0].endswith(f"condition number {format_number(found.condition)}.")
    source = "all 826 eigenvalues" if state["source"] == "exact" else "Lanczos, 8 random vectors of 30 steps"
    assert source in shown["titles"][0]
    assert shown["chosen"] == [state["scale"], state["source"]]
    assert shown["problem"] == ""
    return state


def test_labels_equal_the_state_at_every_extreme(show: Show) -> None:
    seen = [
        (name, check_shown(shown)) for name, shown in read_extremes(show(SpectrumViewer()), SpectrumViewer)
    ]
    assert [state["stage"] for name, state in seen if name == "training"] == [4, 1, 3]
    assert [state["damping"] for name, state in seen if name == "damping λ"][:2] == [10, 0]


def test_keyboard_scrubs_and_moves_the_handle(show: Show) -> None:
    probe = show(SpectrumViewer(damping=0.1))
    slider = probe.page.get_by_label("training", exact=True)
    for key, stage in (("Home", 1), ("ArrowRight", 2), ("End", 4), ("ArrowLeft", 3)):
        slider.press(key)
        assert check(probe)["stage"] == stage
    handle = probe.page.get_by_role("slider", name=HANDLE, exact=True)
    handle.press("ArrowRight")
    assert check(probe)["damping"] == pytest.approx(0.1105, abs=1e-3)
    for _ in range(40):
        handle.press("Shift+ArrowLeft")
    assert check(probe)["damping"] == 0
    for _ in range(40):
        handle.press("Shift+ArrowRight")
    assert check(probe)["damping"] == 10


@pytest.mark.parametrize("scale", reference.SCALES)
def test_dragging_sets_the_damping_under_the_pointer(show: Show, scale: str) -> None:
    viewer = SpectrumViewer(scale=scale)
    probe = show(viewer)
    box = probe.page.locator(".hnrc-plane").bounding_box()
    low, high = reference.axis_domain(viewer.numbers("eigenvalues"), scale)

    def place(value: float) -> float:
        share = (float(reference.to_axis(value, scale)) - low) / (high - low)
        return box["x"] + 12 + share * (box["width"] - 24)

    mouse, height = probe.page.mouse, box["y"] + 0.6 * box["height"]
    mouse.move(place(0.01), height)
    mouse.down()
    mouse.move(place(0.5), height, steps=4)
    assert check(probe)["damping"] == pytest.approx(0.5, rel=0.03)
    mouse.move(place(-0.1), height, steps=4)
    assert check(probe)["damping"] == 0
    mouse.up()


def test_optimal_makes_every_stage_positive_definite_and_no_more(show: Show) -> None:
    probe = show(SpectrumViewer())
    dampings = []
    for stage in range(1, 5):
        slider = probe.page.get_by_label("training", exact=True)
        slider.press("Home" if stage == 1 else "ArrowRight")
        probe.page.get_by_role("button", name="Optimal").click()
        state = check(probe)
        assert read(probe, SpectrumViewer)["kinds"] == ["definite"]
        needed = SpectrumViewer(**state).inspect().needed
        assert needed < state["damping"] < 1.011 * needed
        dampings.append(state["damping"])
    assert dampings == [0.809, 0.0943, 0.111, 0.0177]


def test_scale_and_source_redraw_the_density_alone(show: Show) -> None:
    probe = show(SpectrumViewer())
    before = check(probe)
    probe.page.get_by_role("radio", name="Linear").check(force=True)
    assert check(probe) == before | {"scale": "linear"}
    probe.page.get_by_role("radio", name="Lanczos").check(force=True)
    assert check(probe) == before | {"scale": "linear", "source": "lanczos"}
    assert probe.page.locator(".hnrc-caption").inner_text() == SpectrumViewer().caption
