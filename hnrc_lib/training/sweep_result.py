"""What a sweep found: every planned point, its attempts put together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hnrc_lib.training.sweep_space import Point

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

# User attributes of a trial: number of its point in the plan, what the objective raised, and whether its
# worker has given a sign of life.
PLAN, ERROR, ALIVE = "plan", "error", "alive"
RETRIES = 2


@dataclass(frozen=True)
class SweepPoint:
    """One point of a sweep, counted once however often it was tried.

    Attributes:
        index: its number in the plan, from 0.
        state: ``"complete"``, ``"failed"``, ``"running"`` or ``"waiting"``.
        params: its values; empty while TPE has not chosen them.
        value: of the objective, None unless complete.
        attempts: how often it was begun.
        error: what the objective raised, None unless failed so.
    """

    index: int
    state: str
    params: Point
    value: float | None
    attempts: int
    error: str | None


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found.

    Attributes:
        study: its name.
        points: in the order of the plan.
        workers_lost: processes of this call that ended before the sweep did.
    """

    study: str
    points: tuple[SweepPoint, ...]
    workers_lost: int = 0

    @property
    def best(self) -> SweepPoint | None:
        """The complete point of lowest value, the first among equals."""
        complete = [(point.value, point.index, point) for point in self.points if point.value is not None]
        return min(complete)[2] if complete else None

    @property
    def finished(self) -> bool:
        """Whether every point is complete or failed for good."""
        return all(point.state in ("complete", "failed") for point in self.points)

    def summary(self) -> dict[str, Any]:
        """The result as JSON holds it."""
        best = self.best
        return {
            "study": self.study,
            "finished": self.finished,
            "workers_lost": self.workers_lost,
            "best": None if best is None else dict(vars(best)),
            "points": [dict(vars(point)) for point in self.points],
        }


def sweep_points(study: "optuna.Study") -> tuple[SweepPoint, ...]:
    """Every planned point of a study, its trials put together."""
    attempts: dict[int, list[FrozenTrial]] = {}
    for trial in study.get_trials(deepcopy=False):
        if PLAN in trial.user_attrs:
            attempts.setdefault(trial.user_attrs[PLAN], []).append(trial)
    return tuple(_point(index, attempts[index]) for index in sorted(attempts))


def _point(index: int, trials: "list[FrozenTrial]") -> SweepPoint:
    """The first complete trial speaks for its point: one thought dead may have come back with a second."""
    from optuna.trial import TrialState

    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    speaks = complete[0] if complete else trials[-1]
    error = speaks.user_attrs.get(ERROR)
    if speaks.state == TrialState.FAIL and error is None:
        # Its worker died: it waits for the next attempt, unless that was the last.
        state = "failed" if len(trials) > RETRIES else "waiting"
    else:
        names = {TrialState.COMPLETE: "complete", TrialState.FAIL: "failed", TrialState.RUNNING: "running"}
        state = names.get(speaks.state, "waiting")
    params = dict(speaks.params) or dict(speaks.system_attrs.get("fixed_params", {}))
    begun = sum(trial.state != TrialState.WAITING for trial in trials)
    value = speaks.value if state == "complete" else None
    return SweepPoint(index, state, params, value, begun, error if state == "failed" else None)
