"""The study of a sweep: how it is carried out, and the database that its workers share."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hnrc_lib.training.sweep_result import RETRIES

if TYPE_CHECKING:
    import optuna
    import sqlalchemy


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
        if self.method not in ("random", "tpe"):
            raise ValueError(f"method must be 'random' or 'tpe', got {self.method!r}")
        if self.grace <= self.heartbeat:
            raise ValueError(f"grace must be longer than heartbeat ({self.heartbeat} s), got {self.grace}")


@contextmanager
def heartbeats_are_known() -> Iterator[None]:
    """Optuna has called its heartbeats experimental since 2021."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def open_study(options: SweepOptions) -> "optuna.Study":
    """The study, made if need be."""
    import optuna
    from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback

    optuna.logging.set_verbosity(logging.WARNING)
    local = {"connect_args": {"timeout": 60}} if options.storage.startswith("sqlite") else {}
    with heartbeats_are_known():
        storage = RDBStorage(
            options.storage,
            engine_kwargs=local,
            heartbeat_interval=options.heartbeat,
            grace_period=options.grace,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=RETRIES),
        )
    if options.storage.startswith("sqlite"):
        _lock_before_reading(storage.engine)
    return optuna.create_study(
        storage=storage, study_name=options.study, direction="minimize", load_if_exists=True
    )


def _lock_before_reading(engine: "sqlalchemy.Engine") -> None:
    """Let every transaction hold SQLite's lock from its first statement on.

    Optuna reads a trial's state and then writes it; in between, on SQLite, another worker may have read the
    same and take the same trial.
    """
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def leave_beginning_to_us(connection: Any, record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()
