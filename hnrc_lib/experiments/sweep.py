"""Damping × decay × clipping: one network on real digits at every combination, a speaker held out."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import product

import numpy as np

from hnrc_lib.datasets import Corpus, load_digits
from hnrc_lib.experiments.levels import Levels, Pace, Training, train_at, training_arrays
from hnrc_lib.experiments.optimisers.contest import CONTESTS
from hnrc_lib.experiments.optimisers.track import Track
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.training.measures import measure
from hnrc_lib.training.resident import ResidentCorpus, Rows

NAME = "sweep"
_SPECTRA_BUDGET = 2**28
_CLIP_TAKE = "_0"


@dataclass(frozen=True)
class Config:
    """Which combinations, and how each is trained.

    Attributes:
        damping: λ > 0; infinity is gradient descent with momentum, to which the damped step tends.
        decay: decoupled, per unit of ``rate``, ≥ 0; biases and gains are exempt.
        clip: greatest norm of the gradient, > 0; infinity clips nothing.
        rate: η; the damped step is taken with α = ηλ, so that λ alone says how much curvature counts.
        steps: of a run.
        seeds: of weights and order; every combination is run with each.
        rank: curvature directions of the damped step.
        refresh: steps after which they are found anew.
        contest: name of ``CONTESTS``, whose recipe is trained.
        held_out: speaker who is tested; None where the corpus has a test part of its own.
        num_threads: CPU threads.
    """

    damping: tuple[float, ...] = (math.inf, 30.0, 3.0, 0.3)
    decay: tuple[float, ...] = (0.0, 0.1, 1.0)
    clip: tuple[float, ...] = (math.inf, 5.0, 1.0)
    rate: float = 0.05
    steps: int = 80
    seeds: tuple[int, ...] = (0, 1, 2)
    rank: int = 8
    refresh: int = 20
    contest: str = "cnn"
    held_out: str | None = "george"
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Train at every combination of damping, decay and clipping.

        θ ← (1 − η·decay) θ − ηλ (Hₖ + λI)⁻¹ m,  m ← 0.9 m + clip(∇L),  clip(g) = g·min(1, c/‖g‖)

    Hₖ is the Gauss–Newton matrix's part along ``rank`` directions. η falls linearly to 0.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line before each run; nothing is told when None.

    Returns:
        Record ``sweep``. Arrays, the axes before the last being damping, decay, clip, seed: ``train_loss``
        and ``test_error`` at ``steps``, ``grad_norm`` of every step before clipping, NaN from where a run
        diverged on; ``clipped``, the fraction of its steps; ``heard``, the digit it reads in each of the
        shipped test clips (``clip_names``, of synthetic voices that no run was trained on), −1 where it
        diverged. The axes themselves are ``damping``, ``decay``, ``clip``.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config, begun = config or Config(), time.monotonic()
    recipe = CONTESTS[config.contest].on_split(config.held_out)
    parts = load_parts(recipe.corpus, held_out=config.held_out, data_dir=data_dir)
    clips = shipped_clips()
    with cpu_threads(config.num_threads):
        track = Track(recipe, parts)
        rows, heard = _runs(config, track, clips, progress or (lambda line: None))
    shape = (len(config.damping), len(config.decay), len(config.clip), len(config.seeds))
    rows |= {"heard": heard}
    arrays = {name: values.reshape(*shape, *values.shape[1:]) for name, values in rows.items()}
    arrays |= {name: np.array(getattr(config, name)) for name in ("damping", "decay", "clip")}
    arrays["steps"] = np.array(_pace(config).budget().evaluated())
    seconds = round(time.monotonic() - begun, 2)
    scalars = {
        "clip_names": [utterance.name for utterance in clips],
        "clip_digits": [utterance.label for utterance in clips],
        "diverged": int(np.isnan(arrays["train_loss"][..., -1]).sum()),
        "num_runs": math.prod(shape),
        "seconds": seconds,
    }
    provenance = provenance_here(
        config,
        corpus="shipped digits" if config.held_out is None else f"FSDD, {config.held_out} held out",
        manifest_sha256=parts.train.manifest_sha256,
        model=f"{CONTESTS[config.contest].title}, {track.num_parameters} parameters",
        seed=config.seeds[0],
        seconds=seconds,
    )
    provenance = replace(provenance, config=_plain(config))
    return Record(NAME, provenance, scalars, arrays)


def shipped_clips() -> Corpus:
    """The English test voices' first take of every digit, which may be copied into a page."""
    test = load_digits("test", language="en")
    chosen = [place for place, utterance in enumerate(test) if utterance.name.endswith(_CLIP_TAKE)]
    return Corpus("shipped English test clips", [test[place] for place in chosen])


def _runs(
    config: Config, track: Track, clips: Corpus, tell: Callable[[str], None]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Every combination with every seed: a row of numbers for each, and what it reads in the clips."""
    resident = ResidentCorpus(clips, track.recipe.front_end, "cpu", _SPECTRA_BUDGET)
    targets = track.task.encode(clips, "cpu")
    rows: list[dict[str, np.ndarray]] = []
    heard: list[list[int]] = []
    for damping, decay, clip, seed in product(config.damping, config.decay, config.clip, config.seeds):
        tell(f"damping {damping:g}, decay {decay:g}, clip {clip:g}, seed {seed}")
        one = train_at(track, Levels(damping, decay, clip), _pace(config), seed)
        rows.append(training_arrays([one], _pace(config)))
        heard.append(_read(one, track, clips, resident, targets))
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return joined, np.array(heard, dtype=np.int8)


def _read(one: Training, track: Track, clips: Corpus, resident: ResidentCorpus, targets: Rows) -> list[int]:
    """Digits that a run reads in the clips, −1 where it has diverged."""
    if one.diverged:
        return [-1] * len(clips)
    return [int(text) for text in measure(one.model, track.task, clips, resident, targets).texts]


def _pace(config: Config) -> Pace:
    return Pace(config.rate, config.steps, config.rank, config.refresh)


def _plain(config: Config) -> dict:
    """The configuration with infinity as text, which JSON does not have."""
    return {
        name: [str(item) if item == math.inf else item for item in value]
        if isinstance(value, tuple)
        else value
        for name, value in asdict(config).items()
    }
