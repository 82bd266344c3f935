"""What HNRC's curvature gains from more directions, newer ones, or a set of its own for each tensor."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hnrc_lib.experiments.optimisers.contest import CONTESTS, METHODS, Method
from hnrc_lib.experiments.optimisers.meeting import SPEAKERS, Meeting
from hnrc_lib.experiments.optimisers.summary import summarise
from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.paths import shipped

NAME = "richer_curvature"
NO_LIMIT = 600.0  # CPU seconds: what a run takes is reported, not cut


def _half(name: str, title: str, like: str, **changes: Any) -> Method:
    """A method of the comparison with half of the steps and other options."""
    base = METHODS[like]
    fixed = {**base.fixed, **changes}
    return replace(base, name=name, title=title, fixed=fixed, share=0.5, seconds=NO_LIMIT)


VARIANTS = {
    method.name: method
    for method in (
        _half("sgd", "SGD + momentum", "sgd"),
        _half("rank-8", "HNRC, rank 8", "hnrc-k"),
        _half("rank-64", "HNRC, rank 64", "hnrc-k", rank=64),
        _half("every-step", "HNRC 8, new at every step", "hnrc-k", refresh=1),
        _half("per-tensor", "HNRC, rank 8 a tensor", "hnrc-k", per_layer=True),
        _half("rank-64-adam", "HNRC 64 + Adam", "hnrc-adam", rank=64),
        _half("soap", "SOAP", "soap"),
    )
}


@dataclass(frozen=True)
class Config:
    """What is compared, with half of the steps of the comparison of optimisers.

    Attributes:
        contests: names of tasks of that comparison.
        variants: names of ``VARIANTS``.
        speakers: held out in turn; the first is that of the tuning.
        num_threads: CPU threads of a run.
    """

    contests: tuple[str, ...] = ("lstm",)
    variants: tuple[str, ...] = tuple(VARIANTS)
    speakers: tuple[str | None, ...] = SPEAKERS
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Make the runs that are not done yet, eight trials and a final on every split, then count.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the ledgers of runs; those shipped, ``data/runs/richer_curvature``, when None.
        progress: called with a line before each race; nothing is told when None.

    Returns:
        Record ``richer_curvature``, as ``summarise`` makes it; the targets are those of the record
        ``optimisers``: AdamW's mean final loss with all of its steps.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    where = Path(folder) if folder is not None else shipped("runs", NAME)
    contests, methods = (
        [CONTESTS[name] for name in config.contests],
        [VARIANTS[name] for name in config.variants],
    )
    meeting = Meeting(contests, methods, config.speakers, where, data_dir)
    meeting.hold(rates=False, num_threads=config.num_threads, tell=progress or (lambda line: None))
    compared = load_record("optimisers").scalars
    targets = {name: compared[f"{name}/target"] for name in config.contests}
    whole = config == Config(num_threads=config.num_threads)
    return Record(NAME, meeting.provenance(asdict(config), whole=whole), *summarise(meeting.races, targets))
