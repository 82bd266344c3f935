"""A worker of a sweep: takes points from the study, evaluates them, and looks after those of dead workers."""

import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import torch

from hnrc_lib.training.sweep_result import ALIVE, ERROR, PLAN, sweep_points
from hnrc_lib.training.sweep_space import Point, Range, Space
from hnrc_lib.training.sweep_study import SweepOptions, heartbeats_are_known, open_study

if TYPE_CHECKING:
    import optuna
    from optuna.storages import RDBStorage

# What a point may do to its objective; anything else, such as a full disk, ends the worker.
POINT_FAULTS = (ArithmeticError, ValueError, RuntimeError)
_logger = logging.getLogger(__name__)

Objective = Callable[[Point], float]


def work(objective: Objective, space: Space, options: SweepOptions, number: int) -> None:
    """Take waiting points until none is waiting or under way; ``number`` is this worker's among them all."""
    if options.workers > 1:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // options.workers))
    with heartbeats_are_known():
        _take_points(_Evaluation(objective, space, options.seed), open_study(options), options, number)


def _take_points(evaluate: "_Evaluation", study: "optuna.Study", options: SweepOptions, number: int) -> None:
    while True:
        _release_stale(study, options, number)
        states = {point.state for point in sweep_points(study)}
        if not states & {"waiting", "running"}:
            return
        if _is_waiting(study):
            _take_one(evaluate, study)
        else:
            time.sleep(options.heartbeat / 4)


def _take_one(evaluate: "_Evaluation", study: "optuna.Study") -> None:
    import optuna

    has_value = False

    def evaluated(trial: "optuna.Trial") -> float:
        nonlocal has_value
        value = evaluate(trial)
        has_value = True
        return value

    try:
        study.optimize(evaluated, n_trials=1, catch=POINT_FAULTS)
    except (ValueError, AssertionError, optuna.exceptions.UpdateFinishedTrialError):
        if not has_value:
            raise
        # Optuna refuses the value: this worker was silent for so long that another one failed its trial.
        _logger.warning("study %r: a trial was taken over, its value is lost", study.study_name)


def _is_waiting(study: "optuna.Study") -> bool:
    from optuna.trial import TrialState

    return bool(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _release_stale(study: "optuna.Study", options: SweepOptions, number: int) -> None:
    """Fail the trials without signs of life, and put their points back.

    Optuna waits for ever for a trial whose worker was killed before its first sign of life. And it fails a
    trial first and puts its point back afterwards: a process killed in between leaves the point nowhere. The
    first worker that lives mends both.
    """
    import optuna
    from optuna.trial import TrialState

    optuna.storages.fail_stale_trials(study)
    longest = timedelta(seconds=options.grace * (1 + number))
    trials = study.get_trials(deepcopy=False)
    for trial in trials:
        silent = trial.state == TrialState.RUNNING and ALIVE not in trial.user_attrs
        if silent and trial.datetime_start and datetime.now() - trial.datetime_start > longest:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
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
        # Optuna's own first sign of life comes from a thread, some time later.
        storage = cast("RDBStorage", trial.study._storage)
        storage.record_heartbeat(trial._trial_id)
        trial.set_user_attr(ALIVE, True)
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
