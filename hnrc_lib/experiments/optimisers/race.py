"""Tuning, finals and rates of one method on one task; what is done already is not done again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hnrc_lib.experiments.optimisers.contest import Contest, Method
from hnrc_lib.experiments.optimisers.ledger import RunEntry, RunLedger
from hnrc_lib.experiments.optimisers.track import Track, as_json
from hnrc_lib.experiments.record import current_commit

NUM_TRIALS = 8
RATE_FACTORS = (0.125, 0.25, 0.5, 2.0, 4.0, 8.0)
_DIVERGED = 1e6  # what the sampler is told in place of an infinite loss
_SAMPLER_SEED = 5

Tracks = Callable[[Contest, str | None], Track]


class Race:
    """One method on one task.

    Args:
        contest: the task.
        method: the optimiser.
        speakers: held out in turn; ``(None,)`` for a corpus with parts of its own.
        folder: of the ledgers.
        tracks: gives the task made ready on a split.
    """

    def __init__(
        self,
        contest: Contest,
        method: Method,
        speakers: tuple[str | None, ...],
        folder: Path,
        tracks: Tracks,
    ) -> None:
        self.contest, self.method, self.speakers, self.tracks = contest, method, speakers, tracks
        self.ledger = RunLedger(folder / f"{contest.name}-{method.name}.json")

    def tune(self) -> None:
        """Eight trials on the first split, by their final training loss: the held-out speaker has no say.

        The sampler (TPE) is fed with the trials that are done, so that a study cut short goes on as it would
        have gone.
        """
        import optuna

        spaces = self.method.distributions()
        for number in range(NUM_TRIALS):
            if self.ledger.find("trial", str(number)) is not None:
                continue
            sampler = optuna.samplers.TPESampler(seed=_SAMPLER_SEED + number, n_startup_trials=4)
            study = optuna.create_study(sampler=sampler)
            for done in self.ledger.of("trial"):
                value = min(done.final_loss, _DIVERGED)
                study.add_trial(
                    optuna.trial.create_trial(params=done.drawn, distributions=spaces, value=value)
                )
            self._run("trial", str(number), study.ask(spaces).params, self.speakers[0], 0)

    @property
    def best(self) -> RunEntry:
        """The trial of lowest final training loss."""
        return min(self.ledger.of("trial"), key=lambda entry: entry.final_loss)

    def final(self, place: int) -> None:
        """The tuned method on one split, with a seed that no trial had.

        Args:
            place: of the speaker held out.
        """
        speaker = self.speakers[place]
        key = speaker or str(place)
        if self.ledger.find("final", key) is None:
            self._run("final", key, self.best.drawn, speaker, 1 + place)

    def rates(self) -> None:
        """The tuned method at other learning rates, on the first split, with the seed of its final there."""
        for factor in RATE_FACTORS:
            if self.ledger.find("rate", str(factor)) is None:
                self._run("rate", str(factor), self.best.drawn, self.speakers[0], 1, factor)

    def _run(
        self,
        kind: str,
        key: str,
        drawn: Mapping[str, Any],
        held_out: str | None,
        seed: int,
        rate_factor: float = 1.0,
    ) -> None:
        track = self.tracks(self.contest, held_out)
        settings = self.method.settings(drawn, rate_factor)
        budget = self.contest.budget(self.method)
        points = track.run(self.method.optimizer, settings, budget, seed)
        self.ledger.add(RunEntry(kind, key, dict(drawn), held_out, seed, as_json(points), current_commit()))
