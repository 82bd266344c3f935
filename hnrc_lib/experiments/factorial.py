"""A 2³ factorial design: damping, decay and clipping, each off and on, while a recogniser learns strings."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from hnrc_lib.experiments.levels import Levels, Pace, Training, train_at, training_arrays
from hnrc_lib.experiments.optimisers.contest import CONTESTS
from hnrc_lib.experiments.optimisers.track import Track
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.training.measures import measure

NAME = "factorial"
FACTORS = ("damping", "decay", "clipping")
_SWITCHES = tuple(product((False, True), repeat=len(FACTORS)))


@dataclass(frozen=True)
class Config:
    """What is switched, and how each combination is trained.

    Attributes:
        damping: λ where damping is on; off is gradient descent with momentum.
        decay: where decay is on, decoupled, per unit of the rate.
        clip: greatest norm of the gradient where clipping is on.
        pilot_rates: η that the pilot tries; the largest at which the run with all three off keeps a finite
            loss is that of the design.
        pilot_seed: of weights and order in the pilot, which trains without the first speaker.
        steps: of a run.
        speakers: held out in turn, each with a seed of its own, 1, 2, …; these are the replicates.
        rank: curvature directions of the damped step.
        refresh: steps after which they are found anew.
        points: evaluations of a run after that before its first step.
        contest: name of ``CONTESTS``, whose recipe is trained.
        num_threads: CPU threads.
    """

    damping: float = 3.0
    decay: float = 0.3
    clip: float = 5.0
    pilot_rates: tuple[float, ...] = (0.04, 0.02, 0.01)
    pilot_seed: int = 100
    steps: int = 200
    speakers: tuple[str | None, ...] = ("george", "jackson", "lucas", "nicolas", "yweweler")
    rank: int = 8
    refresh: int = 20
    points: int = 2
    contest: str = "ctc"
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Train at the eight combinations of damping, decay and clipping, for every speaker held out.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line before each run; nothing is told when None.

    Returns:
        Record ``factorial``. Arrays whose first axes are damping, decay, clipping (off, on) and replicate:
        ``train_loss`` and ``test_error`` at ``steps``; ``grad_norm`` before clipping and ``batch_loss`` of
        every step, NaN from where a run diverged on; ``clipped``, the fraction of its steps; ``skipped``,
        the number of those that were not finite; ``seconds`` of CPU time in steps; ``errors``, the word
        errors in every string of the speaker held out, whose words ``words`` counts (replicate, string): a
        run that diverged reads nothing. ``pilot_loss`` of training at the end of the pilot's runs, at
        ``pilot_rates``, NaN where they diverged.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: the pilot diverges at every rate.
    """
    config, begun, tell = config or Config(), time.monotonic(), progress or (lambda line: None)
    replicates: list[dict[str, np.ndarray]] = []
    hashes: list[str] = []
    rate, num_parameters, pilot = 0.0, 0, np.empty(0)
    with cpu_threads(config.num_threads):
        for place, speaker in enumerate(config.speakers):
            recipe = CONTESTS[config.contest].on_split(speaker)
            track = Track(recipe, load_parts(recipe.corpus, held_out=speaker, data_dir=data_dir))
            if place == 0:
                pilot, rate = _pilot(config, track, tell)
                num_parameters = track.num_parameters
            hashes.append(track.parts.train.manifest_sha256)
            replicates.append(_replicate(config, track, rate, 1 + place, tell))
    arrays = _joined(replicates)
    arrays |= {"pilot_rates": np.array(config.pilot_rates), "pilot_loss": pilot}
    arrays["steps"] = np.array(_pace(config, rate).budget().evaluated())
    scalars = {
        "rate": rate,
        "num_runs": math.prod(arrays["clipped"].shape),
        "diverged": int(np.isnan(arrays["train_loss"][..., -1]).sum()),
        "num_strings": int(arrays["words"].size),
        "cpu_seconds": round(float(arrays["seconds"].sum()), 1),
    }
    voices = f"{len(config.speakers)} speakers, each held out in turn"
    provenance = provenance_here(
        config,
        corpus="shipped digits" if config.speakers[0] is None else f"FSDD strings, {voices}",
        manifest_sha256=" ".join(sorted(set(hashes))),
        model=f"{CONTESTS[config.contest].title}, {num_parameters} parameters",
        seed=1,
        seconds=time.monotonic() - begun,
    )
    return Record(NAME, provenance, scalars, arrays)


def _pilot(config: Config, track: Track, tell: Callable[[str], None]) -> tuple[np.ndarray, float]:
    """Final training loss with nothing on at each rate, and the rate by the rule of ``Config``."""
    losses = []
    for rate in config.pilot_rates:
        tell(f"pilot at rate {rate:g}")
        losses.append(train_at(track, Levels(), _pace(config, rate), config.pilot_seed).points[-1].train_loss)
    kept = [rate for rate, loss in zip(config.pilot_rates, losses, strict=True) if math.isfinite(loss)]
    if not kept:
        raise ValueError(f"pilot_rates must hold one at which nothing diverges, got {config.pilot_rates}")
    return np.where(np.isfinite(losses), losses, np.nan), max(kept)


def _replicate(
    config: Config, track: Track, rate: float, seed: int, tell: Callable[[str], None]
) -> dict[str, np.ndarray]:
    """The eight runs of one speaker, a row for each."""
    pace, runs = _pace(config, rate), []
    errors: list[list[int]] = []
    for switches in _SWITCHES:
        levels = _levels(config, switches)
        tell(f"without {track.recipe.held_out}, seed {seed}: {levels}")
        one = train_at(track, levels, pace, seed)
        runs.append(one)
        errors.append(_errors(one, track))
    references = track.task.references(track.unseen[0])
    losses = np.full((len(runs), config.steps), np.nan, dtype=np.float32)
    for row, one in zip(losses, runs, strict=True):
        row[: len(one.outcomes)] = [outcome.loss for outcome in one.outcomes]
    return training_arrays(runs, pace) | {
        "batch_loss": losses,
        "skipped": np.array([sum(outcome.skipped for outcome in one.outcomes) for one in runs]),
        "seconds": np.array([one.points[-1].seconds for one in runs]),
        "errors": np.array(errors, dtype=np.int16),
        "words": np.array([len(text.split()) for text in references], dtype=np.int16),
    }


def _errors(one: Training, track: Track) -> list[int]:
    """Word errors of the run in each string that it is tested on, read greedily."""
    references = track.task.references(track.unseen[0])
    texts = ("",) * len(references)
    if not one.diverged:
        texts = measure(one.model, track.task, *track.unseen).texts
    counted = [
        word_error_rate([said], [read], num_resamples=1) for said, read in zip(references, texts, strict=True)
    ]
    return [each.substitutions + each.deletions + each.insertions for each in counted]


def _joined(replicates: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays with an axis for each factor, then one for the replicates."""
    joined = {}
    for name in replicates[0]:
        stacked = np.stack([one[name] for one in replicates])
        if name != "words":
            stacked = np.moveaxis(stacked, 0, 1)
            stacked = stacked.reshape(*[2] * len(FACTORS), *stacked.shape[1:])
        joined[name] = stacked
    return joined


def _levels(config: Config, switches: tuple[bool, ...]) -> Levels:
    """The levels where each of ``FACTORS`` is on or off."""
    damping, decay, clipping = switches
    off = Levels()
    return Levels(
        config.damping if damping else off.damping,
        config.decay if decay else off.decay,
        config.clip if clipping else off.clip,
    )


def _pace(config: Config, rate: float) -> Pace:
    return Pace(rate, config.steps, config.rank, config.refresh, config.points)
