"""Plain and residual networks of growing depth on real digits, and the loss around each of them."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.experiments import fsdd_cnn
from hnrc_lib.experiments.fsdd_landscape import loss_and_error_rate
from hnrc_lib.experiments.record import Provenance, Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.landscape import count_minima, filter_normalize, grid_curvatures, plane, random_direction
from hnrc_lib.landscape.displacement import Displacement, coordinates
from hnrc_lib.linalg import lanczos
from hnrc_lib.models import num_parameters
from hnrc_lib.models.dense_stack import DenseStack
from hnrc_lib.training import TrainingConfig, evaluate, train
from hnrc_lib.training.data import LabelledFeatures

NAME = "landscape_depth"
KINDS = ("plain", "residual")

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Config:
    """Which networks, how they are trained, and how the loss around them is drawn.

    Attributes:
        depths: layers in the stack.
        width: units of every layer.
        seeds: of the initial weights, the order of utterances and the two directions.
        epochs: passes through the training set.
        learning_rate: of AdamW, the peak of a schedule that ends at 0; the same for every network.
        num_frames: frames to which every utterance is stretched.
        n_mels: mel bands; their deltas come beside them.
        num_utterances: training utterances that make up the loss drawn, spread evenly over the training set.
        num_points: of the plane along each direction, odd.
        map_points: of the coarser grid on which the whole Hessian's extreme eigenvalues are sought, odd.
        map_utterances: of the training set, that make up the loss whose Hessian that is.
        num_products: Hessian products at each of those points.
        num_threads: CPU threads.
    """

    depths: tuple[int, ...] = (4, 12, 24)
    width: int = 32
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int = 20
    learning_rate: float = 1e-3
    num_frames: int = 8
    n_mels: int = 10
    num_utterances: int = 600
    num_points: int = 25
    map_points: int = 7
    map_utterances: int = 300
    num_products: int = 15
    num_threads: int = 1

    def features(self) -> fsdd_cnn.Config:
        """Features and split, as the source's CNN has them but coarser."""
        return fsdd_cnn.Config(num_frames=self.num_frames, n_mels=self.n_mels)

    def training(self, seed: int) -> TrainingConfig:
        """The same for every network; the weights of the last epoch are kept."""
        return TrainingConfig(
            learning_rate=self.learning_rate,
            max_epochs=self.epochs,
            average_last=1,
            schedule="cosine",
            seed=seed,
        )


class _Network(NamedTuple):
    """A trained network, and how well it does."""

    model: DenseStack
    train_loss: float
    test_error: float


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Train every depth with and without skip connections, and cut a plane through each one's loss.

        values[i, j] = L(θ + αᵢu + βⱼv),  α, β from −1 to 1

    u and v are Gaussian, filter-normalised to θ, biases held still. For the first seed the extreme
    eigenvalues of the whole Hessian are sought on a coarser grid of the same plane, by Lanczos' method; the
    values found lie inside the spectrum.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line after every network; nothing is told when None.

    Returns:
        Record ``landscape_depth``. First axes are depth, kind (plain, residual) and seed. Arrays:
        ``alpha``, ``beta`` (n,); ``loss`` (…, n, n), in nats; ``train_loss`` of the whole training set and
        ``test_error`` of the speaker held out; ``concave``, the share of inner grid points where the plane
        bends down in some direction; ``minima``, hollows of the grid; ``map_alpha`` (m,), ``lowest`` and
        ``highest`` (depth, kind, m, m), extreme eigenvalues.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: a grid is even, so that the weights themselves would not be on it.
    """
    config = config or Config()
    for name in ("num_points", "map_points"):
        if getattr(config, name) % 2 == 0:
            raise ValueError(f"{name} must be odd, got {getattr(config, name)}")
    begun, cpu_begun, tell = time.perf_counter(), time.process_time(), progress or (lambda line: None)
    with cpu_threads(config.num_threads):
        split = fsdd_cnn.load_split(config.features(), data_dir=data_dir)
        parts = [_evenly(split.train, n) for n in (config.num_utterances, config.map_utterances)]
        rows = []
        for depth in config.depths:
            for kind in KINDS:
                rows.append([])
                for seed in config.seeds:
                    network = _trained(config, split, depth, kind, seed)
                    rows[-1].append(_around(config, network, parts, seed))
                    tell(f"{kind} {depth}, seed {seed}: training loss {network.train_loss:.3f}")
    arrays = _collected(config, rows)
    seconds = round(time.perf_counter() - begun, 2)
    scalars = {
        "kinds": list(KINDS),
        "num_parameters": [_network(config, split, depth, "plain", 0)[1] for depth in config.depths],
        "num_utterances": config.num_utterances,
        "held_out_speaker": split.held_out_speaker,
        "cpu_seconds": round(time.process_time() - cpu_begun, 2),
    }
    return Record(NAME, _provenance(config, split, seconds), scalars, arrays)


def _network(
    config: Config, split: fsdd_cnn.DigitSplit, depth: int, kind: str, seed: int
) -> tuple[DenseStack, int]:
    """An untrained network and the number of its parameters; both kinds of one seed start with the same."""
    generator = torch.Generator().manual_seed(seed)
    inputs = split.train[0][0].numel()
    model = DenseStack(inputs, depth, skip=kind == "residual", width=config.width, generator=generator)
    return model, num_parameters(model)


def _trained(config: Config, split: fsdd_cnn.DigitSplit, depth: int, kind: str, seed: int) -> _Network:
    model, _ = _network(config, split, depth, kind, seed)
    train(model, split.train, split.validation, config.training(seed))
    found, held_out = evaluate(model, split.train), evaluate(model, split.held_out)
    return _Network(model, found.loss, 1 - held_out.accuracy)


def _around(
    config: Config, network: _Network, parts: list[LabelledFeatures], seed: int
) -> dict[str, np.ndarray]:
    """Everything that is recorded of one network."""
    params = {name: value.detach() for name, value in network.model.named_parameters()}
    generator = torch.Generator().manual_seed(seed)
    u, v = (filter_normalize(random_direction(params, generator), params) for _ in range(2))
    both = loss_and_error_rate(network.model, parts[0])
    drawn = plane(lambda p: both(p)[0], params, u, v, num_points=config.num_points)
    least, _ = grid_curvatures(drawn.values, drawn.alpha, drawn.beta)
    found = {
        "loss": drawn.values.numpy(),
        "train_loss": np.array(network.train_loss),
        "test_error": np.array(network.test_error),
        "concave": np.array(float((least < 0).double().mean())),
        "minima": np.array(count_minima(drawn.values)),
    }
    return found | (_extremes(config, network, parts[1], (u, v)) if seed == config.seeds[0] else {})


def _extremes(
    config: Config, network: _Network, data: LabelledFeatures, directions: tuple[Weights, Weights]
) -> dict[str, np.ndarray]:
    """The Hessian's least and greatest Ritz values on the coarse grid."""
    features, labels = data
    params = {name: value.detach() for name, value in network.model.named_parameters()}

    def loss(p: Weights) -> Tensor:
        return cross_entropy(functional_call(network.model, p, (features,)), labels)

    place, axis = Displacement(params, directions), coordinates(1.0, config.map_points)
    ends = []
    for point in torch.cartesian_prod(axis, axis).tolist():
        operator = HessianLinearOperator(loss, {name: p.clone() for name, p in place.at(point).items()})
        generator = torch.Generator().manual_seed(0)
        ritz = lanczos(operator, config.num_products, generator=generator).tridiagonals[0].ritz()[0]
        ends.append((float(ritz.min()), float(ritz.max())))
    lowest, highest = np.array(ends).T.reshape(2, config.map_points, config.map_points)
    return {"lowest": lowest, "highest": highest}


def _collected(config: Config, rows: list[list[dict[str, np.ndarray]]]) -> dict[str, np.ndarray]:
    """One array a name over depth, kind and seed; over depth and kind where only the first seed has it."""
    sizes = len(config.depths), len(KINDS)
    arrays = {
        name: np.array([[found[name] for found in row] for row in rows]).reshape(
            *sizes, len(config.seeds), *value.shape
        )
        for name, value in rows[0][-1].items()
        if name not in ("lowest", "highest")
    }
    for name in ("lowest", "highest"):
        arrays[name] = np.array([row[0][name] for row in rows]).reshape(*sizes, *rows[0][0][name].shape)
    axis = coordinates(1.0, config.num_points).numpy()
    return arrays | {
        "alpha": axis,
        "beta": axis,
        "map_alpha": coordinates(1.0, config.map_points).numpy(),
    }


def _evenly(data: LabelledFeatures, count: int) -> LabelledFeatures:
    features, labels = data
    if not 0 < count <= len(labels):
        raise ValueError(f"num_utterances and map_utterances must lie in 1 … {len(labels)}, got {count}")
    chosen = torch.linspace(0, len(labels) - 1, count, dtype=torch.float64).round().long()
    return features[chosen], labels[chosen]


def _provenance(config: Config, split: fsdd_cnn.DigitSplit, seconds: float) -> Provenance:
    depths = ", ".join(map(str, config.depths))
    return provenance_here(
        config,
        corpus=f"FSDD, {len(split.corpus)} utterances, {split.held_out_speaker} held out",
        manifest_sha256=split.corpus.manifest_sha256,
        model=f"dense stacks of {depths} layers of {config.width}, plain and residual",
        seed=config.seeds[0],
        seconds=seconds,
    )
