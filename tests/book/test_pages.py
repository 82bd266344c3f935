"""Every page of the built site in a browser: nothing from the network, both themes, a telephone, paper."""

import json
from dataclasses import dataclass

import pytest

from tests.book.built_site import page_names, require_site, weigh
from tests.browser import PageProbe, launch, serve

pytestmark = pytest.mark.page

VIEWS = {"light": (1280, False), "dark": (1280, True), "phone": (390, False), "dark-phone": (390, True)}
# A theme changes colours and a telephone the layout. Each rule is tried once on every page, and in each view
# on the first page, as all pages share what stands around them.
_LAYOUT = ["scrollable-region-focusable", "target-size"]
AXE_RULES = {"light": None, "dark": ["color-contrast"], "phone": _LAYOUT}
VIEW_OF = {"test_weight": "light", "test_on_paper": "dark"}  # one view suffices
ALIKE = "chapters/api/"  # pages of one markup: their colours and layout are looked at on one of them
FIRST_VISIT, LATER_VISIT = 1_500_000, 300_000  # bytes as sent, compressed; a page has one widget
FURTHER_WIDGET = 60_000  # module, state and picture of each that a page has beyond it
# Rules of axe that only the third-party theme breaks and that we cannot mend; none so far.
AXE_EXCEPTIONS: dict[str, str] = {}

# A promise of the browser that never comes must not stop the run: what it stood for is looked at afterwards.
SETTLE = """async () => {
  const within = (work) => Promise.race([work, new Promise((done) => setTimeout(done, 20000))]);
  await within(globalThis.MathJax?.startup?.promise);
  for (let y = 0; y < document.body.scrollHeight; y += 700) {
    scrollTo(0, y);
    await new Promise((done) => setTimeout(done, 30));
  }
  scrollTo(0, 0);
  const hosts = document.querySelector('script[src*="host.js"]');
  for (let i = 0; hosts && document.documentElement.dataset.hnrcWidgets !== "ready" && i < 200; i++) {
    await new Promise((done) => setTimeout(done, 25));
  }
  const shown = [...document.images].filter((image) => image.getClientRects().length);
  await within(Promise.all(shown.map((image) => image.decode().catch(() => null))));
}"""
FACTS = """() => ({
  formulas: document.querySelectorAll(".math").length,
  typeset: document.querySelectorAll(".math mjx-container").length,
  formulaErrors: [...document.querySelectorAll("mjx-merror")].map((e) => e.textContent),
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  broken: [...document.images].filter((i) => i.getClientRects().length && !i.naturalWidth).map((i) => i.src),
  widgets: document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length,
  live: document.querySelectorAll(".hnrc-live > .hnrc-static-widget").length,
  theme: document.documentElement.dataset.theme,
  renderings: [...document.querySelectorAll(".hnrc-renderings")].map(
    (r) => [...r.children].filter((i) => i.getClientRects().length).map((i) => i.className)),
})"""
UNFOLD = """() => {
  for (const part of document.querySelectorAll("article details")) part.open = true;
  for (const folded of document.querySelectorAll("article .toggle-hidden .toggle-button")) folded.click();
}"""
# Of code, one piece of each look: thousands of words in the same few colours take axe most of its time.
ONE_OF_EACH = """() => {
  const seen = new Set();
  const look = (part) => {
    const { color, backgroundColor, fontSize, fontWeight } = getComputedStyle(part);
    return [color, backgroundColor, fontSize, fontWeight].join();
  };
  const pieces = [...document.querySelectorAll("article :is(pre, dt) span")];
  const looks = pieces.map((piece) => look(piece) + look(piece.closest("pre, dt")));
  pieces.forEach((piece, i) => {
    if (seen.has(looks[i])) piece.replaceWith(...piece.childNodes);
    seen.add(looks[i]);
  });
}"""


@pytest.fixture(scope="module")
def browser():
    with launch() as running:
        yield running


@pytest.fixture(scope="module")
def address():
    with serve(require_site()) as running:
        yield running


def pytest_generate_tests(metafunc):
    names = page_names() or ["index.html"]
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names)
    if "visit" in metafunc.fixturenames:
        views = [VIEW_OF[metafunc.function.__name__]] if metafunc.function.__name__ in VIEW_OF else AXE_RULES
        pairs = [(name, view) for name in names for view in views]
        ids = ["-".join(pair) for pair in pairs]
        metafunc.parametrize("visit", pairs, ids=ids, indirect=True, scope="module")


@dataclass(frozen=True)
class Visit:
    """A page of the site in one view."""

    name: str
    view: str
    probe: PageProbe


@pytest.fixture(scope="module")
def visit(request, browser, address):
    """Opened once for all tests of a page in a view, in order; only the last, axe, leaves it changed."""
    name, view = request.param
    with open_page(browser, f"{address}/{name}", view) as probe:
        yield Visit(name, view, probe)


def open_page(browser, url, view, **options):
    width, dark = VIEWS[view]
    probe = PageProbe(browser, dark=dark, width=width, height=900, **options)
    probe.page.goto(url, wait_until="load")
    probe.page.evaluate(SETTLE)
    return probe


def assert_whole(probe, view):
    """Nothing failed, formulas are set, widgets live, one rendering of each figure is seen."""
    facts = probe.page.evaluate(FACTS)
    theme = "dark" if VIEWS[view][1] else "light"
    assert probe.problems() == []
    assert facts["theme"] == theme
    assert facts["typeset"] == facts["formulas"]
    assert facts["formulaErrors"] == []
    assert facts["live"] == facts["widgets"]
    assert facts["broken"] == []
    assert facts["overflow"] <= 0
    assert all(shown == [f"only-{theme}"] for shown in facts["renderings"])
    return facts


def violations(probe, rules=None):
    """What axe finds once all that is folded is open."""
    probe.page.evaluate(UNFOLD)
    probe.page.evaluate(ONE_OF_EACH)
    probe.page.wait_for_timeout(800)  # the theme looks for what scrolls 300 ms after the last change
    found = probe.axe_violations(rules=rules)
    return [line for line in found if line.partition(":")[0] not in AXE_EXCEPTIONS]


def test_served(visit):
    assert_whole(visit.probe, visit.view)


def test_weight(visit, capsys):
    drawn = visit.probe.page.evaluate(
        "performance.getEntriesByName('hnrc-widget-drawn').map((mark) => Math.round(mark.startTime"
        " - performance.getEntriesByType('navigation')[0].domInteractive))"
    )
    first, later = weigh(visit.probe.requested, require_site())
    with capsys.disabled():
        widgets = f", widgets drawn {drawn} ms after the DOM was ready" if drawn else ""
        told = f"{first / 1000:.0f} KB first, {later / 1000:.0f} KB after another page{widgets}"
        print(f"\n{visit.name}: {told}", end="")
    further = max(0, len(drawn) - 1) * FURTHER_WIDGET
    assert first <= FIRST_VISIT + further
    assert later <= LATER_VISIT + further


def test_on_paper(visit):
    page = visit.probe.page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    visible = lambda selector: page.locator(f"{selector} >> visible=true").count()  # noqa: E731
    assert visible(".hnrc-renderings .only-dark") == 0
    assert visible(".hnrc-renderings .only-light") == page.locator(".hnrc-renderings").count()
    assert visible(".hnrc-static-widget") == 0
    assert visible(".hnrc-picture") == page.locator(".hnrc-themed").count()
    assert visible(".bd-sidebar-primary, .bd-header-article, audio, article details:not([open])") == 0
    assert visible("details.above-input > summary") == 0
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_axe(visit):
    if (
        visit.view == "light"
        or not visit.name.startswith(ALIKE)
        or visit.name == f"{ALIKE}linear_algebra.html"
    ):
        assert violations(visit.probe, AXE_RULES[visit.view]) == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_rule_in_every_view(browser, address, view):
    with open_page(browser, f"{address}/index.html", view) as probe:
        assert_whole(probe, view)
        assert violations(probe) == []


def test_opened_from_disk(browser, name):
    with open_page(browser, (require_site() / name).as_uri(), "light") as probe:
        assert_whole(probe, "light")


def test_without_scripts(browser, name):
    url = (require_site() / name).as_uri()
    with PageProbe(browser, dark=True, java_script_enabled=False) as probe:
        probe.page.goto(url, wait_until="load")
        shown = probe.page.locator(".hnrc-renderings img:visible, .hnrc-picture:visible")
        dark = probe.page.locator(".hnrc-renderings .only-dark:visible, .hnrc-picture-dark:visible")
        figures = probe.page.locator(".hnrc-renderings, .hnrc-themed")
        assert probe.problems() == []
        assert (shown.count(), dark.count()) == (figures.count(), 0)


@pytest.mark.parametrize("from_disk", [False, True])
def test_search_finds_pages(browser, address, from_disk):
    base = require_site().as_uri() if from_disk else address
    with open_page(browser, f"{base}/search.html?q=curvature", "light") as probe:
        # All results are there, those that point into a page too, and what was fetched for each.
        probe.page.wait_for_selector(".search-summary:has-text('finished')")
        probe.page.wait_for_load_state("networkidle")
        assert probe.page.locator("ul.search li a").count() > 20
        assert probe.problems() == []


def test_the_theme_can_be_switched_and_is_kept(browser, address):
    with open_page(browser, f"{address}/index.html", "dark") as probe:
        seen = []
        for _ in range(3):
            probe.page.locator(".theme-switch-button:visible").first.click()
            seen.append(probe.page.evaluate("({...document.documentElement.dataset})"))
        assert {state["mode"] for state in seen} == {"auto", "light", "dark"}
        light = next(state for state in seen if state["mode"] == "light")
        assert light["theme"] == "light"
        while probe.page.evaluate("document.documentElement.dataset.mode") != "light":
            probe.page.locator(".theme-switch-button:visible").first.click()
        probe.page.goto(f"{address}/search.html")
        assert probe.page.evaluate("document.documentElement.dataset.theme") == "light", json.dumps(seen)
