"""The recorded tables: provenance, a number or a reason in every row, every bar held to a row."""

import re
from pathlib import Path

import pytest

from benchmarks import peers, tables
from benchmarks.harness import OURS
from benchmarks.tables import correctness
from hnrc_lib.book.benchmarks import load_benchmark
from hnrc_lib.paths import shipped

ROOT = Path(__file__).resolve().parents[1]
RECORDED = shipped("benchmarks")

# Table, case, row and limit of every bar that was fixed before the code.
BARS = [
    ("hvp", "CNN", "HVP, fresh", 2.6),
    ("hvp", "CNN", "HVP, kept graph", 1.25),
    ("hvp", "nn.RNN", "HVP, fresh", 2.4),
    ("hvp", "nn.RNN", "HVP, kept graph", 1.3),
    ("hvp", "nn.LSTM", "HVP, fresh", 5.0),
    ("hvp", "nn.LSTM", "HVP, kept graph", 3.0),
    ("hvp", "MLP", "HVP, kept graph", 1.5),
    ("hvp", "MLP", "8 HVPs", 1.1),
    ("recurrent", "nn.RNN", "gradient, RNNLayer", 1.0),
    ("recurrent", "nn.LSTM", "gradient, LSTMLayer", 1.0),
    ("ggn", "CNN", "GGN product, kept graph", 1.0),
    ("ggn", "nn.RNN", "GGN product, kept graph", 1.7),
    ("full_hessian", "MLP 40-32", "full Hessian", 0.5),
    ("full_hessian", "MLP 40-128", "full Hessian", 0.85),
    ("eigenpairs", "CNN", "top_eigenpairs", 90.0),
    ("trace", "CNN 32-64", "exact", 15.0),
    ("spectrum", "MLP", "density", 1030.0),
    ("spectrum", "CNN", "density", 720.0),
    ("spectrum", "nn.RNN", "density", 700.0),
    ("ctc", "T = ", "gradient, from logits", 1.0),
    ("ctc", "T = ", "gradient + HVP, from logits", 3.5),
    ("ctc", "T = ", "HVP, kept graph, from logits", 1.0),
    ("landscape", "MLP", "plane", 1.0),
    ("landscape", "MLP", "adaptive plane", 10.0),
    ("landscape", "MLP", "adaptive plane", 0.005),
    ("landscape", "nn.RNN", "adaptive plane", 0.005),
    ("training", "digits-cnn", "training, one pass", 1 / 3),
    ("training", "an4-ctc", "training, one pass", 1 / 3),
    ("gpu", "nn.LSTM", "HVP, fresh", 8.0),
    ("gpu", "nn.LSTM", "32 HVPs", 3.0),
    ("gpu", "nn.RNN", "HVP, fresh", 8.0),
    ("gpu", "CTC", "gradient + HVP", 4.0),
    ("gpu", "Landscape", "plane", 1 / 20),
    ("gpu", "Spectral density", "density", 1 / 15),
    ("gpu", "an4-ctc", "training, one pass", 1 / 3),
]
ONLY_FULL = {
    ("full_hessian", "MLP 40-128"),
    ("eigenpairs", "CNN"),
    ("trace", "CNN 32-64"),
    ("spectrum", "CNN"),
}


@pytest.mark.parametrize("name", tables.TABLES)
def test_every_table_is_recorded_with_its_provenance(name):
    result = load_benchmark(name)
    assert set(peers.PACKAGES) <= set(result["versions"])
    assert result["scale"] in ("full", "reduced")
    assert result["command"].startswith(f"python -m benchmarks {name}")
    assert result["machine"]["processor"]
    assert result["threads"] == 1
    text = (RECORDED / f"{name}.json").read_text("utf-8")
    assert not re.search(r"/(work|tmp|root|home|Users)/", text)
    assert result["name"] == name


@pytest.mark.parametrize("name", tables.TABLES)
def test_every_recorded_row_has_a_number_or_a_reason(name):
    result = load_benchmark(name)
    for case in result["cases"]:
        for row in case["rows"]:
            assert row["note"] or row["ratio"] is not None or row["figures"], (case["title"], row)
            assert (row["status"] == "measured") == (row["note"] == "")
            for bar in row["bars"]:
                settled = bar["met"] is not None
                could = result["scale"] == "full" and row["status"] != "not run" and bar["limit"] is not None
                assert settled == could


@pytest.mark.parametrize(("table", "case", "row", "limit"), BARS)
def test_every_bar_is_held_to_a_recorded_row(table, case, row, limit):
    result = load_benchmark(table)
    found = [
        bar
        for measured in result["cases"]
        if measured["title"].startswith(case)
        for line in measured["rows"]
        if line["provider"] == OURS and line["row"].startswith(row)
        for bar in line["bars"]
    ]
    if not found and result["scale"] == "reduced" and (table, case) in ONLY_FULL:
        return
    assert any(bar["limit"] == pytest.approx(limit, rel=1e-3) for bar in found)


def test_the_library_is_recorded_as_right_in_every_cell():
    rows = [(case["title"], row) for case in load_benchmark("correctness")["cases"] for row in case["rows"]]
    ours = {(title, row["row"]): row["status"] for title, row in rows if row["provider"] == OURS}
    assert len(ours) == 2 * len(correctness.LAYERS)
    for (title, _), status in ours.items():
        assert status == ("refuses" if title == correctness.DROPOUT else "measured")


def test_peers_are_pinned_and_none_brings_torch():
    lines = (ROOT / "benchmarks/requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9-]+==[0-9a-z.]+", line) for line in pins)
    names = {line.partition("==")[0] for line in pins}
    assert set(peers.PACKAGES.values()) <= names
    assert not {"torch", "torchvision", "numpy", "scipy"} & names
    assert "--no-deps --requirement benchmarks/requirements.txt" in (ROOT / "Makefile").read_text("utf-8")
    assert ".venv-bench/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
