"""The ledger's page: every claim with its verdict and its page, and a filter for those who can run it."""

import dataclasses
from pathlib import Path

import pytest

from hnrc_lib.book.site.ledger import Treated, claims_shown, ledger_html
from hnrc_lib.claims import LEDGER
from hnrc_lib.claims.claim import Verdict
from hnrc_lib.claims.recorded import RecordedLedger, load_ledger
from tests.book.projects import build_project
from tests.browser import PageProbe, launch

CHAPTERS = Path(__file__).resolve().parents[3] / "chapters"
PAGES = {
    "index.md": "# Root\n\n```{toctree}\nchapters/ledger\nchapters/part/one\n```\n",
    "chapters/ledger.md": "# Ledger\n\n```{claims-ledger}\n```\n",
    "chapters/part/one.md": '# Part *one*\n\n```python\nclaim_box("0.6", "0.15")\n```\n',
}
THEME = {"html_theme": "sphinx_book_theme", "extensions": ["myst_nb", "hnrc_lib.book.extension"]}


@pytest.fixture(scope="module")
def recorded():
    """Three claims with a verdict of each kind, whatever the committed record holds."""
    shipped = load_ledger()
    kinds = {"0.4": "fails", "0.6": "holds if λ > 0 & more", "0.15": "holds"}
    evidences = {
        identifier: dataclasses.replace(shipped.evidences[identifier], verdict=Verdict(verdict))
        for identifier, verdict in kinds.items()
    }
    return RecordedLedger(evidences, "abcdef", {"torch": "2"})


@pytest.fixture(scope="module")
def built(tmp_path_factory, recorded):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hnrc_lib.book.site.ledger.load_ledger", lambda: recorded)
        return build_project(tmp_path_factory.mktemp("ledger"), PAGES, **THEME)


@pytest.fixture(scope="module")
def browser():
    with launch() as running:
        yield running


def test_a_page_s_boxes_are_found_in_its_text():
    text = 'claim_box("0.4")\nfigure(draw)\nclaim_box("0.5",\n    "1.10")\n# claim_box("9.9")\n'
    assert claims_shown(text) == ["0.4", "0.5", "1.10"]


def test_every_box_of_the_book_is_of_the_ledger():
    shown = [found for page in CHAPTERS.rglob("*.md") for found in claims_shown(page.read_text("utf-8"))]
    assert "0.6" in shown
    assert set(shown) <= set(LEDGER)


def test_each_row_has_claim_verdict_numbers_and_page(built):
    assert built.warnings == []
    rows = built.page("chapters/ledger").select(".hnrc-ledger-rows tbody tr")
    assert [row["data-verdict"] for row in rows] == ["fails", "holds if", "holds"]
    assert [row.th.get_text().split()[0] for row in rows] == ["0.4", "0.6", "0.15"]
    assert "holds if λ > 0 & more" in rows[1].get_text()
    assert rows[1].a.get_text() == "Part one"
    assert rows[1].a["href"] == "part/one.html#claim-0-6"
    assert rows[0].select("td")[-1].get_text() == "no page yet"


def test_the_script_is_loaded_where_a_ledger_is(built):
    scripts = {name: str(built.page(name)) for name in ("chapters/ledger", "index")}
    assert "hnrc-ledger.js" in scripts["chapters/ledger"]
    assert "hnrc-ledger" not in scripts["index"]


def test_counts_add_up(recorded):
    counts = [
        cell.rpartition(">")[2] for cell in ledger_html(recorded, {}).split("</td>")[:8] if "<td" in cell
    ]
    assert counts == ["1", "1", "1", "3", "1", "1", "1", "3"]


def test_titles_and_addresses_are_escaped(recorded):
    page = ledger_html(recorded, {"0.6": [Treated("A < B", 'a"b.html')]})
    assert '<a href="a&quot;b.html">A &lt; B</a>' in page


def test_a_recorded_claim_that_is_gone_is_refused(recorded):
    gone = RecordedLedger({"9.9": recorded.evidences["0.6"]}, "abc", {"torch": "2"})
    with pytest.raises(ValueError, match=r"recorded claims must be in the ledger, got \['9\.9'\]"):
        ledger_html(gone, {})


def visible(probe):
    rows = probe.page.locator(".hnrc-ledger-rows tbody tr:visible th")
    return [text.split()[0] for text in rows.all_inner_texts()]


@pytest.mark.page
def test_the_filter_is_worked_from_the_keyboard(built, browser):
    url = (built.folder / "chapters" / "ledger.html").as_uri()
    with PageProbe(browser, width=1200) as probe:
        probe.page.goto(url, wait_until="load")
        status = probe.page.locator(".hnrc-ledger-status")
        assert visible(probe) == ["0.4", "0.6", "0.15"]
        probe.page.locator("select[name=source]").focus()
        probe.page.keyboard.press("Tab")
        probe.page.keyboard.press("ArrowDown")
        assert visible(probe) == ["0.15"]
        assert status.inner_text() == "1 of 3 claims"
        probe.page.keyboard.press("ArrowDown")
        assert visible(probe) == ["0.6"]
        probe.page.locator("button[type=reset]").press("Enter")
        probe.page.wait_for_function("document.querySelectorAll('.hnrc-ledger-rows tr[hidden]').length === 0")
        probe.page.locator("input[name=text]").fill("λ  MORE")
        assert visible(probe) == ["0.6"]
        probe.page.keyboard.press("Enter")
        assert probe.page.url == url
        probe.page.locator("input[name=text]").fill("nowhere to be found")
        assert visible(probe) == []
        assert status.inner_text() == "0 of 3 claims"
        assert probe.problems() == []


@pytest.mark.page
@pytest.mark.parametrize("dark", [False, True])
def test_on_a_telephone_rows_are_cards_that_need_no_scrolling(built, browser, dark):
    with PageProbe(browser, dark=dark, width=390) as probe:
        probe.page.goto((built.folder / "chapters" / "ledger.html").as_uri(), wait_until="load")
        cells = probe.page.locator(".hnrc-ledger-rows tbody tr:first-child > *")
        lefts = {round(cells.nth(i).bounding_box()["x"]) for i in range(cells.count())}
        assert len(lefts) == 1
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert probe.page.evaluate(overflow) <= 0
        found = [line for line in probe.axe_violations() if "hnrc-ledger" in line]
        assert found == []


@pytest.mark.page
def test_without_scripts_it_is_a_table(built, browser):
    with PageProbe(browser, java_script_enabled=False) as probe:
        probe.page.goto((built.folder / "chapters" / "ledger.html").as_uri(), wait_until="load")
        assert visible(probe) == ["0.4", "0.6", "0.15"]
        assert probe.page.locator(".hnrc-ledger-filter:visible").count() == 0
