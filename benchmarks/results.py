"""What a table leaves behind: a JSON file with where its numbers came from, and lines to read."""

import json
import os
import platform
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks import peers
from benchmarks.harness import OURS, Settings, measure
from benchmarks.tables import Table
from hnrc_lib.experiments.record import current_commit

RESULTS = Path(__file__).resolve().parents[1] / "data" / "benchmarks"


def run_table(table: Table, settings: Settings, *, scale: str, command: str) -> dict[str, Any]:
    """Measure every case of a table.

    Args:
        table: what to measure.
        settings: how much.
        scale: ``"full"`` or ``"reduced"``; pages print the latter.
        command: how the run was started.

    Returns:
        The content of the JSON file.
    """
    start = time.perf_counter()
    cases = []
    for case in table.cases(scale == "reduced"):
        cases.append(measure(case, settings))
        if scale == "reduced":
            leave_open(cases[-1])
        print("\n".join(lines(cases[-1])), flush=True)
    provenance = {
        "command": command,
        "commit": current_commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "scale": scale,
        "machine": machine(),
        "threads": torch.get_num_threads(),
        "clock": settings.clock,
        "versions": versions(),
        "seconds": round(time.perf_counter() - start, 1),
    }
    return {"name": table.name, "title": table.title, "text": table.text} | provenance | {"cases": cases}


def leave_open(case: dict[str, Any]) -> None:
    """A reduced run holds nothing to a bar: one sample, and problems that may be smaller than the bar's."""
    for row in case["rows"]:
        for bar in row["bars"]:
            bar["met"] = None


def machine() -> dict[str, Any]:
    """Processor, cores and card; nothing that names the machine.

    >>> sorted(machine())
    ['card', 'cores', 'processor']
    """
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {"processor": processor(), "cores": os.cpu_count(), "card": card}


def processor() -> str:
    """The processor's name as the system tells it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Python, the library, torch, numpy and every peer."""
    names = {"hnrc-lib": "hnrc-lib", "torch": "torch", "numpy": "numpy"}
    found = {name: version(package) for name, package in names.items()}
    return {"python": platform.python_version()} | found | peers.versions()


def write(result: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write ``NAME.json`` beside its final name, then rename, so that no half file is left.

    Raises:
        ValueError: a number is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{result['name']}.json"
    half = target.with_suffix(".json.part")
    text = json.dumps(rounded(result), indent=1, ensure_ascii=False, allow_nan=False)
    half.write_text(text + "\n", "utf-8")
    half.replace(target)
    return target


def rounded(value: Any, digits: int = 4) -> Any:
    """Numbers to so many significant digits, throughout.

    >>> rounded({"ratio": 1.234567, "rows": [12345.6]})
    {'ratio': 1.235, 'rows': [12350.0]}
    """
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def lines(case: dict[str, Any]) -> Iterable[str]:
    """A measured case as text."""
    rounds = f"  ({case['rounds']} rounds)" if case["timed"] else ""
    yield f"\n## {case['title']}{rounds}"
    for row in case["rows"]:
        mine = "*" if row["provider"] == OURS else " "
        numbers = ""
        if row["ratio"] is not None:
            low, high = row["quartiles"]
            numbers = f"{row['milliseconds']:10.2f} ms {row['ratio']:8.2f}  [{low:.2f}, {high:.2f}]"
            numbers += "" if row["memory"] is None else f"  memory {row['memory']:.1f}"
        figures = ", ".join(f"{name} {value:.2g}" for name, value in row["figures"].items())
        bars = "; ".join(bar_words(bar) for bar in row["bars"])
        parts = (f"{mine} {row['row']:44s} {row['provider']:20s}", numbers, figures, row["note"], bars)
        yield "  ".join(part for part in parts if part)


def bar_words(bar: dict[str, Any]) -> str:
    """A bar and whether it was met, in words.

    >>> bar_words({"quantity": "ratio", "limit": 2.6, "at_least": False, "met": True})
    'bar ≤ 2.6: met'
    """
    said = {True: "met", False: "MISSED", None: "not settled"}[bar["met"]]
    what = "" if bar["quantity"] == "ratio" else f"{bar['quantity']} "
    limit = "best peer" if bar["limit"] is None else f"{bar['limit']:g}"
    return f"bar {what}{'≥' if bar['at_least'] else '≤'} {limit}: {said}"
