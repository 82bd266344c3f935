"""Rows timed against a base row of the same process, in interleaved rounds whose order turns.

A case is a list of rows that do the same work in different ways. Every row is first run once, judged and
weighed, and then timed with the others. A row that raises, or whose result is wrong, stays in the table and
says so.
"""

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmarks.memory import Weighed, weighed

OURS = "hnrc_lib"
Run = Callable[[], Any]
Clock = Callable[[], float]
MEASURED, WRONG, FAILS, REFUSES, NOT_RUN = "measured", "wrong", "fails", "refuses", "not run"
CLOCKS: dict[str, Clock] = {"cpu": time.process_time, "wall": time.perf_counter}
MAX_NOTE = 180
SLOW = 1.0  # seconds


@dataclass(frozen=True)
class Bar:
    """What a row must reach.

    Attributes:
        limit: the number; None for the best value among the peers of the same case.
        quantity: ``"ratio"`` or the name of a figure of the row.
        at_least: whether the limit is a lower one.
    """

    limit: float | None
    quantity: str = "ratio"
    at_least: bool = False


@dataclass(frozen=True)
class Row:
    """One way to do the work of a case.

    Attributes:
        name: what is done, for example ``"HVP, kept graph"``.
        provider: the package that does it.
        prepare: called before timing; does what the user does once and returns what is timed.
        bars: what it must reach.
        units: pieces of work in one call (vectors, columns); the ratio is per piece.
        judge: relative error of what a call returns, against an independent reference.
        tolerance: relative error above which the row is wrong.
        figures: more numbers from what a call returns.
        refusal: errors that are the right answer, where no number could be.
        cuda: whether it needs a card.
        missing: why it cannot run yet, in words; it then counts as not run.
    """

    name: str
    provider: str
    prepare: Callable[[], Run]
    bars: tuple[Bar, ...] = ()
    units: float = 1.0
    judge: Callable[[Any], float] | None = None
    tolerance: float = 1e-3
    figures: Callable[[Any], Mapping[str, float]] | None = None
    refusal: tuple[type[Exception], ...] = ()
    cuda: bool = False
    missing: str = ""


@dataclass(frozen=True)
class Case:
    """Rows that belong side by side; the first is the base of ratios unless ``timed`` is off.

    Attributes:
        title: what is computed, on which model and batch.
        rows: at least one.
        timed: whether to time the rows; a table of right and wrong does not.
        seconds: time to spend on rounds, about.
        min_rounds: rounds that are made even if that takes longer; with 0 a long row's first call, by which
            it was judged, may be its only sample.
    """

    title: str
    rows: tuple[Row, ...]
    timed: bool = True
    seconds: float = 12.0
    min_rounds: int = 3


@dataclass
class Outcome:
    """What came of a row; the fields are those of the JSON file."""

    row: str
    provider: str
    status: str = MEASURED
    note: str = ""
    milliseconds: float | None = None
    ratio: float | None = None
    quartiles: list[float] | None = None
    memory: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    bars: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """How much to measure.

    Attributes:
        rounds: most rounds of a case.
        min_seconds: length of one sample; a short row is repeated until it lasts so long.
        clock: ``"cpu"`` for the time of this process, ``"wall"`` for that of the clock on the wall.
    """

    rounds: int = 25
    min_seconds: float = 0.02
    clock: str = "cpu"


def measure(case: Case, settings: Settings) -> dict[str, Any]:
    """Judge, weigh and time the rows of a case.

    Returns:
        Title, rounds, and one outcome a row, ready for JSON.

    Raises:
        ValueError: the base row of a timed case does not run.
    """
    clock = CLOCKS["wall" if case.rows[0].cuda else settings.clock]
    outcomes = [Outcome(row.name, row.provider) for row in case.rows]
    started = {
        index: start
        for index, (row, outcome) in enumerate(zip(case.rows, outcomes, strict=True))
        if (start := judged(row, outcome, clock, weigh=case.timed)) is not None
    }
    rounds = 0
    if case.timed and any(runnable(row) for row in case.rows):
        if 0 not in started:
            raise ValueError(f"the base row of {case.title!r} must run: {outcomes[0].note}")
        samples = interleaved(started, settings, case, clock)
        rounds = len(samples[0])
        for index, values in samples.items():
            record_time(outcomes[index], values, samples[0], 1.0 if index == 0 else case.rows[index].units)
            if not case.rows[0].cuda:
                outcomes[index].memory = started[index].memory_over(started[0])
    for row, outcome in zip(case.rows, outcomes, strict=True):
        outcome.bars = [settle(bar, outcome, outcomes) for bar in row.bars]
    return {
        "title": case.title,
        "timed": case.timed,
        "rounds": rounds,
        "rows": [dataclasses.asdict(outcome) for outcome in outcomes],
    }


def runnable(row: Row) -> bool:
    """Whether a row can run on this machine at all."""
    return not row.missing and (not row.cuda or torch.cuda.is_available())


def judged(row: Row, outcome: Outcome, clock: Clock, *, weigh: bool) -> Weighed | None:
    """Run a row once and write down whether its result is right; None where there is nothing to time."""
    if not runnable(row):
        outcome.status = NOT_RUN
        outcome.note = f"not run: {row.missing or 'no CUDA card'}"
        return None
    try:
        ran = weighed(row.prepare, clock, weigh=weigh and not row.cuda)
        error = None if row.judge is None else row.judge(ran.value)
        outcome.figures = {} if row.figures is None else dict(row.figures(ran.value))
    except ModuleNotFoundError as absent:
        outcome.status, outcome.note = NOT_RUN, f"not run: {first_line(absent)}"
        return None
    except row.refusal as refusal:
        outcome.status, outcome.note = REFUSES, f"refuses: {first_line(refusal)}"
        return None
    except Exception as failure:  # whatever a peer raises is its result
        outcome.status, outcome.note = FAILS, f"fails: {first_line(failure)}"
        return None
    if error is not None:
        outcome.figures["relative error"] = error
        if not error <= row.tolerance:
            outcome.status, outcome.note = WRONG, f"wrong: relative error {error:.1e}"
    for name, figure in outcome.figures.items():
        if not math.isfinite(figure):
            outcome.status, outcome.note = WRONG, f"wrong: {name} {figure}"
    outcome.figures = {name: figure for name, figure in outcome.figures.items() if math.isfinite(figure)}
    return ran._replace(run=synchronized(ran.run) if row.cuda else ran.run, value=None)


def first_line(error: Exception) -> str:
    """Type and first line of an error, cut to what a table cell can hold.

    >>> first_line(RuntimeError("derivative is not implemented\\nmore"))
    'RuntimeError: derivative is not implemented'
    """
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text if len(text) <= MAX_NOTE else text[: MAX_NOTE - 2].rstrip() + " …"


def synchronized(run: Run) -> Run:
    """The same work, waiting until the card has done it."""

    def waited() -> Any:
        value = run()
        torch.cuda.synchronize()
        return value

    return waited


def turn(names: Sequence[int], by: int) -> list[int]:
    """The order of a round: that of the first, rotated.

    >>> turn([0, 1, 2], 1), turn([0, 1, 2], 5)
    ([1, 2, 0], [2, 0, 1])
    """
    first = by % len(names)
    return [*names[first:], *names[:first]]


def interleaved(
    started: Mapping[int, Weighed], settings: Settings, case: Case, clock: Clock
) -> dict[int, list[float]]:
    """Seconds a call of each row, one sample a round, each round in another order."""
    repeats, spent = {}, 0.0
    for index, ran in started.items():
        once = ran.seconds
        if once < SLOW:  # else the first call tells enough
            begin = clock()
            ran.run()
            once = max(clock() - begin, 1e-9)
        repeats[index] = max(1, math.ceil(settings.min_seconds / once))
        spent += once * repeats[index]
    rounds = min(settings.rounds, max(case.min_rounds, int(case.seconds / spent)))
    once_is_enough = rounds == 0
    seconds: dict[int, list[float]] = {
        index: [ran.seconds] if once_is_enough and ran.seconds >= SLOW else []
        for index, ran in started.items()
    }
    for number in range(max(rounds, 1)):
        for index in turn([i for i in started if not (once_is_enough and seconds[i])], number):
            begin, run = clock(), started[index].run
            for _ in range(repeats[index]):
                run()
            seconds[index].append((clock() - begin) / repeats[index])
    return seconds


def record_time(outcome: Outcome, values: list[float], base: list[float], units: float) -> None:
    """Median time of a call, the ratio of medians to the base row, and quartiles of the rounds' ratios."""
    outcome.milliseconds = 1e3 * statistics.median(values)
    outcome.ratio = statistics.median(values) / statistics.median(base) / units
    ratios = sorted(value / one / units for value, one in zip(values, base, strict=True))
    if len(ratios) == 1:
        ratios *= 2
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    outcome.quartiles = [low, high]


def settle(bar: Bar, outcome: Outcome, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """A bar with its number and whether the row met it; None where the row has no such number.

    Only a right result can meet a bar, and only right results of peers set one.
    """
    limit = bar.limit
    if limit is None:
        peers = [
            value
            for other in outcomes
            if other.provider not in (OURS, "torch") and other.status == MEASURED
            if (value := quantity(other, bar.quantity)) is not None
        ]
        limit = (max if bar.at_least else min)(peers) if peers else None
    value, met = quantity(outcome, bar.quantity), None
    if outcome.status in (WRONG, FAILS):
        met = False
    elif value is not None and limit is not None:
        met = value >= limit if bar.at_least else value <= limit
    return {"quantity": bar.quantity, "limit": limit, "at_least": bar.at_least, "met": met}


def quantity(outcome: Outcome, name: str) -> float | None:
    """The ratio, or a figure by its name."""
    return outcome.ratio if name == "ratio" else outcome.figures.get(name)
