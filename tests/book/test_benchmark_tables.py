"""Recorded benchmarks on a page: numbers, versions, misses."""

import json
import re
from pathlib import Path

import pytest

from hnrc_lib.book import benchmarks as page

OURS = "hnrc_lib"


def line(name="row", provider=OURS, **changes) -> dict:
    row = {
        "row": name,
        "provider": provider,
        "status": "measured",
        "note": "",
        "milliseconds": 4.0,
        "ratio": 2.0,
        "quartiles": [1.9, 2.1],
        "memory": 3.0,
        "figures": {},
        "bars": [],
    }
    return row | changes


def bar(met, limit=1.5, at_least=False) -> dict:
    return {"quantity": "ratio", "limit": limit, "at_least": at_least, "met": met}


@pytest.fixture
def recorded(tmp_path):
    """Writes a table with given rows and returns its folder."""

    def write(*rows: dict, timed: bool = True, **changes) -> Path:
        content = {
            "name": "t",
            "title": "T",
            "text": "What < is measured.",
            "command": "python -m benchmarks t",
            "commit": "abc",
            "date": "2026-01-31",
            "scale": "full",
            "threads": 1,
            "clock": "cpu",
            "seconds": 1.0,
            "machine": {"processor": "P", "cores": 2, "card": "none"},
            "versions": {"python": "3", "hnrc-lib": "0.1", "torch": "2", "numpy": "2", "curvlinops": "9.9"},
            "cases": [{"title": "case", "timed": timed, "rounds": 3, "rows": list(rows)}],
        }
        (tmp_path / "t.json").write_text(json.dumps(content | changes), "utf-8")
        return tmp_path

    return write


@pytest.fixture
def shown(monkeypatch) -> dict[str, str]:
    content: dict[str, str] = {}
    monkeypatch.setattr(page, "display", lambda data, **_: content.update(data))
    return content


def test_a_page_shows_numbers_versions_and_the_command(recorded, shown):
    base = line("gradient", "torch", ratio=1.0)
    page.benchmark_table("t", recorded(base, line(provider="curvlinops"), line(bars=[bar(True, 2.5)])))
    html = shown["text/html"]
    assert "What &lt; is measured." in html
    assert "4 ms" in html
    assert "<td>curvlinops 9.9</td><td>2</td><td>1.9 … 2.1</td><td></td><td>3</td><td></td>" in html
    assert "<strong>≤ 2.5 met</strong>" in html
    assert "python -m benchmarks t · P, 2 cores, no card" in html
    assert "reduced" not in html


def test_misses_are_shown_as_misses(recorded, shown):
    folder = recorded(
        line("gradient", "torch"),
        line("slow", bars=[bar(False)]),
        line("wrong", status="wrong", note="wrong: relative error 9.6e-01", bars=[bar(False)]),
        line(
            "card",
            status="not run",
            note="not run: no CUDA card",
            ratio=None,
            quartiles=None,
            bars=[bar(None)],
        ),
        line("good", bars=[bar(True)]),
        scale="reduced",
    )
    page.benchmark_table("t", folder)
    html = shown["text/html"]
    assert html.count("≤ 1.5 missed") == 2
    assert "wrong: relative error 9.6e-01" in html
    assert "not run: no CUDA card" in html
    assert html.endswith("reduced run</p>")
    assert page.missed_bars(folder=folder) == [
        "case, slow: 2, bar ≤ 1.5 missed",
        "case, wrong: 2, bar ≤ 1.5 missed, wrong: relative error 9.6e-01",
        "case, card: no number, bar ≤ 1.5 open, not run: no CUDA card",
    ]


def test_a_table_of_right_and_wrong_has_a_column_a_library(recorded, shown):
    rows = (
        line("float32", "curvlinops", status="fails", note="fails: E: <no> rule", ratio=None),
        line(
            "float64", "curvlinops", status="wrong", note="wrong", ratio=None, figures={"relative error": 0.5}
        ),
        line("float32", ratio=None, figures={"relative error": 1e-7}),
    )
    page.benchmark_table("t", recorded(*rows, timed=False))
    html = shown["text/html"]
    assert "<td>float32 fails<br>float64 wrong 5e\u20111</td>" in html
    assert "<strong>right<br>1e\u20117</strong>" in html
    assert html.index("hnrc_lib 0.1") < html.index("curvlinops 9.9")
    assert "<li>case, curvlinops: fails: E: &lt;no&gt; rule</li>" in html


def test_wide_tables_scroll_by_keyboard_too(recorded, shown):
    page.benchmark_table("t", recorded(line("gradient", "torch")))
    assert re.search(r'role="group" tabindex="0" aria-label="case', shown["text/html"])


@pytest.mark.parametrize("key", page.PROVENANCE)
def test_a_table_without_provenance_is_refused(recorded, key):
    with pytest.raises(ValueError, match=rf"benchmark 't' must say where it comes from, missing \['{key}'"):
        page.load_benchmark("t", recorded(line(), **{key: None}))


def test_an_unknown_table_is_refused_by_name(recorded):
    with pytest.raises(FileNotFoundError, match=r"no benchmark 'u'; there are \['t'\]"):
        page.load_benchmark("u", recorded(line()))
