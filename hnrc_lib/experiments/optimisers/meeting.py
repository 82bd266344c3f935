"""Races of several methods on several tasks, held so that a split is read once for all of them."""

import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hnrc_lib.experiments.optimisers.contest import Contest, Method
from hnrc_lib.experiments.optimisers.race import NUM_TRIALS, Race
from hnrc_lib.experiments.optimisers.track import Track
from hnrc_lib.experiments.record import Provenance, current_commit, environment
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.training.corpora import load_parts

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "yweweler")


class Meeting:
    """Every method on every task.

    Args:
        contests: the tasks.
        methods: the optimisers.
        speakers: held out in turn; the first is that of the tuning. ``(None,)`` for a corpus with parts of
            its own, as the contest ``"quick"`` on the shipped digits has.
        folder: of the ledgers of runs; those that are there already are taken as they are.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.

    Attributes:
        races: task to the races of its methods.
    """

    def __init__(
        self,
        contests: Sequence[Contest],
        methods: Sequence[Method],
        speakers: tuple[str | None, ...],
        folder: Path,
        data_dir: str | os.PathLike[str] | None,
    ) -> None:
        by_name = {contest.name: contest for contest in contests}

        @functools.lru_cache(maxsize=1)
        def tracks(name: str, speaker: str | None) -> Track:
            recipe = by_name[name].on_split(speaker)
            return Track(recipe, load_parts(recipe.corpus, held_out=speaker, data_dir=data_dir))

        def track(contest: Contest, speaker: str | None) -> Track:
            return tracks(contest.name, speaker)

        self.contests, self.speakers, self.data_dir = contests, speakers, data_dir
        self.races = {
            contest.name: [Race(contest, method, speakers, folder, track) for method in methods]
            for contest in contests
        }
        self._begun = time.monotonic()

    def hold(self, *, rates: bool, num_threads: int, tell: Callable[[str], None]) -> None:
        """Make the runs that are not done yet: tune all, then the finals speaker by speaker, then the rates.

        Args:
            rates: whether the learning rate is varied about the tuned one.
            num_threads: CPU threads of a run.
            tell: called with a line before each race.
        """
        with cpu_threads(num_threads):
            for name, races in self.races.items():
                for race in races:
                    tell(f"{name}: tune {race.method.name}")
                    race.tune()
                for place, speaker in enumerate(self.speakers):
                    tell(f"{name}: finals on {speaker}")
                    for race in races:
                        race.final(place)
                for race in races if rates else ():
                    tell(f"{name}: rates of {race.method.name}")
                    race.rates()

    def provenance(self, config: Mapping[str, Any], *, whole: bool) -> Provenance:
        """Where the record comes from; the corpus is read for the hash of its files.

        Args:
            config: of the experiment, its fields.
            whole: whether it is the recorded experiment, not a reduced one.
        """
        recipe = self.contests[0].on_split(self.speakers[0])
        train = load_parts(recipe.corpus, held_out=recipe.held_out, data_dir=self.data_dir).train
        entries = [entry for races in self.races.values() for race in races for entry in race.ledger.entries]
        spent = sum(entry.points[-1]["seconds"] for entry in entries)
        described = {contest.name: asdict(contest) for contest in self.contests}
        held_out = f"FSDD, {len(self.speakers)} speakers, each held out in turn"
        return Provenance(
            corpus="shipped digits" if self.speakers == (None,) else held_out,
            manifest_sha256=train.manifest_sha256,
            model="; ".join(contest.title for contest in self.contests),
            versions=environment(),
            device="cpu",
            seed=0,
            commit=current_commit(),
            seconds=max(round(time.monotonic() - self._begun, 2), round(spent, 2)),
            scale="full" if whole else "reduced",
            config={
                **config,
                "contests_in_full": described,
                "trials": NUM_TRIALS,
                "commits_of_runs": sorted({entry.commit for entry in entries}),
            },
        )
