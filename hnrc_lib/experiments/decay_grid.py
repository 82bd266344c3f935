"""Learning rate × weight decay, L2 and decoupled: an LSTM on real digits, a speaker held out."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus
from hnrc_lib.experiments.digit_problem import NUM_CLASSES, spread_evenly
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.models import LSTM, num_parameters
from hnrc_lib.optim.regularization import L2, DecoupledDecay, regularize
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.training.resident import ResidentCorpus
from hnrc_lib.training.schedule import rate_factor

NAME = "decay_grid"
_SPECTRA_BUDGET = 2**28
_OPTIMIZERS = {"adam": (torch.optim.Adam, {}), "sgd": (torch.optim.SGD, {"momentum": 0.9})}


def half_decades(first: int, last: int) -> tuple[float, ...]:
    """10^(k/2) for k = first … last, so that a product of two of them is one of them.

    >>> [round(value, 4) for value in half_decades(-3, 0)]
    [0.0316, 0.1, 0.3162, 1.0]
    """
    return tuple(10 ** (k / 2) for k in range(first, last + 1))


@dataclass(frozen=True)
class Grid:
    """One way of decaying, and where it is tried.

    Attributes:
        name: of its arrays in the record.
        optimizer: ``"adam"``, or ``"sgd"`` with momentum 0.9.
        decoupled: decay beside the step, −ηλθ, or L2's λθ in the gradient.
        rates: η at its peak, > 0.
        decays: λ ≥ 0.
    """

    name: str
    optimizer: str
    decoupled: bool
    rates: tuple[float, ...]
    decays: tuple[float, ...]


_RATES = half_decades(-4, -1)
GRIDS = (
    Grid("none", "adam", True, _RATES, (0.0,)),
    Grid("l2", "adam", False, _RATES, half_decades(-10, -2)),
    Grid("decoupled", "adam", True, _RATES, half_decades(-4, 2)),
)


@dataclass(frozen=True)
class Config:
    """What is trained at every combination.

    Attributes:
        grids: names differ.
        steps: of a run; the rate rises over a tenth of them and falls linearly to 0.
        seeds: of weights and order; every combination is run with each.
        batch_size: utterances of a step.
        num_utterances: training utterances, spread evenly over the training part.
        num_frames: to which every utterance is stretched.
        hidden_size: units of the LSTM, which runs forwards; its outputs are averaged over time.
        corpus: ``"fsdd"`` (real speech) or ``"digits"`` (shipped, synthetic).
        held_out: speaker who is tested; None where the corpus has a test part of its own.
        num_threads: CPU threads.
    """

    grids: tuple[Grid, ...] = GRIDS
    steps: int = 200
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    batch_size: int = 20
    num_utterances: int = 400
    num_frames: int = 14
    hidden_size: int = 64
    corpus: Literal["fsdd", "digits"] = "fsdd"
    held_out: str | None = "george"
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Train at every rate, decay and seed of every grid. Biases are not decayed.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line before each run; nothing is told when None.

    Returns:
        Record ``decay_grid``. Arrays ``GRID_VALUE``, the axes rate, decay, seed: ``train_loss``,
        ``train_error``, ``test_loss`` at the end; ``wrong``, whether each held-out utterance was misread
        (last axis); ``gates``, Frobenius norms of the gates' rows of W_ih and W_hh (last axes matrix, gate i,
        f, g, o); ``forget_bias``, the mean of b_ih + b_hh of the forget gate. ``GRID_rates`` and
        ``GRID_decays`` are the axes; ``start_gates`` the norms before training, (seed, matrix, gate). A run
        that diverged has NaN, and every utterance wrong.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config, begun = config or Config(), time.monotonic()
    parts = load_parts(config.corpus, held_out=config.held_out, data_dir=data_dir)
    train = spread_evenly(parts.train, config.num_utterances)
    with cpu_threads(config.num_threads):
        heard, unheard = (_heard(part, config.num_frames) for part in (train, parts.test))
        arrays, names, size = {}, ("rates", "decays"), heard[0].shape[-1]
        for grid in config.grids:
            arrays |= {f"{grid.name}_{name}": np.array(getattr(grid, name)) for name in names}
            arrays |= _arrays(
                grid, list(_runs(config, grid, heard, unheard, progress or (lambda line: None)))
            )
        fresh = [_model(config, size, seed) for seed in config.seeds]
    arrays["start_gates"] = np.stack([gate_norms(model) for model in fresh])
    seconds = round(time.monotonic() - begun, 2)
    diverged = {grid.name: int(np.isnan(arrays[f"{grid.name}_train_loss"]).sum()) for grid in config.grids}
    scalars = {"num_test": len(unheard[1]), "diverged": diverged, "seconds": seconds}
    provenance = provenance_here(
        config,
        corpus="shipped digits" if config.held_out is None else f"FSDD, {config.held_out} held out",
        manifest_sha256=parts.train.manifest_sha256,
        model=f"LSTM of {config.hidden_size} units, {num_parameters(fresh[0])} parameters",
        seed=config.seeds[0],
        seconds=seconds,
    )
    return Record(NAME, provenance, scalars, arrays)


def gate_norms(model: LSTM) -> np.ndarray:
    """‖·‖_F of the rows of W_ih and W_hh that belong to each gate, shape (2, 4): i, f, g, o."""
    weights = dict(model.named_parameters())
    matrices = (weights[f"recurrent.weight_{part}_l0"].detach() for part in ("ih", "hh"))
    return np.array([[float(rows.norm()) for rows in matrix.chunk(4)] for matrix in matrices])


def forget_bias(model: LSTM) -> float:
    """Mean over the units of b_ih + b_hh of the forget gate."""
    weights = dict(model.named_parameters())
    both = weights["recurrent.bias_ih_l0"] + weights["recurrent.bias_hh_l0"]
    return float(both.detach().chunk(4)[1].mean())


def train_once(
    model: nn.Module,
    heard: tuple[Float[Tensor, "N T F"], Int[Tensor, " N"]],
    grid: Grid,
    *,
    rate: float,
    decay: float,
    steps: int,
    batch_size: int,
    seed: int,
) -> None:
    """Train a model in place: an optimiser, a rule of decay, a rate that falls linearly.

    Args:
        model: from features (N, T, F) to logits.
        heard: features and labels of the training utterances.
        grid: says which optimiser, and whether decay is decoupled.
        rate: η at its peak.
        decay: λ.
        steps: of training; it ends before where the loss is not finite.
        batch_size: utterances of a step.
        seed: of their order.
    """
    features, labels = heard
    maker, options = _OPTIMIZERS[grid.optimizer]
    optimizer = maker(model.parameters(), lr=rate, **options)
    regularize(optimizer, DecoupledDecay(decay) if grid.decoupled else L2(decay))
    generator, batches = torch.Generator().manual_seed(seed), []
    for step in range(steps):
        if not batches:
            batches = list(torch.randperm(len(labels), generator=generator).split(batch_size))
        optimizer.param_groups[0]["lr"] = rate * rate_factor("linear", step, steps)
        batch = batches.pop()
        optimizer.zero_grad()
        loss = cross_entropy(model(features[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        if not loss.isfinite():
            return


def _heard(corpus: Corpus, num_frames: int) -> tuple[Tensor, Tensor]:
    """Features (N, T, F) and labels of a corpus."""
    front_end = FrontEnd(
        8000,
        n_mels=24,
        delta_order=1,
        variance=False,
        num_frames=num_frames,
        dynamic_range_db=40.0,
        trim_db=25.0,
    )
    resident = ResidentCorpus(corpus, front_end, "cpu", _SPECTRA_BUDGET)
    parts = [front_end.features(*resident.spectra(part))[0] for part in torch.arange(len(corpus)).split(100)]
    return torch.cat(parts), torch.tensor([utterance.label for utterance in corpus])


def _model(config: Config, num_features: int, seed: int) -> LSTM:
    generator = torch.Generator().manual_seed(seed)
    return LSTM(num_features, config.hidden_size, NUM_CLASSES, pooling="mean", generator=generator)


def _runs(
    config: Config,
    grid: Grid,
    heard: tuple[Tensor, Tensor],
    unheard: tuple[Tensor, Tensor],
    tell: Callable[[str], None],
) -> Iterator[dict[str, np.ndarray]]:
    for rate, decay, seed in product(grid.rates, grid.decays, config.seeds):
        tell(f"{grid.name}: rate {rate:.2g}, decay {decay:.2g}, seed {seed}")
        model = _model(config, heard[0].shape[-1], seed)
        train_once(
            model,
            heard,
            grid,
            rate=rate,
            decay=decay,
            steps=config.steps,
            batch_size=config.batch_size,
            seed=seed,
        )
        train_loss, train_wrong = _scores(model, *heard)
        test_loss, wrong = _scores(model, *unheard)
        yield {
            "train_loss": np.array(train_loss),
            "train_error": train_wrong.mean(),
            "test_loss": np.array(test_loss),
            "wrong": wrong,
            "gates": gate_norms(model),
            "forget_bias": np.array(forget_bias(model)),
        }


@torch.no_grad()
def _scores(model: LSTM, features: Tensor, labels: Tensor) -> tuple[float, np.ndarray]:
    """Mean loss, and which utterances are misread: NaN and all of them where an output is not finite."""
    logits = model(features)
    loss = cross_entropy(logits, labels)
    if not loss.isfinite():
        return float("nan"), np.ones(len(labels), bool)
    return float(loss), (logits.argmax(1) != labels).numpy()


def _arrays(grid: Grid, runs: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The runs of a grid with its axes first."""
    shape = (len(grid.rates), len(grid.decays), -1)
    stacked = {name: np.stack([one[name] for one in runs]) for name in runs[0]}
    return {
        f"{grid.name}_{name}": values.reshape(*shape, *values.shape[1:]) for name, values in stacked.items()
    }
