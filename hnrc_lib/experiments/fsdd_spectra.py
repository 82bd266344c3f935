"""All eigenvalues of a convolutional and of a recurrent network's Hessian as they learn spoken digits."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator, flatten
from hnrc_lib.datasets import Corpus, spectrograms
from hnrc_lib.datasets.fsdd import SPEAKERS
from hnrc_lib.experiments.digit_problem import NUM_CLASSES, training_digits
from hnrc_lib.experiments.record import Provenance, Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.models import CNN, DRNN, num_parameters

NAME = "fsdd_spectra"
MODELS = ("cnn", "rnn")


@dataclass(frozen=True)
class Config:
    """What is trained, on what, and where its spectrum is taken.

    Attributes:
        corpus: ``"fsdd"`` (real speech, from HNRC_DATA_DIR) or ``"digits"`` (synthetic, shipped, English).
        num_utterances: training utterances, spread evenly over the training set.
        size: frames, and mel bands, of every spectrogram.
        channels: of the CNN's convolutions.
        hidden: units of the CNN's dense layer.
        recurrent: tanh units of the recurrent network.
        epochs: epochs after which spectra are taken, ascending; the last ends the training.
        learning_rate: of Adam.
        batch_size: utterances in a training step.
        seed: of the initial weights and the order of utterances.
        num_threads: CPU threads.
    """

    corpus: Literal["fsdd", "digits"] = "fsdd"
    num_utterances: int = 300
    size: int = 18
    channels: tuple[int, ...] = (3, 4, 6)
    hidden: int = 8
    recurrent: int = 12
    epochs: tuple[int, ...] = (0, 2, 40)
    learning_rate: float = 0.01
    batch_size: int = 50
    seed: int = 0
    num_threads: int = 1

    def model(self, name: str) -> nn.Module:
        """An untrained network of ``MODELS``, float64, smooth but for the CNN's pools."""
        generator = torch.Generator().manual_seed(self.seed)
        if name == "cnn":
            made: nn.Module = CNN(
                self.size, self.size, NUM_CLASSES, self.channels, self.hidden, "tanh", generator=generator
            )
        else:
            made = DRNN(self.size, self.recurrent, NUM_CLASSES, pooling="mean", generator=generator)
        return made.double()


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Record:
    """Train two networks and take H, its Gauss–Newton part G and the rest, in full, at some epochs.

        H = G + R,  G = Jᵀ(∂²L/∂z²)J,  R = Σ_k (∂L/∂z_k) ∂²z_k/∂θ²,   z the logits, J = ∂z/∂θ

    Args:
        config: the recorded experiment when left out.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called with a line before each spectrum; nothing is told when None.

    Returns:
        Record ``fsdd_spectra``. Arrays, for each of ``MODELS``, one row an epoch: the ascending eigenvalues
        ``NAME/hessian``, ``NAME/gauss_newton`` and ``NAME/rest``, and ``NAME/gradient``, the gradient in
        the eigenvectors of H, in the order of its eigenvalues. Scalars, one a stage: ``loss``,
        ``error_rate`` and ``overlap``, the mean squared cosine between the ten leading eigenvectors of H
        and the space of G's.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config, start, tell = config or Config(), time.perf_counter(), progress or (lambda line: None)
    corpus = training_digits(config.corpus, config.num_utterances, data_dir=data_dir)
    features, labels = spectrograms(corpus, num_frames=config.size, n_mels=config.size)
    features = (features - features.mean((0, 1))) / features.std((0, 1))
    data = features.double(), labels
    arrays: dict[str, np.ndarray] = {}
    scalars: dict[str, Any] = {"epochs": list(config.epochs)}
    sizes = {}
    with cpu_threads(config.num_threads):
        for name in MODELS:
            model = config.model(name)
            sizes[name] = num_parameters(model)
            found = []
            for epoch in _train(model, data, config):
                tell(f"{name}, epoch {epoch}")
                found.append(_spectra(model, data))
            arrays |= {
                f"{name}/{key}": np.stack([one[key] for one in found])
                for key in ("hessian", "gauss_newton", "rest", "gradient")
            }
            scalars |= {f"{name}/{key}": [one[key] for one in found] for key in _SCALARS}
    seconds = time.perf_counter() - start
    return Record(NAME, _provenance(config, corpus, sizes, seconds), scalars, arrays)


_SCALARS = ("loss", "error_rate", "overlap")


def _train(model: nn.Module, data: tuple[Tensor, Tensor], config: Config) -> Any:
    """Train with Adam, stopping at each of the epochs to yield its number."""
    generator = torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    for epoch in range(config.epochs[-1] + 1):
        if epoch > 0:
            for batch in torch.randperm(len(data[1]), generator=generator).split(config.batch_size):
                optimizer.zero_grad()
                cross_entropy(model(data[0][batch]), data[1][batch]).backward()
                optimizer.step()
        if epoch in config.epochs:
            yield epoch


def _spectra(model: nn.Module, data: tuple[Tensor, Tensor]) -> dict[str, Any]:
    """Eigenvalues of H, G and H − G at the model's weights, and what goes with them."""
    features, labels = data
    params = {name: value.detach() for name, value in model.named_parameters()}

    def outputs(p: Mapping[str, Tensor]) -> Tensor:
        return functional_call(model, dict(p), (features,))

    def output_loss(z: Tensor) -> Tensor:
        return cross_entropy(z, labels)

    operator = HessianLinearOperator(lambda p: output_loss(outputs(p)), params)
    hessian = operator.to_dense()
    gauss_newton = GGNLinearOperator(outputs, output_loss, params).to_dense()
    values, vectors = torch.linalg.eigh(hessian)
    leading = torch.linalg.eigh(gauss_newton)
    overlap = (vectors[:, -NUM_CLASSES:].T @ leading.eigenvectors[:, -NUM_CLASSES:]).square().sum()
    with torch.no_grad():
        wrong = (outputs(params).argmax(1) != labels).double().mean()
    return {
        "hessian": values.numpy(),
        "gauss_newton": leading.eigenvalues.numpy(),
        "rest": torch.linalg.eigvalsh(hessian - gauss_newton).numpy(),
        "gradient": (vectors.T @ flatten(operator.gradient)).numpy(),
        "loss": float(operator.value),
        "error_rate": float(wrong),
        "overlap": float(overlap) / NUM_CLASSES,
    }


def _provenance(config: Config, corpus: Corpus, sizes: dict[str, int], seconds: float) -> Provenance:
    voices = f"{len(corpus.speakers)} of {len(SPEAKERS)} speakers"
    if config.corpus == "digits":
        voices = f"{len(corpus.speakers)} synthetic voices"
    return provenance_here(
        config,
        corpus=f"{corpus.name}, {len(corpus)} utterances, {voices}",
        manifest_sha256=corpus.manifest_sha256,
        model=f"CNN, {sizes['cnn']} parameters, and Elman network, {sizes['rnn']} parameters, tanh",
        seed=config.seed,
        seconds=seconds,
    )
