"""One training at levels of damping, decay and clipping, as the sweep and the factorial design make it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from hnrc_lib.experiments.optimisers.track import Budget, Point, Track
from hnrc_lib.optim.regularization import DecoupledDecay, regularize
from hnrc_lib.training.learner import StepOutcome

_MOMENTUM = 0.9


@dataclass(frozen=True)
class Levels:
    """How strongly a training is damped, decayed and clipped; the defaults are all three off.

    Attributes:
        damping: λ > 0; infinity is gradient descent with momentum, to which the damped step tends.
        decay: decoupled, per unit of the rate, ≥ 0; biases and gains are exempt.
        clip: greatest norm of the gradient, > 0; infinity clips nothing.
    """

    damping: float = math.inf
    decay: float = 0.0
    clip: float = math.inf


@dataclass(frozen=True)
class Pace:
    """What trainings at all levels have in common.

    Attributes:
        rate: η; the damped step is taken with α = ηλ, so that λ alone says how much curvature counts.
        steps: of a run.
        rank: curvature directions of the damped step.
        refresh: steps after which they are found anew.
        points: evaluations after that before the first step.
    """

    rate: float
    steps: int
    rank: int
    refresh: int
    points: int = 12

    def budget(self) -> Budget:
        """The steps, whatever time they take."""
        return Budget(self.steps, math.inf, self.points)


@dataclass(frozen=True)
class Training:
    """A run that is over.

    Attributes:
        points: where it stood at each evaluation.
        outcomes: of its steps.
        model: as the last step left it.
    """

    points: list[Point]
    outcomes: list[StepOutcome]
    model: nn.Module

    @property
    def diverged(self) -> bool:
        """Whether the loss at the end is no number."""
        return not math.isfinite(self.points[-1].train_loss)


def train_at(track: Track, levels: Levels, pace: Pace, seed: int) -> Training:
    """Train once.

        θ ← (1 − η·decay) θ − ηλ (Hₖ + λI)⁻¹ m,  m ← 0.9 m + clip(∇L),  clip(g) = g·min(1, c/‖g‖)

    Hₖ is the Gauss–Newton matrix's part along ``rank`` directions. η goes as the track's recipe says.

    Args:
        track: task and data.
        levels: of the three.
        pace: η, steps and curvature.
        seed: of weights and order.
    """
    damping = levels.damping
    learner, optimizer = track.learner(*_optimizer(levels, pace), seed)
    regularize(optimizer, DecoupledDecay(levels.decay if math.isinf(damping) else levels.decay / damping))
    outcomes: list[StepOutcome] = []
    points = track.train_learner(
        learner, optimizer, pace.budget(), seed, lambda step, outcome: outcomes.append(outcome)
    )
    return Training(points, outcomes, learner.model)


def training_arrays(runs: Sequence[Training], pace: Pace) -> dict[str, np.ndarray]:
    """A row for every run, NaN from where it diverged on.

    Returns:
        ``train_loss`` and ``test_error`` at the evaluations of ``pace``; ``grad_norm`` of every step before
        clipping; ``clipped``, the fraction of the steps.
    """
    marks = pace.budget().evaluated()
    curves = {name: np.full((len(runs), len(marks)), np.nan) for name in ("train_loss", "test_error")}
    norms = np.full((len(runs), pace.steps), np.nan, dtype=np.float32)
    for row, one in enumerate(runs):
        for point in one.points:
            if math.isfinite(point.train_loss):
                for name, values in curves.items():
                    values[row, marks.index(point.step)] = getattr(point, name)
        norms[row, : len(one.outcomes)] = [outcome.grad_norm for outcome in one.outcomes]
    clipped = [sum(o.clipped for o in one.outcomes) / max(1, len(one.outcomes)) for one in runs]
    return curves | {"grad_norm": norms, "clipped": np.array(clipped)}


def _optimizer(levels: Levels, pace: Pace) -> tuple[str, dict]:
    """Name and settings as ``Track`` takes them."""
    clip = None if math.isinf(levels.clip) else levels.clip
    settings = {"momentum": _MOMENTUM, "clip": clip, "learning_rate": pace.rate}
    if math.isinf(levels.damping):
        return "sgd", settings
    curvature = {"rank": pace.rank, "refresh": pace.refresh, "matrix": "ggn", "safeguard": "none"}
    damped = {"damping": levels.damping, "learning_rate": pace.rate * levels.damping}
    return "hnrc", settings | curvature | damped
