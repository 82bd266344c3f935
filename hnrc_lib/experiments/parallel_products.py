"""Curvature products of one loss whose utterances are shared out over several processes."""

import multiprocessing
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator, flatten
from hnrc_lib.curvature.operator import CurvatureOperator
from hnrc_lib.datasets import spectrograms
from hnrc_lib.experiments.digit_problem import NUM_CLASSES, training_digits
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.linalg import top_eigenpairs
from hnrc_lib.models import CNN, num_parameters

NAME = "parallel_products"
KINDS = ("hessian", "gauss_newton")


@dataclass(frozen=True)
class Config:
    """Which loss, and over how many processes.

    Attributes:
        corpus: ``"fsdd"`` (real speech, from HNRC_DATA_DIR) or ``"digits"`` (synthetic, shipped, English).
        num_utterances: spread evenly over the training set; a multiple of every number of processes.
        size: frames, and mel bands, of every spectrogram.
        channels: of the CNN's convolutions.
        processes: numbers of processes, 1 first.
        num_products: products that are timed, of each kind.
        num_eigenpairs: largest eigenvalues of the Hessian that are sought.
        seed: of the weights and vectors.
    """

    corpus: Literal["fsdd", "digits"] = "fsdd"
    num_utterances: int = 600
    size: int = 28
    channels: tuple[int, ...] = (8, 16, 16)
    processes: tuple[int, ...] = (1, 2, 4)
    num_products: int = 10
    num_eigenpairs: int = 3
    seed: int = 0


def run(config: Config | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Record:
    """The same products from 1, 2, … processes, each with its share of the utterances.

        H v = (1/P) Σ_p H_p v,   H_p the Hessian of the mean loss over the N/P utterances of process p

    Every process holds all parameters; what travels for a product is one vector of n numbers. Processes are
    new ones that talk through torch's ``gloo``. Times are of the CPU, not of the clock, so that processes
    that share a core do not count each other's work.

    Args:
        config: the recorded experiment when left out.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.

    Returns:
        Record ``parallel_products``. Arrays by number of processes: ``processes``; for each of ``KINDS``,
        ``KIND/difference`` (largest entry of Hv minus one process's, over its largest), and
        ``KIND/cpu_seconds``, a product's on the busiest process; ``eigenvalues`` (P, k); ``agreement``,
        the largest difference between processes.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: the number of utterances is no multiple of a number of processes, or 1 is not first.
    """
    config, start = config or Config(), time.perf_counter()
    uneven = [count for count in config.processes if config.num_utterances % count]
    if config.processes[:1] != (1,) or uneven:
        raise ValueError(
            f"processes must begin with 1 and divide num_utterances, {config.num_utterances}, "
            f"got {config.processes}"
        )
    corpus = training_digits(config.corpus, config.num_utterances, data_dir=data_dir)
    features, labels = spectrograms(corpus, num_frames=config.size, n_mels=config.size)
    data = features.double(), labels
    found = [_together(count, data, config) for count in config.processes]
    arrays: dict[str, np.ndarray] = {"processes": np.array(config.processes)}
    whole = found[0][0]
    for kind in KINDS:
        scale = np.abs(whole[kind]).max()
        arrays[f"{kind}/difference"] = np.array(
            [float(np.abs(one[0][kind] - whole[kind]).max() / scale) for one in found]
        )
        arrays[f"{kind}/cpu_seconds"] = np.array(
            [max(rank[f"{kind}/cpu_seconds"] for rank in one) for one in found]
        )
    arrays["eigenvalues"] = np.stack([one[0]["eigenvalues"] for one in found])
    arrays["agreement"] = np.array([_disagreement(one) for one in found])
    size = num_parameters(_model(config))
    provenance = provenance_here(
        config,
        corpus=f"{corpus.name}, {len(corpus)} utterances",
        manifest_sha256=corpus.manifest_sha256,
        model=f"CNN {'-'.join(map(str, config.channels))}, tanh, {size:,} parameters",
        seed=config.seed,
        seconds=time.perf_counter() - start,
    )
    return Record(NAME, provenance, {"num_parameters": size, "bytes_a_product": 8 * size}, arrays)


def _model(config: Config) -> CNN:
    generator = torch.Generator().manual_seed(config.seed)
    return CNN(
        config.size, config.size, NUM_CLASSES, config.channels, 32, "tanh", generator=generator
    ).double()


def _together(count: int, data: tuple[Tensor, Tensor], config: Config) -> list[dict[str, Any]]:
    """What each of ``count`` new processes found."""
    context = multiprocessing.get_context("spawn")
    port, results = _free_port(), context.SimpleQueue()
    # In turn, so that every process hears every digit and speaker.
    shares = [[part[rank::count] for part in data] for rank in range(count)]
    workers = [
        context.Process(target=_work, args=(rank, count, port, shares[rank], config, results))
        for rank in range(count)
    ]
    for worker in workers:
        worker.start()
    found = dict(results.get() for _ in workers)
    for worker in workers:
        worker.join()
    return [found[rank] for rank in range(count)]


def _work(rank: int, count: int, port: int, share: list[Tensor], config: Config, results: Any) -> None:
    """One process: its share of the loss, the products with all shares, and their CPU time."""
    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=count)
    model, group = _model(config), torch.distributed.group.WORLD
    params = {name: value.detach() for name, value in model.named_parameters()}
    generator = torch.Generator().manual_seed(config.seed)
    vector = torch.randn(num_parameters(model), generator=generator, dtype=torch.float64)

    def outputs(p: Mapping[str, Tensor]) -> Tensor:
        return functional_call(model, dict(p), (share[0],))

    def output_loss(z: Tensor) -> Tensor:
        return cross_entropy(z, share[1])

    operators: dict[str, CurvatureOperator] = {
        "hessian": HessianLinearOperator(lambda p: output_loss(outputs(p)), params, process_group=group),
        "gauss_newton": GGNLinearOperator(outputs, output_loss, params, process_group=group),
    }
    found: dict[str, Any] = {"gradient": flatten(operators["hessian"].gradient).numpy()}
    for kind, operator in operators.items():
        found[kind] = (operator @ vector).numpy()  # the first product also warms up
        begun = time.process_time()
        for _ in range(config.num_products):
            _ = operator @ vector
        found[f"{kind}/cpu_seconds"] = (time.process_time() - begun) / config.num_products
    pairs = top_eigenpairs(operators["hessian"], config.num_eigenpairs, rtol=1e-6, generator=generator)
    found["eigenvalues"] = pairs.eigenvalues.numpy()
    results.put((rank, found))
    torch.distributed.destroy_process_group()


def _disagreement(found: list[dict[str, Any]]) -> float:
    """Largest difference between what the processes of one run hold."""
    keys = (*KINDS, "gradient", "eigenvalues")
    return max(float(np.abs(one[key] - found[0][key]).max()) for one in found for key in keys)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
