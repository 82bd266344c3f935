"""Recorded benchmarks as tables on a page: the numbers, the bars, and what was missed."""

import html
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from IPython.display import display

from hnrc_lib.paths import shipped

PROVENANCE = ("command", "commit", "date", "scale", "machine", "threads", "clock", "versions", "seconds")
VERSIONS = ("python", "hnrc-lib", "torch", "numpy")
_OURS = "hnrc_lib"
_HEADINGS = ("work", "library", "ratio", "middle half", "bar", "memory", "result")


def load_benchmark(name: str, folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Read what ``python -m benchmarks NAME`` wrote.

    Args:
        name: of the table, for example ``"hvp"``.
        folder: where it lies; the shipped ``data/benchmarks`` when left out.

    Raises:
        FileNotFoundError: no such table; the message lists those that exist.
        ValueError: it does not say where its numbers come from.
    """
    source = Path(folder) if folder is not None else shipped("benchmarks")
    path = source / f"{name}.json"
    if not path.is_file():
        raise FileNotFoundError(f"no benchmark {name!r}; there are {benchmark_names(source)}")
    result = json.loads(path.read_text("utf-8"))
    missing = [key for key in PROVENANCE if result.get(key) in ("", None)]
    missing += [f"version of {key}" for key in VERSIONS if key not in (result.get("versions") or {})]
    if missing:
        raise ValueError(f"benchmark {name!r} must say where it comes from, missing {missing}")
    return result


def benchmark_names(folder: str | os.PathLike[str] | None = None) -> list[str]:
    """Names of the recorded tables, the shipped ones when ``folder`` is left out."""
    source = Path(folder) if folder is not None else shipped("benchmarks")
    return sorted(path.stem for path in source.glob("*.json"))


def benchmark_table(name: str, folder: str | os.PathLike[str] | None = None) -> None:
    """Show a recorded table with its command, machine and versions.

    Args:
        name: of the table, for example ``"hvp"``.
        folder: where it lies; the shipped ``data/benchmarks`` when left out.

    Raises:
        FileNotFoundError, ValueError: as ``load_benchmark``.
    """
    result = load_benchmark(name, folder)
    cases = "".join(_timed(case, result) for case in result["cases"] if case["timed"])
    untimed = [case for case in result["cases"] if not case["timed"]]
    page = cases + (_matrix(untimed, result) if untimed else "")
    plain = "\n".join(missed_bars([name], folder)) or "every bar that applies here is met"
    source = f'<p class="hnrc-benchmark-source">{html.escape(source_line(result))}</p>'
    shown = f"<p>{html.escape(result['text'])}</p>{page}{source}"
    display({"text/html": shown, "text/plain": f"{result['title']}: {plain}"}, raw=True)


def missed_bars(
    names: Iterable[str] | None = None, folder: str | os.PathLike[str] | None = None
) -> list[str]:
    """Every bar that a recorded row did not meet, or could not be held to, one sentence each.

    Args:
        names: of the tables; all when left out.
        folder: where they lie; the shipped ``data/benchmarks`` when left out.
    """
    said = []
    for name in benchmark_names(folder) if names is None else names:
        for case in load_benchmark(name, folder)["cases"]:
            for row in case["rows"]:
                what = f"{case['title']}, {row['row']}"
                said += [f"{what}: {_miss(row, bar)}" for bar in row["bars"] if bar["met"] is not True]
    return said


def source_line(result: dict[str, Any]) -> str:
    """Command, machine, versions, commit and scale in one line.

    >>> source_line({"command": "make bench", "machine": {"processor": "A", "cores": 2, "card": "none"},
    ...     "threads": 1, "clock": "cpu", "versions": {"torch": "2.13"}, "date": "2026-01-31",
    ...     "commit": "abc", "scale": "full"})
    'make bench · A, 2 cores, no card · 1 thread, CPU time · torch 2.13 · 2026-01-31 · commit abc'
    """
    machine, threads = result["machine"], result["threads"]
    card = "no card" if machine["card"] == "none" else machine["card"]
    clock = {"cpu": "CPU time", "wall": "wall time"}[result["clock"]]
    parts = [
        result["command"],
        f"{machine['processor']}, {machine['cores']} cores, {card}",
        f"{threads} thread{'' if threads == 1 else 's'}, {clock}",
        ", ".join(f"{package} {number}" for package, number in result["versions"].items()),
        result["date"],
        f"commit {result['commit']}",
    ]
    return " · ".join(parts + (["reduced run"] if result["scale"] == "reduced" else []))


def bar_text(bar: dict[str, Any]) -> str:
    """A bar and its verdict, in words.

    >>> bar_text({"quantity": "ratio", "limit": 2.6, "at_least": False, "met": False})
    '≤ 2.6 missed'
    """
    verdict = {True: "met", False: "missed", None: "open"}[bar["met"]]
    quantity = "" if bar["quantity"] == "ratio" else f"{bar['quantity']} "
    limit = "best peer" if bar["limit"] is None else f"{bar['limit']:.4g}"
    return f"{quantity}{'≥' if bar['at_least'] else '≤'} {limit} {verdict}"


def _miss(row: dict[str, Any], bar: dict[str, Any]) -> str:
    got = row["ratio"] if bar["quantity"] == "ratio" else row["figures"].get(bar["quantity"])
    value = "no number" if got is None else f"{got:.3g}"
    return ", ".join(part for part in (f"{value}, bar {bar_text(bar)}", row["note"]) if part)


def _timed(case: dict[str, Any], result: dict[str, Any]) -> str:
    """One case: a row of the table a row of the case."""
    body = "".join(_line(row, index == 0, result) for index, row in enumerate(case["rows"]))
    head = "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS)
    rounds = "1 round" if case["rounds"] == 1 else f"{case['rounds']} rounds"
    caption = case["title"] if case["rounds"] == 0 else f"{case['title']} ({rounds})"
    return _scrolling(caption, f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def _line(row: dict[str, Any], base: bool, result: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {value:.2g}" for name, value in row["figures"].items())
    quartiles = row["quartiles"]
    cells = (
        _library(row["provider"], result),
        "" if row["ratio"] is None else f"{row['ratio']:.3g}",
        "" if base or quartiles is None else f"{quartiles[0]:.3g} … {quartiles[1]:.3g}",
        "; ".join(bar_text(bar) for bar in row["bars"]),
        "" if row["memory"] is None else f"{row['memory']:.3g}",
        f"{row['milliseconds']:.3g} ms" if base and row["milliseconds"] else row["note"] or figures,
    )
    data = "".join(f"<td>{_strong(html.escape(cell), row)}</td>" for cell in cells)
    return f'<tr><th scope="row">{_strong(html.escape(row["row"]), row)}</th>{data}</tr>'


def _matrix(cases: list[dict[str, Any]], result: dict[str, Any]) -> str:
    """Cases down, libraries across, ours first; what each error said is listed below."""
    providers = list(dict.fromkeys(row["provider"] for row in cases[0]["rows"]))
    providers.sort(key=lambda provider: provider != _OURS)
    head = "".join(f'<th scope="col">{html.escape(_library(p, result))}</th>' for p in ("case", *providers))
    body, notes = "", []
    for case in cases:
        cells = ""
        for provider in providers:
            rows = [row for row in case["rows"] if row["provider"] == provider]
            cells += f"<td>{_strong(_cell(rows), rows[0])}</td>"
            said = {row["note"] for row in rows if row["status"] in ("fails", "refuses", "not run")}
            notes += [f"{case['title']}, {provider}: {note}" for note in sorted(said)]
        body += f'<tr><th scope="row">{html.escape(case["title"])}</th>{cells}</tr>'
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    table = _scrolling(result["title"], f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")
    return f"{table}<details><summary>What the errors say</summary><ul>{listed}</ul></details>"


def _cell(rows: list[dict[str, Any]]) -> str:
    """Verdicts of all precisions: one word where they agree, with the errors below it."""
    words = [{"measured": "right"}.get(row["status"], row["status"]) for row in rows]
    errors = [_error(row) for row in rows]
    if len(set(words)) == 1:
        return "<br>".join(part for part in (words[0], " / ".join(filter(None, errors))) if part)
    told = zip(rows, words, errors, strict=True)
    return "<br>".join(f"{html.escape(row['row'])} {word} {error}".strip() for row, word, error in told)


def _error(row: dict[str, Any]) -> str:
    """The relative error as a power of ten that no line break cuts."""
    error = row["figures"].get("relative error")
    return "" if error is None else f"{error:.0e}".replace("-0", "-").replace("+0", "").replace("-", "\u2011")


def _library(name: str, result: dict[str, Any]) -> str:
    """The name of a library with the version that ran."""
    package, _, way = name.partition(", ")
    number = result["versions"].get("hnrc-lib" if package == _OURS else package)
    return f"{package} {number}{', ' if way else ''}{way}" if number else name


def _strong(text: str, row: dict[str, Any]) -> str:
    return f"<strong>{text}</strong>" if row["provider"] == _OURS and text else text


def _scrolling(caption: str, table: str) -> str:
    """A table that scrolls by itself on a narrow screen, by keyboard too."""
    label = html.escape(caption)
    return (
        f'<div class="hnrc-benchmark" style="max-width:100%;overflow-x:auto" role="group" tabindex="0" '
        f'aria-label="{label}"><table class="table"><caption>{label}</caption>{table}</table></div>'
    )
