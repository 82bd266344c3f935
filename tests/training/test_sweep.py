from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import optuna
import pytest
from sweep_objectives import Parabola

from hnrc_lib.training.sweep import SweepOptions, run_sweep
from hnrc_lib.training.sweep_result import PLAN
from hnrc_lib.training.sweep_space import Range
from hnrc_lib.training.sweep_study import open_study

GRID = {"x": (0, 1, 2, 3, 4, 5)}


@pytest.fixture
def options(tmp_path):
    return SweepOptions(f"sqlite:///{tmp_path}/sweep.db", "test", heartbeat=1, grace=4)


def trials_of(options):
    return optuna.load_study(study_name=options.study, storage=options.storage).get_trials()


def test_every_point_of_a_grid_once(tmp_path, options):
    objective = Parabola(tmp_path)
    result = run_sweep(objective, GRID | {"y": ("a", "b")}, options)
    assert Counter(x for _, x in objective.noted("done")) == dict.fromkeys(map(float, range(6)), 2)
    assert [(point.params["x"], point.value) for point in result.points[::2]] == [
        (x, (x - 3) ** 2) for x in range(6)
    ]
    assert result.best == result.points[6]
    assert all(point.state == "complete" and point.attempts == 1 for point in result.points)
    assert result.finished


def test_a_second_run_has_nothing_to_do_and_more_trials_are_added(tmp_path, options):
    objective, space = Parabola(tmp_path), {"x": Range(0, 6)}
    options = replace(options, trials=3, method="random")
    first = run_sweep(objective, space, options)
    assert run_sweep(objective, space, options).points == first.points
    assert len(objective.noted("begun")) == 3
    more = run_sweep(objective, space, replace(options, trials=5))
    assert more.points[:3] == first.points
    assert len(objective.noted("begun")) == 5


def test_a_sweep_that_was_interrupted_goes_on(tmp_path, options):
    objective = Parabola(tmp_path)

    def interrupted(point):
        if point["x"] == 2:
            raise KeyboardInterrupt
        return objective(point)

    options = replace(options, grace=2)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(interrupted, GRID, options)
    result = run_sweep(objective, GRID, options)
    assert sorted(x for _, x in objective.noted("done")) == [0, 1, 2, 3, 4, 5]
    assert [point.attempts for point in result.points] == [1, 1, 2, 1, 1, 1]
    assert result.best.params == {"x": 3}


def test_one_of_two_workers_killed(tmp_path, options):
    """Its trial is marked failed and its point tried again by the other; nothing counts twice."""
    objective = Parabola(tmp_path)
    (tmp_path / "deadly").touch()
    # A living worker may lose the processor for some seconds, and must not be thought dead for that.
    result = run_sweep(objective, GRID, replace(options, workers=2, grace=12))
    assert result.workers_lost == 1
    assert sorted(x for _, x in objective.noted("done")) == [0, 1, 2, 3, 4, 5]
    assert [point.attempts for point in result.points] == [1, 1, 1, 2, 1, 1]
    assert [point.value for point in result.points] == [9, 4, 1, 0, 1, 4]
    assert result.best.params == {"x": 3}
    (killed, _), (survivor, _) = (call for call in objective.noted("begun") if call[1] == 3)
    assert killed != survivor
    states = Counter(trial.state.name for trial in trials_of(options) if "plan" in trial.user_attrs)
    assert states == {"COMPLETE": 6, "FAIL": 1}


@pytest.mark.filterwarnings("ignore:Heartbeat of storage is supposed:UserWarning")
def test_no_two_workers_take_the_same_point(tmp_path, options):
    """Without a lock held from the first read on, about one point in ten goes to two of four workers."""
    study = open_study(options)
    for index in range(60):
        study.enqueue_trial({"x": index}, user_attrs={PLAN: index})

    def take(worker):
        own, taken = open_study(options), []
        while PLAN in (trial := own.ask()).user_attrs:
            taken.append(trial.user_attrs[PLAN])
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [index for part in pool.map(take, range(4)) for index in part]
    assert sorted(taken) == list(range(60))


def test_a_trial_taken_over_costs_its_worker_nothing_but_the_value(tmp_path, options, caplog):
    objective = Parabola(tmp_path)

    def silent_once(point):
        value = objective(point)
        if point["x"] == 2 and len(objective.noted("done")) == 3:
            running = [trial for trial in trials_of(options) if trial.state.name == "RUNNING"]
            study = optuna.load_study(study_name=options.study, storage=options.storage)
            study.tell(running[0].number, state=optuna.trial.TrialState.FAIL)
        return value

    result = run_sweep(silent_once, GRID, replace(options, grace=2))
    assert [point.attempts for point in result.points] == [1, 1, 2, 1, 1, 1]
    assert [point.value for point in result.points] == [9, 4, 1, 0, 1, 4]
    assert "study 'test': a trial was taken over" in caplog.text


@pytest.mark.filterwarnings("ignore:Heartbeat of storage is supposed:UserWarning")
def test_a_worker_killed_before_its_first_sign_of_life_is_found_out(tmp_path, options):
    """What it leaves: a trial under way, with no sign of life ever."""
    study = open_study(options)
    study.enqueue_trial({"x": 0}, user_attrs={PLAN: 0})
    study.ask()
    result = run_sweep(Parabola(tmp_path), GRID, replace(options, grace=2))
    assert [point.attempts for point in result.points] == [2, 1, 1, 1, 1, 1]
    assert [point.value for point in result.points] == [9, 4, 1, 0, 1, 4]


def test_a_point_that_fails_is_named_and_not_tried_again(tmp_path, options):
    def objective(point):
        if point["x"] == 1:
            raise ValueError("x must not be 1")
        return float("nan") if point["x"] == 2 else point["x"]

    result = run_sweep(objective, GRID, options)
    assert [point.state for point in result.points] == ["complete", "failed", "failed"] + ["complete"] * 3
    assert result.points[1].error == "ValueError: x must not be 1"
    assert result.points[2].error == "FloatingPointError: objective must be finite, got nan"
    assert result.points[1].attempts == 1
    assert result.summary()["best"]["params"] == {"x": 0}


def test_another_kind_of_fault_ends_the_sweep(options):
    def objective(point):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_sweep(objective, GRID, options)


def test_tpe_finds_the_minimum_better_than_chance(tmp_path, options):
    options = replace(options, trials=25)
    space = {"x": Range(0, 1000), "k": Range(1, 64, log=True, integer=True)}

    def objective(point):
        assert isinstance(point["k"], int)
        return abs(point["x"] - 300)

    result = run_sweep(objective, space, options)
    values = [point.value for point in result.points]
    assert len(set(values)) == 25
    # After ten random points; by chance 12 % come so near, and five or more of fifteen once in thirty times.
    assert sum(value < 60 for value in values[10:]) >= 5


def test_a_study_of_another_space_is_refused(tmp_path, options):
    run_sweep(Parabola(tmp_path), GRID, options)
    with pytest.raises(ValueError, match="study 'test' must be swept as it was begun"):
        run_sweep(Parabola(tmp_path), {"x": (0, 1)}, options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"workers": 0}, "workers must be positive, got 0"),
        ({"trials": 0}, "trials must be positive, got 0"),
        ({"method": "grid"}, "method must be 'random' or 'tpe', got 'grid'"),
        ({"grace": 1}, r"grace must be longer than heartbeat \(1 s\), got 1"),
    ],
)
def test_options_out_of_range_are_named(options, changes, message):
    with pytest.raises(ValueError, match=message):
        replace(options, **changes)
