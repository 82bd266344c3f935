"""From the runs of the comparison to the numbers that are printed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hnrc_lib.experiments.optimisers.ledger import RunEntry
from hnrc_lib.experiments.optimisers.race import Race

_TARGET_OF = "adamw"
_WITHIN = 1.1  # of the best loss counts as nearly as good
_MEASURES = ("step", "cost", "seconds", "train_loss", "test_error")


def summarise(
    races: Mapping[str, Sequence[Race]], targets: Mapping[str, float] | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Scalars and arrays of the record.

    Args:
        races: task to the races of its methods, whose tunings and finals are done.
        targets: task to the training loss that times are measured to; AdamW's own mean when None.

    Returns:
        Scalars ``TASK/METHOD/…``: mean and sample deviation over the splits of the final training loss and
        test error; the median over the splits, none left out, of steps, gradients and seconds to the target,
        None where fewer than half reach it; how many reach it; gradients and seconds a step; the tuned
        settings; the width of the range of learning rates, largest over least, in which the loss stays
        within a tenth of the best. ``TASK/target``. Arrays
        ``TASK/METHOD/MEASURE``, (splits, points), NaN after the end of a run that was cut by its seconds;
        ``TASK/METHOD/rates``, (factors, 2): factor and loss.
    """
    scalars: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for task, contestants in races.items():
        finals = {race.method.name: race.ledger.of("final") for race in contestants}
        target = None if targets is None else targets[task]
        if targets is None and _TARGET_OF in finals:
            target = float(np.mean([entry.final_loss for entry in finals[_TARGET_OF]]))
        scalars[f"{task}/target"] = target
        for race in contestants:
            name = f"{task}/{race.method.name}"
            entries = finals[race.method.name]
            scalars |= {f"{name}/{key}": value for key, value in _finals(entries, target).items()}
            scalars[f"{name}/tuned"] = race.best.drawn
            scalars[f"{name}/rate_width"], rates = rate_width(race)
            arrays[f"{name}/rates"] = rates
            arrays |= {f"{name}/{m}": _curves(entries, m) for m in _MEASURES}
    return scalars, arrays


def _finals(entries: Sequence[RunEntry], target: float | None) -> dict[str, Any]:
    losses = np.array([entry.final_loss for entry in entries])
    errors = np.array([entry.points[-1]["test_error"] for entry in entries])
    last = [entry.points[-1] for entry in entries]
    found: dict[str, Any] = {"diverged": int(np.isinf(losses).sum())}
    finite = losses[np.isfinite(losses)]
    found["train_loss_mean"] = float(losses.mean()) if len(finite) == len(losses) else None
    found["train_loss_deviation"] = _deviation(losses) if len(finite) == len(losses) else None
    found["test_error_mean"], found["test_error_deviation"] = float(errors.mean()), _deviation(errors)
    found["gradients_per_step"] = float(np.mean([p["cost"] / max(p["step"], 1) for p in last]))
    found["seconds_per_step"] = float(np.mean([p["seconds"] / max(p["step"], 1) for p in last]))
    for measure in ("step", "cost", "seconds"):
        times = [time_to(entry.points, target, measure) for entry in entries] if target is not None else []
        found[f"{measure}_to_target"] = _median(times)
        found["reached_target"] = sum(math.isfinite(value) for value in times)
    return found


def time_to(points: Sequence[Mapping[str, Any]], target: float, measure: str) -> float:
    """Where a curve first reaches a loss, between two points along the logarithm of the loss.

    Args:
        points: of a run, in order.
        target: loss > 0.
        measure: ``"step"``, ``"cost"`` or ``"seconds"``.

    Returns:
        Its value there, infinite if the run never reaches it.

    >>> points = [{"step": 0, "train_loss": 1.0}, {"step": 10, "train_loss": 0.01}]
    >>> round(time_to(points, 0.1, "step"), 6)
    5.0
    """
    before = None
    for point in points:
        loss = point["train_loss"]
        if loss is not None and loss <= target:
            if before is None or not before["train_loss"] or loss <= 0:
                return float(point[measure])
            high, low = math.log(before["train_loss"]), math.log(loss)
            share = (high - math.log(target)) / (high - low)
            return before[measure] + share * (point[measure] - before[measure])
        before = point
    return math.inf


def rate_width(race: Race) -> tuple[float | None, np.ndarray]:
    """Largest over least rate of the unbroken range about the best whose loss is within a tenth of it.

    The grid has factors of two, so that a width is a power of two, and at most 64. None where the rates were
    not varied.
    """
    varied = race.ledger.of("rate")
    if not varied:
        return None, np.zeros((0, 2))
    own = race.ledger.of("final")[0]
    rows = sorted([*((float(entry.key), entry.final_loss) for entry in varied), (1.0, own.final_loss)])
    losses = [loss for _, loss in rows]
    best = int(np.argmin(losses))
    good = [loss <= _WITHIN * losses[best] for loss in losses]
    low = high = best
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(rows) - 1 and good[high + 1]:
        high += 1
    table = np.array([[factor, loss if math.isfinite(loss) else np.nan] for factor, loss in rows])
    return rows[high][0] / rows[low][0], table


def _curves(entries: Sequence[RunEntry], measure: str) -> np.ndarray:
    length = max(len(entry.points) for entry in entries)
    table = np.full((len(entries), length), np.nan)
    for row, entry in enumerate(entries):
        values = [np.nan if p[measure] is None else p[measure] for p in entry.points]
        table[row, : len(values)] = values
    return table


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _median(values: Sequence[float]) -> float | None:
    """None where it is infinite or there is none."""
    found = float(np.median(values)) if values else math.inf
    return found if math.isfinite(found) else None
