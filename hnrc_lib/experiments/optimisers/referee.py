"""Ten optimisers on three speech tasks, tuned alike, on every speaker held out in turn."""

import functools
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from hnrc_lib.experiments.optimisers.contest import CONTESTS, METHODS, RECORDED, Contest
from hnrc_lib.experiments.optimisers.race import NUM_TRIALS, Race
from hnrc_lib.experiments.optimisers.summary import summarise
from hnrc_lib.experiments.optimisers.track import Track
from hnrc_lib.experiments.record import Provenance, Record, current_commit, environment
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.paths import shipped
from hnrc_lib.training.corpora import load_parts

NAME = "optimisers"
_SPEAKERS = ("george", "jackson", "lucas", "nicolas", "yweweler")


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
    speakers: tuple[str | None, ...] = _SPEAKERS
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
    where, begun = Path(folder) if folder is not None else shipped("runs", "optimisers"), time.monotonic()

    @functools.lru_cache(maxsize=1)
    def tracks(name: str, speaker: str | None) -> Track:
        recipe = CONTESTS[name].on_split(speaker)
        return Track(recipe, load_parts(recipe.corpus, held_out=speaker, data_dir=data_dir))

    def track(contest: Contest, speaker: str | None) -> Track:
        return tracks(contest.name, speaker)

    races = {
        contest: [Race(CONTESTS[contest], METHODS[m], config.speakers, where, track) for m in config.methods]
        for contest in config.contests
    }
    with cpu_threads(config.num_threads):
        for name, contestants in races.items():
            _hold(name, contestants, config, progress or (lambda line: None))
    recipe = CONTESTS[config.contests[0]].on_split(config.speakers[0])
    train = load_parts(recipe.corpus, held_out=recipe.held_out, data_dir=data_dir).train
    seconds = round(time.monotonic() - begun, 2)
    provenance = _provenance(config, races, train.manifest_sha256, seconds)
    scalars, arrays = summarise(races)
    return Record(NAME, provenance, scalars, arrays)


def _hold(name: str, races: list[Race], config: Config, tell: Callable[[str], None]) -> None:
    """Tune all, then run the finals speaker by speaker, then the rates: a split is read once for all."""
    for race in races:
        tell(f"{name}: tune {race.method.name}")
        race.tune()
    for place, speaker in enumerate(config.speakers):
        tell(f"{name}: finals on {speaker}")
        for race in races:
            race.final(place)
    if config.rates:
        for race in races:
            tell(f"{name}: rates of {race.method.name}")
            race.rates()


def _provenance(
    config: Config, races: dict[str, list[Race]], manifest_sha256: str, seconds: float
) -> Provenance:
    whole = config.contests == RECORDED and set(config.methods) == set(METHODS) and config.rates
    entries = [
        entry for contestants in races.values() for race in contestants for entry in race.ledger.entries
    ]
    commits = sorted({entry.commit for entry in entries})
    spent = sum(entry.points[-1]["seconds"] for entry in entries)
    described = {name: asdict(CONTESTS[name]) for name in config.contests}
    return Provenance(
        corpus="shipped digits"
        if config.speakers == (None,)
        else f"FSDD, {len(config.speakers)} speakers, each held out in turn",
        manifest_sha256=manifest_sha256,
        model=", ".join(CONTESTS[name].title for name in config.contests),
        versions=environment(),
        device="cpu",
        seed=0,
        commit=current_commit(),
        seconds=max(seconds, round(spent, 2)),
        scale="full" if whole else "reduced",
        config=asdict(config)
        | {"contests_in_full": described, "trials": NUM_TRIALS, "commits_of_runs": commits},
    )
