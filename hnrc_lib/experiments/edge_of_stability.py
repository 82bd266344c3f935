"""Sharpness along full-batch gradient descent on spoken digits: a replication of Cohen and others (2021)."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy, one_hot

from hnrc_lib._shapes import Float, Int
from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.experiments.digit_problem import NUM_CLASSES, DigitProblem, digit_problem
from hnrc_lib.experiments.edge_methods import (
    Descent,
    Method,
    PreconditionedOperator,
    Settings,
    make_descent,
)
from hnrc_lib.experiments.record import Provenance, Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.linalg import LinearOperator, top_eigenpairs
from hnrc_lib.models import MLP, num_parameters

NAME = "edge_of_stability"
LossName = Literal["mse", "cross_entropy"]
_RTOL = 1e-3  # residual of an eigenpair, relative: its eigenvalue is closer than that


class Planned(NamedTuple):
    """One run: its loss, its method, its step size η."""

    loss: LossName
    method: Method
    rate: float


PLAN = (
    *(Planned("mse", "descent", rate) for rate in (0.4, 0.25, 0.15, 0.05)),
    *(Planned("cross_entropy", "descent", rate) for rate in (1.0, 0.5, 0.25, 0.1)),
    Planned("mse", "momentum", 0.4),
    Planned("mse", "clipped", 0.4),
    Planned("mse", "damped", 0.4),
    Planned("mse", "adam", 0.01),
)


@dataclass(frozen=True)
class Config:
    """Which network, on which utterances, by which descents.

    Attributes:
        corpus: ``"fsdd"`` (real speech, from HNRC_DATA_DIR) or ``"digits"`` (synthetic, shipped, English).
        num_utterances: training utterances, spread evenly over the training set; all of them are the batch.
        pooled: stretches of time and of frequency of the features.
        hidden: tanh units of each hidden layer.
        weight_scale: multiplies the initial weights, drawn for unit variance; with 0.4 they are about as
            large as torch's own.
        steps: of each run.
        every: steps from one look at the sharpness to the next; divides ``steps``.
        plan: the runs.
        settings: of the methods.
        seed: of the initial weights, the same in every run, and of Lanczos' start vectors.
        num_threads: CPU threads.
    """

    corpus: Literal["fsdd", "digits"] = "fsdd"
    num_utterances: int = 1000
    pooled: tuple[int, int] = (8, 10)
    hidden: tuple[int, ...] = (24, 24)
    weight_scale: float = 0.4
    steps: int = 3000
    every: int = 20
    plan: tuple[Planned, ...] = PLAN
    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    num_threads: int = 1


QUICK = Config(
    corpus="digits",
    num_utterances=300,
    pooled=(4, 10),
    hidden=(12, 12),
    steps=240,
    every=12,
    plan=(Planned("mse", "descent", 0.8), Planned("mse", "descent", 0.5)),
)


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Descend from one start by several methods and step sizes, and measure the sharpness on the way.

        θ ← θ − η P⁻¹m,   sharpness = λ_max(H),   level = λ_max(P⁻¹H)/limit

    The limit is that of the method on a quadratic, ``make_descent``; above level 1 it is unstable there. H
    is the Hessian of the loss that is descended, exact but for Lanczos' tolerance, in float64.

    Args:
        config: the recorded experiment when None.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line before each run; nothing is told when None.

    Returns:
        Record ``edge_of_stability``. Arrays: ``steps`` (p,); for the runs of ``runs``, ``loss``
        (r, steps), before each step, ``sharpness`` and ``level`` (r, p). Scalars: ``runs``, each with loss,
        method, rate, limit, and the error on the training and the test utterances at its end; seconds.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: ``every`` does not divide ``steps``, or a run's loss was not finite.
    """
    config = config or Config()
    if config.steps % config.every:
        raise ValueError(f"every must divide steps, {config.steps}, got {config.every}")
    begun, cpu_begun, tell = time.monotonic(), time.process_time(), progress or (lambda line: None)
    with cpu_threads(config.num_threads):
        problem = digit_problem(
            config.corpus,
            num_utterances=config.num_utterances,
            pooled=config.pooled,
            hidden=config.hidden[0],
            seed=config.seed,
            data_dir=data_dir,
        )
        seen = []
        for number, planned in enumerate(config.plan, 1):
            tell(
                f"run {number} of {len(config.plan)}: {planned.method} on {planned.loss}, η = {planned.rate}"
            )
            seen.append(_descend(config, problem, planned))
    names = ("loss", "sharpness", "level")
    arrays = {name: np.stack([track[name] for track, _ in seen]) for name in names}
    scalars = {"runs": [about for _, about in seen], "cpu_seconds": round(time.process_time() - cpu_begun, 2)}
    return Record(
        NAME,
        _provenance(config, problem, time.monotonic() - begun),
        scalars,
        arrays | {"steps": np.arange(0, config.steps, config.every)},
    )


def squared_error(outputs: Float[Tensor, "batch class"], labels: Int[Tensor, " batch"]) -> Float[Tensor, ""]:
    """½‖f(x) − e_y‖², averaged over utterances; e_y is 1 at the digit said and 0 elsewhere.

    Args:
        outputs: f(x), shape (N, C).
        labels: y, shape (N,), 0 … C − 1.

    >>> float(squared_error(torch.tensor([[1.0, 2.0]]), torch.tensor([0])))
    2.0
    """
    return (outputs - one_hot(labels, outputs.shape[1])).square().sum(1).mean() / 2


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": squared_error,
    "cross_entropy": cross_entropy,
}


def initial_model(config: Config, num_features: int) -> MLP:
    """The network at the common start of all runs, in float64.

    Args:
        config: its ``hidden``, ``weight_scale`` and ``seed``.
        num_features: D.
    """
    generator = torch.Generator().manual_seed(config.seed)
    model = MLP(num_features, NUM_CLASSES, config.hidden, "tanh", generator).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(config.weight_scale)
    return model


def _descend(
    config: Config, problem: DigitProblem, planned: Planned
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """One run: what was seen on its way, and what it was."""
    model, criterion = initial_model(config, problem.features.shape[1]), LOSSES[planned.loss]
    descent = make_descent(planned.method, model, planned.rate, config.settings)
    own_backward = planned.method == "damped"  # our optimisers differentiate the loss themselves

    def closure() -> Any:
        outputs = model(problem.features)
        loss = criterion(outputs, problem.labels)
        if own_backward:
            return loss, outputs
        descent.optimizer.zero_grad()
        loss.backward()
        return loss

    def of(params: dict[str, Tensor]) -> Tensor:
        return criterion(functional_call(model, params, (problem.features,)), problem.labels)

    losses, points = np.empty(config.steps), []
    for step in range(config.steps):
        operator = None
        if step % config.every == 0:
            here = {name: value.detach() for name, value in model.named_parameters()}
            operator = HessianLinearOperator(of, here)
        losses[step] = float(torch.as_tensor(descent.optimizer.step(closure)).detach())
        if not np.isfinite(losses[step]):
            raise ValueError(
                f"every run must stay finite, but {planned} reached {losses[step]} at step {step}"
            )
        if operator is not None:
            points.append(_look(operator, descent, config.seed))
    track = {"loss": losses.astype(np.float32)}
    track |= dict(zip(("sharpness", "level"), np.array(points).T, strict=True))
    errors = {f"{part}_error": value for part, value in _errors(problem, model).items()}
    return track, planned._asdict() | {"limit": descent.limit} | errors


def _look(operator: HessianLinearOperator, descent: Descent, seed: int) -> tuple[float, float]:
    """Sharpness where the last step began, and λ_max(P⁻¹H) of that step over its limit."""
    sharpness = _largest(operator, seed)
    if descent.root is None:
        return sharpness, sharpness / descent.limit
    return sharpness, _largest(PreconditionedOperator(operator, descent.root()), seed) / descent.limit


def _largest(operator: LinearOperator, seed: int) -> float:
    generator = torch.Generator().manual_seed(seed)
    found = top_eigenpairs(operator, 1, rtol=_RTOL, missed_probability=None, generator=generator)
    if not found.converged:
        raise ValueError(f"the largest eigenvalue must converge, but its residual is {found.residuals[0]}")
    return float(found.eigenvalues[0])


def _errors(problem: DigitProblem, model: MLP) -> dict[str, float]:
    parts = {
        "train": (problem.features, problem.labels),
        "test": (problem.test_features, problem.test_labels),
    }
    with torch.no_grad():
        return {
            name: float((model(features).argmax(1) != labels).double().mean())
            for name, (features, labels) in parts.items()
        }


def _provenance(config: Config, problem: DigitProblem, seconds: float) -> Provenance:
    model = initial_model(config, problem.features.shape[1])
    layers = "-".join(map(str, (problem.features.shape[1], *config.hidden, NUM_CLASSES)))
    return provenance_here(
        config,
        corpus=f"{problem.corpus.name}, {len(problem.corpus)} utterances, "
        f"{len(problem.corpus.speakers)} speakers",
        manifest_sha256=problem.corpus.manifest_sha256,
        model=f"MLP {layers}, tanh, {num_parameters(model):,} parameters",
        seed=config.seed,
        seconds=seconds,
    )
