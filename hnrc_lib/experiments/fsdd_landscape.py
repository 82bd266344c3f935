"""The loss around the source's CNN, before and after training on real digits."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.experiments import fsdd_cnn
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.landscape import filter_normalize, gram_matrix, plane, random_direction
from hnrc_lib.landscape.displacement import coordinates
from hnrc_lib.models import CNN
from hnrc_lib.training.data import LabelledFeatures
from hnrc_lib.training.progress import ProgressCallback

NAME = "fsdd_landscape"
_BATCH = 25  # utterances at once; their activations then stay in the cache


@dataclass(frozen=True)
class Config:
    """Which network, and which part of its loss.

    Attributes:
        cnn: how the network is trained.
        num_utterances: training utterances that make up the loss, spread evenly over the training set
            ordered by speaker, digit and take; all when None.
        num_points: grid points along each direction, odd.
        extent: the grid reaches from −extent to extent; at 1 a direction's filters are as long as the
            weights' own.
        direction_seed: of the two random directions.
    """

    cnn: fsdd_cnn.Config = field(default_factory=fsdd_cnn.Config)
    num_utterances: int | None = None
    num_points: int = 25
    extent: float = 1.0
    direction_seed: int = 0


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: ProgressCallback | None = None,
) -> Record:
    """Cut planes through the loss at the initial and at the trained weights.

        values[i, j] = L(θ + αᵢu + βⱼv),  L(θ) = −(1/N) Σ log softmax(CNN(x; θ))[y]

    L is the loss on training utterances as they are, without warps and without weight decay; u and v are
    Gaussian directions, filter-normalised to θ, biases held still. Damping λ adds
    (λ/2)‖αu + βv‖² = (λ/2)(α²G₀₀ + 2αβG₀₁ + β²G₁₁) to the loss, with G the Gram matrix recorded.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called after every training epoch.

    Returns:
        Record ``fsdd_landscape``. Arrays: ``alpha``, ``beta``; at the trained weights ``loss``,
        ``error_rate`` (n, n), ``gram`` (2, 2); the same at the initial ones as ``initial_loss``,
        ``initial_error_rate``, ``initial_gram``. Scalars: the values in the middle, norms, seconds.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: ``num_points`` is even, so that the weights themselves would not be on the grid.
    """
    config = config or Config()
    if config.num_points % 2 == 0:
        raise ValueError(f"num_points must be odd, got {config.num_points}")
    start, cpu_start = time.perf_counter(), time.process_time()
    with cpu_threads(config.cnn.num_threads):
        split = fsdd_cnn.load_split(config.cnn, data_dir=data_dir)
        subset = _subset(split.train, config.num_utterances)
        trained, _ = fsdd_cnn.train_cnn(config.cnn, split, progress=progress)
        train_seconds = time.perf_counter() - start
        initial = fsdd_cnn.untrained_cnn(config.cnn)
        arrays = _slice(config, trained, subset)
        arrays |= {f"initial_{name}": values for name, values in _slice(config, initial, subset).items()}
    seconds = round(time.perf_counter() - start, 2)
    axis = coordinates(config.extent, config.num_points).numpy()
    middle = config.num_points // 2, config.num_points // 2
    scalars = {name: float(arrays[name][middle]) for name in arrays if not name.endswith("gram")}
    scalars |= {
        "weight_norm": _norm(trained),
        "initial_weight_norm": _norm(initial),
        "num_utterances": len(subset[1]),
        "held_out_speaker": split.held_out_speaker,
        "train_seconds": round(train_seconds, 2),
        "seconds": seconds,
        "cpu_seconds": round(time.process_time() - cpu_start, 2),
    }
    scale = "full" if len(subset[1]) == len(split.train[1]) else "reduced"
    provenance = fsdd_cnn.describe(config.cnn, split, trained, seconds, asdict(config), scale=scale)
    return Record(NAME, provenance, scalars, arrays | {"alpha": axis, "beta": axis})


def loss_and_error_rate(
    model: torch.nn.Module, data: LabelledFeatures
) -> Callable[[dict[str, Tensor]], Tensor]:
    """The function θ ↦ (mean cross-entropy in nats, error rate 0 … 1) of a classifier on fixed data.

    Args:
        model: features → logits; only its structure is used.
        data: (features, labels).

    Returns:
        What ``plane`` and ``line`` take as ``loss``; it gives a vector of two. The error rate is NaN where
        a logit is: then no class is the largest.
    """
    features, labels = data

    def measure(params: dict[str, Tensor]) -> Tensor:
        batches = features.split(_BATCH)
        logits = torch.cat([functional_call(model, params, (batch,)) for batch in batches]).double()
        wrong = (logits.argmax(dim=1) != labels).double()
        wrong[logits.isnan().any(dim=1)] = torch.nan
        return torch.stack([cross_entropy(logits, labels), wrong.mean()])

    return measure


def _slice(config: Config, model: CNN, data: LabelledFeatures) -> dict[str, np.ndarray]:
    """Loss and error rate over the plane through a model's weights, and the plane's Gram matrix."""
    params = {name: value.detach() for name, value in model.named_parameters()}
    generator = torch.Generator().manual_seed(config.direction_seed)
    u, v = (filter_normalize(random_direction(params, generator), params) for _ in range(2))
    measure = loss_and_error_rate(model, data)
    drawn = plane(measure, params, u, v, extent=config.extent, num_points=config.num_points)
    loss, error_rate = drawn.values.unbind(dim=-1)
    gram = gram_matrix([u, v])
    return {"loss": loss.numpy(), "error_rate": error_rate.numpy(), "gram": gram.numpy()}


def _subset(data: LabelledFeatures, count: int | None) -> LabelledFeatures:
    features, labels = data
    if count is None:
        return data
    if not 0 < count <= len(labels):
        raise ValueError(f"num_utterances must lie in 1 … {len(labels)}, got {count}")
    chosen = torch.linspace(0, len(labels) - 1, count, dtype=torch.float64).round().long()
    return features[chosen], labels[chosen]


def _norm(model: torch.nn.Module) -> float:
    """‖θ‖ of the parameters that the plane moves: those with two axes or more."""
    squares = [
        float(value.detach().double().square().sum()) for value in model.parameters() if value.ndim > 1
    ]
    return sum(squares) ** 0.5
