"""Smoothness against the gradient's norm along trainings on spoken digits, after Zhang and others (2020)."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hnrc_lib.experiments.heard_sounds import Sounds, answers_of_weights
from hnrc_lib.experiments.optimisers.contest import CONTESTS
from hnrc_lib.experiments.optimisers.track import Budget, Track
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.experiments.smoothness_look import Look, fixed_loss, look
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.training.learner import Learner, StepOutcome
from hnrc_lib.training.tasks import ClassifyTask

NAME = "gradient_smoothness"


class Planned(NamedTuple):
    """One way to train, repeated with some seeds.

    Attributes:
        contest: of ``CONTESTS``, whose model and data are taken.
        rate: learning rate of SGD with momentum, the same in every step.
        clip: greatest norm of a batch's gradient; None clips nothing.
        steps: of a run.
        every: steps from one look to the next.
        num_utterances: of the fixed batch that is looked at.
        num_seeds: the seeds are 0, 1, …
    """

    contest: str
    rate: float
    clip: float | None
    steps: int
    every: int
    num_utterances: int
    num_seeds: int


# Rates and clips that the record ``optimisers`` found for SGD, each beside its run without the clip.
PLAN = (
    Planned("lstm", 0.642, None, 60, 4, 24, 5),
    Planned("lstm", 0.642, 1.0, 60, 4, 24, 5),
    Planned("cnn", 0.0278, None, 60, 4, 24, 5),
    Planned("cnn", 0.0278, 5.0, 60, 4, 24, 5),
)


@dataclass(frozen=True)
class Config:
    """Which trainings, and how they are looked at.

    Attributes:
        plan: the trainings.
        held_out: speaker who is tested; None where the corpus has a test part of its own.
        batch_size: of the training.
        momentum: of SGD.
        num_points: points of a step at which the gradient is taken.
        rtol: residual of an eigenpair, relative to its eigenvalue.
        seed: of Lanczos' start vectors.
        num_threads: CPU threads.
    """

    plan: tuple[Planned, ...] = PLAN
    held_out: str | None = "george"
    batch_size: int = 32
    momentum: float = 0.9
    num_points: int = 4
    rtol: float = 0.01
    seed: int = 0
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Train, and measure at every k-th step what the step did to the gradient.

        smoothness = max over γ of ‖∇L(θ + γd) − ∇L(θ)‖/(γ‖d‖),  d = θ' − θ the step that is taken

    L is the mean loss of a fixed batch of training utterances, the same in all runs of a task; the steps
    are those of SGD with momentum over batches of all of them. What is concluded is fixed, before the run,
    in ``hnrc_lib.experiments.smoothness_relation``.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line before each run; nothing is told when None.

    Returns:
        Record ``gradient_smoothness``. For row i of the plan, arrays ``i/step`` (p,), the steps done before
        the step that is looked at; ``i/loss``, ``i/norm``, ``i/along``, ``i/top``, ``i/length`` (seeds, p)
        and ``i/quotients`` (seeds, p, points) as in ``Look``, NaN where a run had diverged;
        ``i/batch_norm`` (seeds, steps), of each batch's gradient before clipping; ``i/test_error`` (seeds,)
        of the speaker held out, at the end, 1 where it diverged. For isolated digits ``i/takes/…`` and
        ``i/clips/…`` (seeds, N), what the trained model answers to the speaker held out and to the shipped
        test voices, see ``Sounds``; ``weights/…`` (3, N), what the sets of ``digit_weights`` answer to the
        takes. Scalars: ``rows``, each with its plan, title and number of parameters; names and digits of
        the sounds; seconds.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: ``every`` does not divide ``steps``.
    """
    config, tell = config or Config(), progress or (lambda line: None)
    for planned in config.plan:
        if planned.steps % planned.every:
            raise ValueError(f"every must divide steps, {planned.steps}, got {planned.every}")
    begun, cpu_begun = time.monotonic(), time.process_time()
    arrays: dict[str, np.ndarray] = {}
    rows: list[dict[str, Any]] = []
    tracks: dict[str, Track] = {}
    manifests: dict[str, str] = {}
    sounds: Sounds | None = None
    with cpu_threads(config.num_threads):
        for number, planned in enumerate(config.plan):
            if planned.contest not in tracks:
                tracks = {planned.contest: _track(config, planned.contest, data_dir)}  # one at a time
            track = tracks[planned.contest]
            manifests[planned.contest] = track.parts.train.manifest_sha256
            single = isinstance(track.task, ClassifyTask)
            if single and sounds is None:
                sounds = Sounds.beside(track.parts.test)
                arrays |= {f"weights/{k}": v for k, v in answers_of_weights(sounds.takes).items()}
            seen = []
            for seed in range(planned.num_seeds):
                tell(f"row {number + 1} of {len(config.plan)}, seed {seed}: {planned}")
                seen.append(_run(config, track, planned, seed, sounds if single else None))
            arrays |= {f"{number}/{name}": np.stack([one[name] for one in seen]) for name in seen[0]}
            arrays[f"{number}/step"] = np.arange(planned.every, planned.steps + 1, planned.every) - 1
            title = CONTESTS[planned.contest].title
            rows.append(planned._asdict() | {"title": title, "num_parameters": track.num_parameters})
    provenance = provenance_here(
        config,
        corpus="shipped digits" if config.held_out is None else f"FSDD, {config.held_out} held out",
        manifest_sha256=" ".join(dict.fromkeys(manifests.values())),
        model=", ".join(f"{title} ({n:,} parameters)" for title, n in _models(rows).items()),
        seed=config.seed,
        seconds=time.monotonic() - begun,
    )
    facts = {} if sounds is None else sounds.facts()
    scalars = {"rows": rows, "cpu_seconds": round(time.process_time() - cpu_begun, 2)} | facts
    return Record(NAME, provenance, scalars, arrays)


class _Watch:
    """Looks at every k-th step of a training; the steps themselves are not touched."""

    def __init__(self, config: Config, track: Track, planned: Planned, learner: Learner) -> None:
        self.config, self.planned, self.model = config, planned, learner.model
        self.loss = fixed_loss(track, learner.model, planned.num_utterances)
        self.looks: list[Look | None] = []
        self.norms: list[float] = []
        self.before = self._here()

    def __call__(self, step: int, outcome: StepOutcome) -> None:
        self.norms.append(outcome.grad_norm)
        if step % self.planned.every == 0:
            self.model.eval()
            self.looks.append(
                look(
                    self.loss,
                    self.before,
                    self._here(),
                    num_points=self.config.num_points,
                    rtol=self.config.rtol,
                    generator=torch.Generator().manual_seed(self.config.seed),
                )
            )
            self.model.train()
        if (step + 1) % self.planned.every == 0:
            self.before = self._here()

    def _here(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.named_parameters()}


def _run(
    config: Config, track: Track, planned: Planned, seed: int, sounds: Sounds | None
) -> dict[str, np.ndarray]:
    settings = {"momentum": config.momentum, "clip": planned.clip, "learning_rate": planned.rate}
    learner, optimizer = track.learner("sgd", settings, seed)
    watch = _Watch(config, track, planned, learner)
    points = track.train_learner(learner, optimizer, Budget(planned.steps, math.inf, points=1), seed, watch)
    num_looks = planned.steps // planned.every
    found: dict[str, np.ndarray] = {
        name: np.full(num_looks, np.nan) for name in ("loss", "norm", "along", "top", "length")
    }
    found["quotients"] = np.full((num_looks, config.num_points), np.nan)
    for place, one in enumerate(watch.looks):
        for name, values in found.items():
            if one is not None:
                values[place] = getattr(one, name)
    norms = np.full(planned.steps, np.nan, dtype=np.float32)
    norms[: len(watch.norms)] = watch.norms
    if sounds is not None:
        found |= sounds.answers(learner.model, track.recipe.front_end)
    return found | {"batch_norm": norms, "test_error": np.array(points[-1].test_error)}


def _track(config: Config, contest: str, data_dir: str | os.PathLike[str] | None) -> Track:
    recipe = CONTESTS[contest].on_split(config.held_out)
    recipe = replace(recipe, schedule="constant", batch_size=config.batch_size)
    return Track(recipe, load_parts(recipe.corpus, held_out=config.held_out, data_dir=data_dir))


def _models(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["title"]: row["num_parameters"] for row in rows}
