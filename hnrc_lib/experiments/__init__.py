"""Recorded experiments: one function per figure, from a frozen configuration to a Record."""

import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from hnrc_lib.experiments.record import Record


class Experiment(NamedTuple):
    """What ``hnrc run NAME`` needs to know.

    Attributes:
        config: class of the frozen configuration; its defaults are the recorded experiment.
        run: ``run(config, data_dir=…) -> Record``.
    """

    config: type
    run: Callable[..., Record]


_NAMES = (
    "an4_ctc",
    "an4_hybrid",
    "compression",
    "connected_digits",
    "decay_grid",
    "digit_weights",
    "digits_hybrid",
    "edge_of_stability",
    "factorial",
    "fsdd_cnn",
    "fsdd_hessian",
    "fsdd_landscape",
    "fsdd_speakers",
    "fsdd_spectra",
    "gradient_smoothness",
    "landscape_depth",
    "landscape_runs",
    "optimisers",
    "parallel_products",
    "recurrent_memory",
    "richer_curvature",
    "sweep",
    "trellis",
)


class _Experiments(Mapping[str, Experiment]):
    """Experiments by name, each imported when it is asked for: to read a record needs none of them."""

    def __getitem__(self, name: str) -> Experiment:
        if name not in _NAMES:
            raise KeyError(name)
        module = import_module(f"hnrc_lib.experiments.{name}")
        return Experiment(module.Config, module.run)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


EXPERIMENTS: Mapping[str, Experiment] = _Experiments()


def run_experiment(name: str, *, data_dir: str | os.PathLike[str] | None = None, **changes: Any) -> Record:
    """Run a recorded experiment again; no record is written.

    ``optimisers`` keeps each run that its ledgers lack in them, and takes those that they hold.

    Args:
        name: one of ``EXPERIMENTS``.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.
        changes: fields of its configuration that differ from the recorded experiment's.

    Returns:
        The record; ``Record.save`` writes it.

    Raises:
        ValueError: no such experiment; lists those there are.
        TypeError: a field that its configuration does not have.
        FileNotFoundError: its corpus is not there.
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"name must be one of {sorted(EXPERIMENTS)}, got {name!r}")
    experiment = EXPERIMENTS[name]
    return experiment.run(experiment.config(**changes), data_dir=data_dir)


__all__ = ["EXPERIMENTS", "Experiment", "run_experiment"]
