"""The kernel-free host: mounting, failing, printing, leaving."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hnrc_lib.widgets import DampingExplorer
from hnrc_lib.widgets.base import VIEW_MIME, StaticWidget
from tests.browser import PageProbe
from tests.widgets.pages import TWO_FRAMES, embedded_state, static_page, write_page

pytestmark = pytest.mark.page
Show = Callable[..., PageProbe]
DRAWN = ".hnrc-damping canvas"
LIGHT, DARK = "img.hnrc-picture-light", "img.hnrc-picture-dark"


def pixels(probe: PageProbe, index: int = 1) -> str:
    """A canvas as text; number 1 is the first widget's path."""
    return probe.page.locator(DRAWN).nth(index).evaluate("canvas => canvas.toDataURL()")


def test_the_widget_takes_the_place_of_its_picture(show: Show) -> None:
    probe = show(DampingExplorer())
    assert probe.page.locator(DRAWN).count() == 5
    assert not probe.page.locator(LIGHT).is_visible()
    assert not probe.page.locator(DARK).is_visible()
    assert probe.page.evaluate("performance.getEntriesByName('hnrc-widget-drawn').length") == 1


# when each widget was drawn, and when the page was whole, in milliseconds since it was asked for
DRAWN_AT = """[performance.getEntriesByName('hnrc-widget-drawn').map((mark) => mark.startTime),
  performance.getEntriesByType('navigation')[0].domContentLoadedEventStart,
  performance.getEntriesByName('first-contentful-paint')[0].startTime]"""


def test_the_first_screen_is_drawn_while_the_page_loads_and_the_rest_after_its_first_paint(
    show: Show,
) -> None:
    first, second = DampingExplorer(), DampingExplorer(damping=7.0)
    probe = show(first, second, height=500)
    drawn, whole, painted = probe.page.evaluate(DRAWN_AT)
    assert len(drawn) == 2
    assert drawn[0] <= whole <= drawn[1]
    assert painted <= drawn[1]


NO_EVALUATION = "<meta http-equiv=Content-Security-Policy content=\"script-src 'self' blob:\">"


def test_where_the_page_forbids_evaluation_the_module_is_imported(
    chromium: Any, site: tuple[Path, str]
) -> None:
    folder, address = site
    text = static_page(DampingExplorer()).replace("<head>", f"<head>{NO_EVALUATION}", 1)
    write_page(folder, "policy.html", text)
    with PageProbe(chromium) as probe:
        probe.page.goto(f"{address}/policy.html")
        probe.page.wait_for_selector("html[data-hnrc-widgets=ready]", state="attached")
        assert probe.page.locator(DRAWN).count() == 5
        assert probe.page_errors == []


DRAWS_NAME = "{ render({ el }) { el.append(name); } }"
OTHER_MODULES = {
    "a second export": f"export const name = 'other';\nexport default {DRAWS_NAME};",
    "waiting": f"const name = await Promise.resolve('other');\nexport default {DRAWS_NAME};",
    "a factory": f"const name = 'other';\nexport default async () => ({DRAWS_NAME});",
    "a late word": f"const name = 'other';\nconst made = {DRAWS_NAME};\nexport {{ made as default }};",
}


@pytest.mark.parametrize("shape", OTHER_MODULES)
def test_modules_of_any_shape_run(show: Show, shape: str) -> None:
    widget = DampingExplorer()
    state = embedded_state([widget])
    state["state"][widget.model_id]["state"]["_esm"] = OTHER_MODULES[shape]
    assert show(widget, state=state).page.locator(".hnrc-static-widget").inner_text() == "other"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_print_shows_the_light_picture(show: Show, theme: str) -> None:
    probe = show(DampingExplorer(), theme=theme)
    probe.page.emulate_media(media="print")
    assert probe.page.locator(LIGHT).is_visible()
    assert not probe.page.locator(DARK).is_visible()
    assert not probe.page.locator(".hnrc-damping").is_visible()
    probe.page.emulate_media(media="screen")
    assert probe.page.locator(".hnrc-damping").is_visible()


@pytest.mark.parametrize(("theme", "shown", "hidden"), [("light", LIGHT, DARK), ("dark", DARK, LIGHT)])
def test_without_scripts_the_picture_of_the_theme_shows(
    show: Show, theme: str, shown: str, hidden: str
) -> None:
    widget = DampingExplorer(surface="saddle")
    probe = show(widget, theme=theme, java_script_enabled=False)
    assert probe.page.locator(shown).is_visible()
    assert not probe.page.locator(hidden).is_visible()
    assert probe.page.locator(shown).get_attribute("alt") == widget.alt()
    assert probe.page.locator(shown).bounding_box()["width"] > 700
    assert probe.page.get_by_role("img", name=widget.alt()).count() == 1


def test_two_widgets_do_not_touch_each_other(show: Show) -> None:
    probe = show(DampingExplorer(), DampingExplorer(surface="saddle", damping=1.0))
    before = [pixels(probe, i) for i in range(10)]
    probe.page.get_by_label("damping λ").nth(0).press("End")
    probe.page.evaluate(TWO_FRAMES)
    after = [pixels(probe, i) for i in range(10)]
    assert before[1] != after[1]
    assert before[5:] == after[5:]
    assert probe.page.get_by_label("damping λ").nth(1).get_attribute("aria-valuetext") == "1"
    # radio buttons of different widgets form different groups
    assert probe.page.get_by_role("radio", checked=True).count() == 2


def test_two_views_of_one_model_stay_equal(show: Show) -> None:
    widget = DampingExplorer()
    probe = show(widget, widget)
    for view, key in ((0, "Home"), (1, "End")):
        probe.page.get_by_label("damping λ").nth(view).press(key)
        probe.page.get_by_label("Start point θ₀").nth(view).press("ArrowUp")
        probe.page.evaluate(TWO_FRAMES)
        assert [pixels(probe, i) for i in range(5)] == [pixels(probe, i + 5) for i in range(5)]
        sentences = probe.page.locator(".hnrc-state").all_text_contents()
        assert sentences[0] == sentences[1]
        handles = probe.page.locator(".hnrc-handle")
        assert handles.nth(0).get_attribute("aria-valuetext") == handles.nth(1).get_attribute(
            "aria-valuetext"
        )


COUNT_LISTENERS = """
window.alive = new Map();
const ours = () => /blob:|host\\.js/.test(new Error().stack); // Playwright listens and observes too
const add = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (type, listener, options) {
  if (options?.signal) {
    const key = {};
    window.alive.set(key, type);
    add.call(options.signal, 'abort', () => window.alive.delete(key), { once: true });
  } else if (ours() && !(this instanceof AbortSignal)) {
    window.alive.set({}, `${type} without a signal`);
  }
  return add.call(this, type, listener, options);
};
window.observers = 0;
for (const name of ['ResizeObserver', 'MutationObserver']) {
  const Original = window[name];
  window[name] = class extends Original {
    constructor(callback) { super(callback); this.watching = false; this.ours = ours(); }
    count(watching) {
      if (this.ours) window.observers += watching - this.watching;
      this.watching = watching;
    }
    observe(...details) { this.count(true); super.observe(...details); }
    disconnect() { this.count(false); super.disconnect(); }
  };
}
window.cleared = 0;
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  window.cleared += 1;
  clear.apply(this, box);
};
"""


def test_unmounting_leaves_nothing_behind(show: Show) -> None:
    probe = show(DampingExplorer(), before=COUNT_LISTENERS)
    page = probe.page
    assert page.evaluate("window.alive.size") > 15
    assert page.evaluate("window.observers") >= 5
    page.get_by_role("button", name="Play").click()
    counts = page.evaluate(
        """() => {
          const [[el, { model, unmount }]] = window.hnrcWidgets;
          const before = [...model.listeners.values()].reduce((sum, set) => sum + set.size, 0);
          model.set('steps', 9); // asks for a drawing that must not come any more
          unmount();
          Object.assign(window, { model, clearedBefore: window.cleared });
          const after = [...model.listeners.values()].reduce((sum, set) => sum + set.size, 0);
          return { before, after, connected: el.isConnected, views: window.hnrcWidgets.size };
        }"""
    )
    assert counts["before"] == 8
    assert (counts["after"], counts["connected"], counts["views"]) == (0, False, 0)
    left = set(page.evaluate("[...window.alive.values()]"))
    assert left <= {"DOMContentLoaded without a signal"}  # the host's own, which fires once
    assert page.evaluate("window.observers") == 0
    drawn = page.evaluate("window.clearedBefore")
    page.evaluate(
        """async () => {
          window.model.set('damping', 9);
          document.documentElement.dataset.theme = 'dark';
          window.dispatchEvent(new Event('resize'));
          await new Promise((done) => setTimeout(done, 400));
        }"""
    )
    assert page.evaluate("window.cleared") == drawn
    assert page.locator(DARK).is_visible()


def break_state(widget: StaticWidget, change: str) -> dict[str, Any]:
    state = embedded_state([widget])
    own = state["state"][widget.model_id]["state"]
    if change == "value":
        own["damping"] = -1
    elif change == "module":
        own["_esm"] = "export default { render() { throw new Error('broken on purpose'); } };"
    elif change == "syntax":
        own["_esm"] = "export default {"
    elif change == "no module":
        del own["_esm"]
    else:
        state["state"].pop(widget.model_id)
    return state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("value", "damping must be a finite number in [0, 1000], got -1"),
        ("module", "broken on purpose"),
        ("syntax", "Unexpected end of input"),
        ("no module", "no module"),
        ("missing", "the page holds no state for it"),
    ],
)
def test_a_widget_that_fails_keeps_its_picture_and_says_why(show: Show, change: str, message: str) -> None:
    widget = DampingExplorer()
    probe = show(widget, state=break_state(widget, change), faulty=True)
    assert probe.page.locator(LIGHT).is_visible()
    note = probe.page.get_by_role("status")
    assert message in note.inner_text()
    assert "The picture shows its first state." in note.inner_text()
    assert probe.page.locator(".hnrc-damping").count() == 0
    assert probe.page.evaluate("window.hnrcWidgets.size") == 0
    assert any(message in text for text in probe.console_errors)
    assert probe.page_errors == []


def test_a_failing_widget_does_not_stop_the_next(show: Show) -> None:
    bad, good = DampingExplorer(), DampingExplorer(damping=7.0)
    state = embedded_state([bad, good])
    state["state"][bad.model_id]["state"]["steps"] = 0.5
    probe = show(bad, good, state=state, faulty=True)
    assert probe.page.locator(".hnrc-failure").count() == 1
    assert probe.page.locator(DRAWN).count() == 5
    assert probe.page.get_by_label("damping λ").get_attribute("aria-valuetext") == "7"


def test_state_that_is_not_json_shows_pictures(show: Show, site: tuple[Path, str]) -> None:
    probe = show(DampingExplorer())
    folder, address = site
    text = static_page(DampingExplorer()).replace('{"version_major": 2, "version_minor": 0', "{broken", 1)
    write_page(folder, "broken.html", text)
    probe.page.goto(f"{address}/broken.html")
    probe.page.wait_for_selector("html[data-hnrc-widgets=ready]", state="attached")
    assert probe.page.locator(LIGHT).is_visible()
    assert "could not start" in probe.page.locator(".hnrc-failure").inner_text()
    assert all("JSON" in text for text in probe.console_errors)
    probe.console_errors.clear()


def test_core_widgets_keep_their_static_fallback(show: Show) -> None:
    import ipywidgets

    class Plain(ipywidgets.IntSlider):
        def fallback(self, view: dict[str, Any]) -> str:
            tag = f'<script type="{VIEW_MIME}">{json.dumps(view)}</script>'
            return f'<div><p class="static">a slider</p>{tag}</div>'

    probe = show(Plain(), DampingExplorer())
    assert probe.page.locator(".static").is_visible()
    assert probe.page.locator(DRAWN).count() == 5
    assert probe.page.locator(".hnrc-failure").count() == 0


def test_works_from_a_file(chromium: Any, tmp_path: Path) -> None:
    path = write_page(tmp_path, "index.html", static_page(DampingExplorer()))
    with PageProbe(chromium) as probe:
        probe.page.goto(path.as_uri())
        probe.page.wait_for_selector("html[data-hnrc-widgets=ready]", state="attached")
        assert probe.page.locator(DRAWN).count() == 5
        assert probe.problems() == []


BYTES = """
export default { render({ model, el }) {
  const view = model.get('samples');
  el.append(`${view.constructor.name} ${view.byteLength} ${view.getUint8(2)}`);
  model.widget_manager.get_model(model.model_id).then((same) => el.append(` ${same === model}`));
} };
"""


def test_buffers_and_other_models_reach_the_module(show: Show) -> None:
    widget = DampingExplorer()
    state = embedded_state([widget])
    record = state["state"][widget.model_id]
    record["state"]["_esm"] = BYTES
    record["buffers"] = [{"encoding": "base64", "path": ["samples"], "data": "AQIDBA=="}]
    probe = show(widget, state=state)
    assert probe.page.locator(".hnrc-static-widget").inner_text() == "DataView 4 3 true"
