"""The benchmarks' harness: ratios, turns, rows that fail or are wrong, memory, the files left behind."""

import json
import math
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from benchmarks import __main__ as command_line
from benchmarks import harness, memory, results, tables
from benchmarks.harness import OURS, Bar, Case, Outcome, Row, Settings, measure
from hnrc_lib.book.benchmarks import PROVENANCE

QUICK = Settings(rounds=3, min_seconds=0.0)


class Clock:
    """Time that passes only when a row says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def weighed(self, prepare, clock, *, weigh: bool) -> memory.Weighed:
        run, before = prepare(), self.now
        value = run()
        return memory.Weighed(run, value, self.now - before, 1, 1)

    def row(self, name: str, seconds: float, **options) -> Row:
        def run() -> str:
            self.calls.append(name)
            self.now += seconds
            return name

        return Row(name, options.pop("provider", "torch"), lambda: run, **options)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setitem(harness.CLOCKS, "cpu", lambda: made.now)
    monkeypatch.setattr(harness, "weighed", made.weighed)
    return made


def raising(error: Exception):
    def run():
        raise error

    return lambda: run


def test_ratios_are_per_piece_of_work_and_to_the_first_row(clock):
    rows = (clock.row("base", 0.5), clock.row("eight", 6.0, units=8.0, bars=(Bar(1.6), Bar(1.4))))
    measured = measure(Case("case", rows), QUICK)
    base, eight = measured["rows"]
    assert (base["ratio"], base["milliseconds"]) == (1.0, 500.0)
    assert eight["ratio"] == 1.5
    assert eight["quartiles"] == [1.5, 1.5]
    assert [bar["met"] for bar in eight["bars"]] == [True, False]


def test_every_round_starts_with_another_row(clock):
    rows = tuple(clock.row(name, 2.0) for name in "abc")
    assert measure(Case("case", rows, seconds=18.0), Settings(rounds=9, min_seconds=0.0))["rounds"] == 3
    assert "".join(clock.calls) == "abc" + "abcbcacab"  # judged once, then three rounds


@pytest.mark.parametrize(("most", "seconds", "expected"), [(25, 60.0, 10), (4, 60.0, 4), (25, 1.0, 3)])
def test_rounds_fit_the_time_given(clock, most, seconds, expected):
    rows = (clock.row("a", 2.0), clock.row("b", 4.0))
    measured = measure(Case("case", rows, seconds=seconds), Settings(rounds=most, min_seconds=0.0))
    assert measured["rounds"] == expected


def test_a_long_row_may_be_measured_by_the_call_that_judged_it(clock):
    rows = (clock.row("base", 0.5), clock.row("long", 60.0))
    settings = Settings(rounds=9, min_seconds=0.0)
    measured = measure(Case("case", rows, seconds=10.0, min_rounds=0), settings)
    assert clock.calls.count("long") == 1
    assert measured["rounds"] == 1
    assert measured["rows"][1]["ratio"] == 120.0


def test_short_rows_are_repeated_until_a_sample_is_long_enough(clock):
    measured = measure(Case("case", (clock.row("a", 0.25),)), Settings(rounds=1, min_seconds=1.0))
    assert len(clock.calls) == 2 + 4  # judged, tried for its length, one sample
    assert measured["rows"][0]["milliseconds"] == 250.0


def test_medians_and_quartiles_are_of_the_rounds():
    outcome = Outcome("row", OURS)
    harness.record_time(outcome, [2.0, 4.0, 30.0], [1.0, 2.0, 3.0], 1.0)
    assert outcome.ratio == 2.0  # of medians
    assert outcome.quartiles == [2.0, 6.0]  # of the ratios 2, 2, 10


def test_a_row_that_raises_says_so_and_is_not_timed(clock):
    failing = Row("peer", "curvlinops", raising(RuntimeError("no derivative\nlong story")), bars=(Bar(1.0),))
    measured = measure(Case("case", (clock.row("base", 1.0), failing)), QUICK)["rows"][1]
    assert measured["status"] == "fails"
    assert measured["note"] == "fails: RuntimeError: no derivative"
    assert measured["ratio"] is None
    assert measured["bars"][0]["met"] is False


def test_a_row_whose_peer_is_absent_is_not_run(clock):
    def prepare():
        import no_such_peer

        return no_such_peer

    rows = (clock.row("base", 1.0), Row("row", "peer", prepare, bars=(Bar(1.0),)))
    measured = measure(Case("case", rows), QUICK)["rows"][1]
    assert measured["status"] == "not run"
    assert "no_such_peer" in measured["note"]
    assert measured["bars"][0]["met"] is None


def test_a_wrong_row_is_timed_and_misses_its_bar(clock):
    wrong = clock.row("wrong", 1.0, judge=lambda _: 0.96, bars=(Bar(5.0),))
    right = clock.row("right", 1.0, judge=lambda _: 1e-7, bars=(Bar(5.0), Bar(1e-6, "relative error")))
    measured = measure(Case("case", (clock.row("base", 1.0), wrong, right)), QUICK)["rows"]
    assert measured[1]["note"] == "wrong: relative error 9.6e-01"
    assert measured[1]["ratio"] == 1.0
    assert [bar["met"] for bar in measured[1]["bars"]] == [False]
    assert measured[2]["status"] == "measured"
    assert [bar["met"] for bar in measured[2]["bars"]] == [True, True]


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_an_error_that_is_no_number_is_wrong(clock, error):
    row = clock.row("row", 1.0, judge=lambda _: error)
    measured = measure(Case("case", (row,), timed=False), QUICK)["rows"][0]
    assert measured["status"] == "wrong"
    json.dumps(measured, allow_nan=False)


def test_a_refusal_is_right_where_it_is_expected_and_nowhere_else():
    rows = (
        Row("dropout", OURS, raising(ValueError("dropout is on")), refusal=(ValueError,)),
        Row("dropout", "peer", raising(ValueError("dropout is on"))),
    )
    measured = measure(Case("case", rows, timed=False), QUICK)["rows"]
    assert [row["status"] for row in measured] == ["refuses", "fails"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="a card is there")
def test_rows_for_a_card_are_not_run_without_one():
    rows = (Row("base", "torch", raising(AssertionError()), cuda=True, bars=(Bar(8.0),)),)
    measured = measure(Case("case", rows), QUICK)
    assert measured["rows"][0]["note"] == "not run: no CUDA card"
    assert measured["rows"][0]["bars"][0]["met"] is None
    assert results.machine()["card"] == "none"


def test_the_best_right_peer_sets_an_open_bar(clock):
    rows = (
        clock.row("base", 1.0),
        clock.row("torch is no peer", 0.1),
        clock.row("right", 3.0, provider="A"),
        clock.row("better", 2.0, provider="B"),
        clock.row("wrong", 0.5, provider="C", judge=lambda _: 1.0),
        clock.row("ours", 2.5, provider=OURS, bars=(Bar(None), Bar(None, at_least=True))),
    )
    bars = measure(Case("case", rows), QUICK)["rows"][-1]["bars"]
    assert [(bar["limit"], bar["met"]) for bar in bars] == [(2.0, False), (3.0, False)]


def test_a_case_whose_base_fails_is_an_error():
    with pytest.raises(ValueError, match=r"base row of 'case' must run: fails: RuntimeError: broken"):
        measure(Case("case", (Row("base", "torch", raising(RuntimeError("broken"))),)), QUICK)


def test_memory_is_the_largest_sum_held_at_once():
    size = 1_000_000

    def one_after_the_other():
        for _ in range(4):
            torch.ones(size)

    def at_once():
        return [torch.ones(size) for _ in range(4)]

    assert memory.allocated_peak(lambda: one_after_the_other) == 4 * size
    assert memory.allocated_peak(lambda: at_once) == 16 * size


def test_memory_counts_what_is_kept_between_calls():
    def prepare():
        kept = torch.ones(1_000_000)
        return lambda: kept.sum()

    assert memory.allocated_peak(prepare) >= 4_000_000


def test_resident_memory_sees_a_large_peak_that_is_gone_at_the_end():
    def run() -> float:
        return float(torch.ones(25_000_000).sum())

    grown = memory.resident_peak(lambda: run)
    if grown is None:
        pytest.skip("this system does not tell the peak of resident memory")
    assert 90e6 < grown < 150e6


def test_long_rows_are_weighed_by_resident_memory_against_that_of_the_base(monkeypatch):
    short = memory.weighed(lambda: lambda: torch.ones(100_000))
    assert short.allocated == 400_000
    monkeypatch.setattr(memory, "LONG", -1.0)
    long = memory.weighed(lambda: lambda: torch.ones(100_000))
    assert long.allocated is None
    assert short._replace(allocated=800_000).memory_over(short) == 2
    assert long._replace(resident=900).memory_over(short._replace(resident=300)) == 3
    assert long._replace(resident=None).memory_over(short) is None


def small_table(rows: tuple[Row, ...]) -> tables.Table:
    return tables.Table("small", "Small", "A table.", lambda quick: iter([Case("case", rows)]))


@pytest.fixture
def written(clock, tmp_path) -> Path:
    rows = (
        clock.row("base", 1.0),
        clock.row("row", 1.23456789, provider=OURS, bars=(Bar(1.0),), figures=lambda _: {"W₁": 0.5}),
    )
    result = results.run_table(small_table(rows), QUICK, scale="full", command="python -m benchmarks small")
    return results.write(result, tmp_path)


def test_a_table_is_written_whole_and_says_where_it_comes_from(written):
    assert [path.name for path in written.parent.iterdir()] == ["small.json"]
    content = json.loads(written.read_text("utf-8"))
    assert set(PROVENANCE) <= set(content)
    assert content["versions"]["torch"] == version("torch")
    assert content["threads"] == torch.get_num_threads()
    assert content["machine"]["processor"]
    assert content["cases"][0]["rows"][1]["ratio"] == 1.235


def test_a_reduced_run_settles_no_bar(clock):
    rows = (clock.row("base", 1.0), clock.row("row", 2.0, bars=(Bar(3.0), Bar(1.0))))
    for scale, met in (("full", [True, False]), ("reduced", [None, None])):
        result = results.run_table(small_table(rows), QUICK, scale=scale, command="none")
        assert [bar["met"] for bar in result["cases"][0]["rows"][1]["bars"]] == met


def test_a_failed_write_leaves_the_former_table(written):
    former = written.read_text("utf-8")
    with pytest.raises(ValueError, match="JSON compliant"):
        results.write({"name": "small", "value": math.nan}, written.parent)
    assert written.read_text("utf-8") == former


def test_the_command_line_names_the_tables(capsys):
    with pytest.raises(SystemExit):
        command_line.main(["no_such_table"])
    assert "'no_such_table'" in capsys.readouterr().err


def test_quick_runs_leave_the_records_alone(clock, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command_line, "TABLES", {"small": small_table((clock.row("base", 1.0),))})
    monkeypatch.setattr(command_line, "RESULTS", tmp_path)
    command_line.main(["--quick"])
    assert list(tmp_path.iterdir()) == []
    assert "base" in capsys.readouterr().out
    command_line.main(["--rounds", "1"])
    assert json.loads((tmp_path / "small.json").read_text("utf-8"))["scale"] == "full"
