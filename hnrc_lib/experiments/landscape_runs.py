"""Four runs of one network from one start, seen in the plane in which they moved most."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hnrc_lib.experiments.fsdd_landscape import loss_and_error_rate
from hnrc_lib.experiments.optimisers.contest import CONTESTS, METHODS
from hnrc_lib.experiments.optimisers.track import Budget, Track
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.landscape import TrajectoryPlane, plane, trajectory_directions
from hnrc_lib.landscape.evaluation import Measure
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.training.data import LabelledFeatures
from hnrc_lib.training.learner import StepOutcome
from hnrc_lib.training.resident import ResidentCorpus

NAME = "landscape_runs"
RUNS = ("undamped", "clipped", "damped", "decayed")
_SPECTRA_BUDGET = 2**28
_MARGIN = 0.12  # of the side of the runs' box, on each side of it

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Config:
    """How the four runs are trained, and how finely their plane is drawn.

    Attributes:
        rate: η of every run; the damped step is taken with α = ηλ, which tends to gradient descent of rate
            η where there is no curvature.
        clip: greatest norm of the gradient in the clipped run.
        damping: λ of the damped run.
        decay: of weights, in the run with decay, added to the gradient.
        steps: of each run.
        every: steps from one kept point to the next; divides ``steps``.
        num_utterances: training utterances that make up the loss, spread evenly over the training set.
        num_points: of the grid along each direction.
        seed: of the initial weights and the order of utterances, the same in every run.
        contest: name of ``CONTESTS``, whose recipe is trained.
        held_out: speaker who is tested; None where the corpus has a test part of its own.
        num_threads: CPU threads.
    """

    rate: float = 0.05
    clip: float = 2.0
    damping: float = 1.0
    decay: float = 0.03
    steps: int = 80
    every: int = 2
    num_utterances: int = 128
    num_points: int = 49
    seed: int = 0
    contest: str = "cnn"
    held_out: str | None = "george"
    num_threads: int = 1

    def methods(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Optimiser and settings of every run, as ``Track.learner`` takes them."""
        descent = {**METHODS["sgd"].fixed, "learning_rate": self.rate}
        damped = METHODS["hnrc-k"].settings({"learning_rate": self.rate, "damping": self.damping})
        return {
            "undamped": ("sgd", descent),
            "clipped": ("sgd", {**descent, "clip": self.clip}),
            "damped": ("hnrc", damped),
            "decayed": ("sgd", {**descent, "weight_decay": self.decay}),
        }


class _Seen(NamedTuple):
    """One run: its weights every few steps, and the fraction of the test utterances misread at its end."""

    weights: list[Weights]
    test_error: float


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Train four times from one start on the same batches, and draw the loss where the runs moved.

        loss[i, j] = L(θ₀ + αᵢu + βⱼv),  u, v = the leading principal directions of all θₖ − θ₀

    L is the mean cross-entropy over some training utterances, without decay. The plane passes through the
    start θ₀, which all runs share; elsewhere a run lies off it, by ``off_plane``, and its own loss is not
    the height of the plane below it: both are recorded.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line before each run and before the plane; nothing is told when None.

    Returns:
        Record ``landscape_runs``. Arrays: ``alpha``, ``beta`` (n,), in distances between parameters;
        ``loss`` (n, n), in nats; ``steps`` (p,); for the runs of ``runs``, ``coordinates`` (4, p, 2) in the
        plane, ``run_loss``, ``distance`` from θ₀ and ``off_plane`` (4, p). Scalars: ``explained``, the
        shares of Σ‖θₖ − θ₀‖² along u and v, and ``explained_of``, each run's share in their plane;
        ``test_error`` and the optimiser of each.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: ``every`` does not divide ``steps``, or a run's loss was not finite.
    """
    config = config or Config()
    if config.steps % config.every:
        raise ValueError(f"every must divide steps, {config.steps}, got {config.every}")
    begun, cpu_begun, tell = time.monotonic(), time.process_time(), progress or (lambda line: None)
    recipe = CONTESTS[config.contest].on_split(config.held_out)
    parts = load_parts(recipe.corpus, held_out=config.held_out, data_dir=data_dir)
    with cpu_threads(config.num_threads):
        track = Track(recipe, parts)
        runs = [_train(config, track, name, tell) for name in RUNS]
        start = runs[0].weights[0]
        measure = _measure(track, config)
        found = trajectory_directions([w for one in runs for w in one.weights[1:]] + [start])
        arrays = _along_runs(found, [one.weights for one in runs], measure)
        tell(f"plane of {config.num_points} × {config.num_points} points")
        arrays |= _surface(config, found, start, arrays["coordinates"], measure)
    _check_finite(arrays["run_loss"])
    inside = (arrays["coordinates"] ** 2).sum(axis=(1, 2)) / (arrays["distance"] ** 2).sum(axis=1)
    seconds = round(time.monotonic() - begun, 2)
    scalars = {
        "runs": list(RUNS),
        "explained": found.explained_variance.tolist(),
        "explained_of": inside.tolist(),
        "test_error": [one.test_error for one in runs],
        "num_utterances": config.num_utterances,
        "methods": config.methods(),
        "cpu_seconds": round(time.process_time() - cpu_begun, 2),
    }
    provenance = provenance_here(
        config,
        corpus="shipped digits" if config.held_out is None else f"FSDD, {config.held_out} held out",
        manifest_sha256=parts.train.manifest_sha256,
        model=f"{CONTESTS[config.contest].title}, {track.num_parameters:,} parameters",
        seed=config.seed,
        seconds=seconds,
    )
    return Record(NAME, provenance, scalars, arrays)


def _train(config: Config, track: Track, name: str, tell: Callable[[str], None]) -> _Seen:
    tell(f"run {name}")
    learner, optimizer = track.learner(*config.methods()[name], config.seed)

    def weights() -> Weights:
        return {key: value.detach().clone() for key, value in learner.model.named_parameters()}

    kept = [weights()]

    def watch(step: int, outcome: StepOutcome) -> None:
        if step % config.every == 0:
            kept.append(weights())

    budget = Budget(config.steps, math.inf, points=1)
    points = track.train_learner(learner, optimizer, budget, config.seed, watch)
    if points[-1].step < config.steps:
        raise ValueError(f"every run must stay finite, but {name!r} ended at step {points[-1].step}")
    return _Seen(kept, points[-1].test_error)


def _measure(track: Track, config: Config) -> Measure:
    """θ ↦ L(θ)."""
    features, labels = _evenly(track, config.num_utterances)
    model = track.learner("sgd", {"learning_rate": config.rate}, config.seed)[0].model
    both = loss_and_error_rate(model.eval(), (features, labels))
    return lambda params: both(params)[0]


def _evenly(track: Track, count: int) -> LabelledFeatures:
    """Features and labels of ``count`` training utterances, spread evenly."""
    train = track.parts.train
    chosen = np.linspace(0, len(train) - 1, count).round().astype(int)
    part = train.where(name=[train[int(place)].name for place in chosen])
    resident = ResidentCorpus(part, track.recipe.front_end, "cpu", _SPECTRA_BUDGET)
    features, _ = track.recipe.front_end.features(*resident.spectra(torch.arange(len(part))))
    return features, torch.tensor([utterance.label for utterance in part])


def _along_runs(found: TrajectoryPlane, runs: list[list[Weights]], measure: Measure) -> dict[str, np.ndarray]:
    """Where every run's points lie in the plane and beside it, and their own losses."""
    start, points = runs[0][0], len(runs[0])
    places = found.coordinates[:-1].unflatten(0, (len(runs), points - 1))
    coordinates = torch.cat([torch.zeros(len(runs), 1, 2, dtype=torch.float64), places], dim=1)
    squares = torch.tensor(
        [[_square_distance(point, start) for point in one] for one in runs], dtype=torch.float64
    )
    beside = (squares - coordinates.square().sum(dim=2)).clamp(min=0)
    with torch.no_grad():
        losses = [[float(measure(point)) for point in one] for one in runs]
    return {
        "coordinates": coordinates.numpy(),
        "distance": squares.sqrt().numpy(),
        "off_plane": beside.sqrt().numpy(),
        "run_loss": np.array(losses),
    }


def _square_distance(point: Weights, start: Weights) -> float:
    return sum(float((point[name].double() - start[name].double()).square().sum()) for name in start)


def _surface(
    config: Config, found: TrajectoryPlane, start: Weights, coordinates: np.ndarray, measure: Measure
) -> dict[str, np.ndarray]:
    """The loss over the smallest square about all runs, with a margin."""
    low, high = (getattr(coordinates, end)(axis=(0, 1)) for end in ("min", "max"))
    half = (0.5 + _MARGIN) * float((high - low).max())
    middle = (low + high) / 2
    across, along = ((float(centre - half), float(centre + half)) for centre in middle)
    drawn = plane(measure, start, found.u, found.v, extent=(across, along), num_points=config.num_points)
    steps = np.arange(0, config.steps + 1, config.every)
    return {
        "alpha": drawn.alpha.numpy(),
        "beta": drawn.beta.numpy(),
        "loss": drawn.values.numpy(),
        "steps": steps,
    }


def _check_finite(losses: np.ndarray) -> None:
    for name, own in zip(RUNS, losses, strict=True):
        if not np.isfinite(own).all():
            raise ValueError(f"every run must stay finite, but the loss of {name!r} reached {own.max()}")
