"""Sweeps: one objective at many points, by several processes on one Optuna study that outlives them all."""

import logging
import math
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import torch

from hnrc_lib.training.sweep_result import ERROR, PLAN, RETRIES, SweepResult, sweep_points
from hnrc_lib.training.sweep_space import Point, Range, Space, describe, grid_points, random_point

if TYPE_CHECKING:
    import optuna

METHODS = ("grid", "random", "tpe")
# What a point may do to its objective; anything else, such as a full disk, ends the worker.
POINT_FAULTS = (ArithmeticError, ValueError, RuntimeError)
_SPACE = "space"

Objective = Callable[[Point], float]


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is carried out.

    Attributes:
        storage: Optuna's address of the study's database, for example ``"sqlite:///sweep.db"``.
        study: its name there.
        trials: points of a random or TPE search; None for the whole grid.
        method: ``"tpe"`` or ``"random"`` where there are trials; a grid needs none.
        workers: processes, > 0; with 1 the objective runs in this one.
        seed: of the search.
        heartbeat: seconds between a worker's signs of life, > 0.
        grace: seconds without one after which its trial is taken over, > heartbeat.

    Raises:
        ValueError: a number or the method is out of range; names it.
    """

    storage: str
    study: str
    trials: int | None = None
    method: str = "tpe"
    workers: int = 1
    seed: int = 0
    heartbeat: int = 20
    grace: int = 90

    def __post_init__(self) -> None:
        for name in ("trials", "workers", "heartbeat"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be positive, got {value}")
        if self.method not in METHODS[1:]:
            raise ValueError(f"method must be 'random' or 'tpe', got {self.method!r}")
        if self.grace <= self.heartbeat:
            raise ValueError(f"grace must be longer than heartbeat ({self.heartbeat} s), got {self.grace}")


def run_sweep(objective: Objective, space: Space, options: SweepOptions) -> SweepResult:
    """Evaluate an objective at every point of a plan; started again, it goes on with the same plan.

    The whole plan is written into the study first, so that each point is taken by one worker and none is
    taken twice. A worker that dies leaves a trial without signs of life: the others mark it failed after
    ``grace`` seconds and try its point again, up to twice. More processes, on this machine or others, may
    call this with the same storage and study.

    Args:
        objective: from a point to a number, the lower the better; with several workers importable by name
            in a new process. An arithmetic, value or run-time error fails its point and no other.
        space: values or ranges by name.
        options: storage, number of points and workers.

    Raises:
        ValueError: nothing to vary, a range without ``trials``, or a study of that name with another space.
        RuntimeError: every worker ended before the sweep did; the same call goes on.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     options = SweepOptions(f"sqlite:///{folder}/sweep.db", "parabola")
    ...     result = run_sweep(lambda point: (point["x"] - 2) ** 2, {"x": (0, 1, 2, 3)}, options)
    >>> result.best.params, result.best.value, len(result.points)
    ({'x': 2}, 0.0, 4)

    Source: Akiba and others (2019) for Optuna; Bergstra and others (2011) for TPE.
    """
    _make_plan(space, options)
    lost = 0
    if options.workers == 1:
        _work(objective, space, options, 0)
    else:
        context = multiprocessing.get_context("spawn")
        processes = [
            context.Process(target=_work, args=(objective, space, options, number))
            for number in range(options.workers)
        ]
        try:
            for process in processes:
                process.start()
            for process in processes:
                process.join()
        finally:
            for process in processes:
                if process.is_alive():
                    process.terminate()
                    process.join()
        lost = sum(process.exitcode != 0 for process in processes)
    result = SweepResult(options.study, sweep_points(_study(options)), lost)
    if not result.finished:
        raise RuntimeError(f"all {options.workers} workers of study {options.study!r} ended before it did")
    return result


@contextmanager
def _heartbeats_are_known() -> Iterator[None]:
    """Optuna has called its heartbeats experimental since 2021."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _study(options: SweepOptions) -> "optuna.Study":
    """The study, made if need be."""
    import optuna
    from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback

    optuna.logging.set_verbosity(logging.WARNING)
    local = {"connect_args": {"timeout": 60}} if options.storage.startswith("sqlite") else {}
    with _heartbeats_are_known():
        storage = RDBStorage(
            options.storage,
            engine_kwargs=local,
            heartbeat_interval=options.heartbeat,
            grace_period=options.grace,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=RETRIES),
        )
    return optuna.create_study(
        storage=storage, study_name=options.study, direction="minimize", load_if_exists=True
    )


def _make_plan(space: Space, options: SweepOptions) -> None:
    """Write every point into the study as a waiting trial, those left out that are there already."""
    points = planned_points(space, options)
    study, wanted = _study(options), {**describe(space), "method": _method(options), "seed": options.seed}
    found = study.user_attrs.get(_SPACE)
    if found is not None and found != wanted:
        raise ValueError(f"study {options.study!r} must be swept as it was begun, with {found}, got {wanted}")
    study.set_user_attr(_SPACE, wanted)
    there = {point.index for point in sweep_points(study)}
    for index, point in enumerate(points):
        if index not in there:
            study.enqueue_trial(point, user_attrs={PLAN: index})


def planned_points(space: Space, options: SweepOptions) -> list[Point]:
    """The points of the plan; empty ones where TPE chooses when it knows more.

    Raises:
        ValueError: nothing to vary, or a range without ``trials``.

    >>> planned_points({"x": (1, 2)}, SweepOptions("sqlite://", "s", trials=3))
    [{}, {}, {}]
    """
    if options.trials is None:
        return grid_points(space)
    if not space:
        raise ValueError("space must name at least one key to vary")
    if options.method == "tpe":
        return [{} for _ in range(options.trials)]
    return [random_point(space, options.seed, index) for index in range(options.trials)]


def _method(options: SweepOptions) -> str:
    return "grid" if options.trials is None else options.method


def _work(objective: Objective, space: Space, options: SweepOptions, number: int) -> None:
    """Take waiting points until none is waiting or under way."""
    if options.workers > 1:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // options.workers))
    with _heartbeats_are_known():
        _take_points(_Evaluation(objective, space, options.seed), _study(options), options, number)


def _take_points(evaluate: "_Evaluation", study: "optuna.Study", options: SweepOptions, number: int) -> None:
    while True:
        _release_stale(study, options, number)
        states = {point.state for point in sweep_points(study)}
        if not states & {"waiting", "running"}:
            return
        if _is_waiting(study):
            study.optimize(evaluate, n_trials=1, catch=POINT_FAULTS)
        else:
            time.sleep(options.heartbeat / 4)


def _is_waiting(study: "optuna.Study") -> bool:
    from optuna.trial import TrialState

    return bool(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _release_stale(study: "optuna.Study", options: SweepOptions, number: int) -> None:
    """Fail the trials without signs of life, and put their points back.

    Optuna fails a trial first and puts its point back afterwards; a process killed in between leaves the
    point nowhere, which the first worker mends.
    """
    import optuna

    optuna.storages.fail_stale_trials(study)
    if number:
        return
    trials = study.get_trials(deepcopy=False)
    longest = timedelta(seconds=options.grace)
    for point in sweep_points(study):
        last = [trial for trial in trials if trial.user_attrs.get(PLAN) == point.index][-1]
        ended = last.datetime_complete
        if point.state == "waiting" and ended is not None and datetime.now() - ended > longest:
            study.enqueue_trial(point.params, user_attrs={PLAN: point.index})


def _sampler(seed: int, index: int) -> "optuna.samplers.BaseSampler":
    """TPE with a seed of its own for every point, so that no two of them are drawn alike by chance."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=hash((seed, index)) % 2**32)


@dataclass(frozen=True)
class _Evaluation:
    """A trial's point, and the objective there."""

    objective: Objective
    space: Space
    seed: int

    def __call__(self, trial: "optuna.Trial") -> float:
        import optuna

        if PLAN not in trial.user_attrs:
            # Another worker took the last waiting trial in between, and Optuna made a new one: no point's.
            raise optuna.TrialPruned
        trial.study.sampler = _sampler(self.seed, trial.user_attrs[PLAN])
        point = {name: _suggest(trial, name, values) for name, values in self.space.items()}
        try:
            value = float(self.objective(point))
            if not math.isfinite(value):
                raise FloatingPointError(f"objective must be finite, got {value}")
            return value
        except POINT_FAULTS as error:
            trial.set_user_attr(ERROR, f"{type(error).__name__}: {error}")
            raise


def _suggest(trial: "optuna.Trial", name: str, values: tuple[Any, ...] | Range) -> Any:
    if not isinstance(values, Range):
        return trial.suggest_categorical(name, list(values))
    if values.integer:
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
    return trial.suggest_float(name, values.low, values.high, log=values.log)
