"""Ten optimisers on three speech tasks, tuned alike, on every speaker held out in turn."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from hnrc_lib.experiments.optimisers.contest import CONTESTS, METHODS, RECORDED
from hnrc_lib.experiments.optimisers.meeting import SPEAKERS, Meeting
from hnrc_lib.experiments.optimisers.summary import summarise
from hnrc_lib.experiments.record import Record
from hnrc_lib.paths import shipped

NAME = "optimisers"


@dataclass(frozen=True)
class Config:
    """What is compared.

    Attributes:
        contests: names of ``CONTESTS``.
        methods: names of ``METHODS``.
        speakers: held out in turn; the first is that of the tuning. ``(None,)`` for a corpus with parts of
            its own, as the contest ``"quick"`` on the shipped digits has.
        rates: whether the learning rate is varied about the tuned one.
        num_threads: CPU threads of a run.
    """

    contests: tuple[str, ...] = RECORDED
    methods: tuple[str, ...] = tuple(METHODS)
    speakers: tuple[str | None, ...] = SPEAKERS
    rates: bool = True
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Make the runs that are not done yet, then count.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the ledgers of runs; those shipped, ``data/runs/optimisers``, when None. Those that are
            there already are taken as they are: name an empty folder to make all anew.
        progress: called with a line before each race; nothing is told when None.

    Returns:
        Record ``optimisers``; see ``summarise``.

    Raises:
        FileNotFoundError: FSDD is not there; its manifest is read even where no run is missing.
    """
    config = config or Config()
    where = Path(folder) if folder is not None else shipped("runs", "optimisers")
    contests, methods = (
        [CONTESTS[name] for name in config.contests],
        [METHODS[name] for name in config.methods],
    )
    meeting = Meeting(contests, methods, config.speakers, where, data_dir)
    meeting.hold(rates=config.rates, num_threads=config.num_threads, tell=progress or (lambda line: None))
    whole = config.contests == RECORDED and set(config.methods) == set(METHODS) and config.rates
    return Record(NAME, meeting.provenance(asdict(config), whole=whole), *summarise(meeting.races))
