"""Sweeps: one objective at many points, by several processes on one Optuna study that outlives them all."""

import multiprocessing

from hnrc_lib.training.sweep_result import PLAN, SweepResult, sweep_points
from hnrc_lib.training.sweep_space import Point, Space, describe, grid_points, random_point
from hnrc_lib.training.sweep_study import SweepOptions, open_study
from hnrc_lib.training.sweep_worker import Objective, work

_SPACE = "space"


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
        work(objective, space, options, 0)
    else:
        context = multiprocessing.get_context("spawn")
        processes = [
            context.Process(target=work, args=(objective, space, options, number))
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
    result = SweepResult(options.study, sweep_points(open_study(options)), lost)
    if not result.finished:
        raise RuntimeError(f"all {options.workers} workers of study {options.study!r} ended before it did")
    return result


def _make_plan(space: Space, options: SweepOptions) -> None:
    """Write every point into the study as a waiting trial, those left out that are there already."""
    points = planned_points(space, options)
    study, wanted = open_study(options), {**describe(space), "method": _method(options), "seed": options.seed}
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
