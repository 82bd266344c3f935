"""A classifier of spoken digits, small and smooth enough for its Hessian to be written out."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib._shapes import Float, Int
from hnrc_lib.datasets import Corpus, load_digits, load_fsdd, spectrograms
from hnrc_lib.models import MLP, pool_spectrogram

NUM_CLASSES = 10


@dataclass(frozen=True, eq=False)
class DigitProblem:
    """A model, the digits it learns, and its loss as a function of the parameters, in float64.

        L(θ) = −(1/N) Σᵢ log softmax(MLP(xᵢ; θ))[yᵢ]

    Attributes:
        corpus: the training utterances.
        model: tanh perceptron; ``train_problem`` changes its weights in place.
        features: x, shape (N, D), each standardised over the training utterances.
        labels: y, shape (N,).
        test_features: those of the test set, standardised alike.
        test_labels: theirs.
    """

    corpus: Corpus
    model: MLP
    features: Float[Tensor, "train D"]
    labels: Int[Tensor, " train"]
    test_features: Float[Tensor, "test D"]
    test_labels: Int[Tensor, " test"]

    def loss(self, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        """L(θ) over all training utterances."""
        return cross_entropy(functional_call(self.model, dict(params), (self.features,)), self.labels)

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of the model's parameters θ."""
        return {name: value.detach().clone() for name, value in self.model.named_parameters()}


def training_digits(
    corpus: Literal["fsdd", "digits"],
    num_utterances: int | None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
) -> Corpus:
    """The training part of a corpus of digits, or some of it.

    Args:
        corpus: ``"fsdd"`` (real speech, official split) or ``"digits"`` (shipped, synthetic, English).
        num_utterances: spread evenly over the training part; all when None.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    train = _part(corpus, "train", data_dir)
    return train if num_utterances is None else spread_evenly(train, num_utterances)


def spread_evenly(corpus: Corpus, num_utterances: int) -> Corpus:
    """Some utterances of a corpus, from the first to the last at equal distances."""
    chosen = np.linspace(0, len(corpus) - 1, num_utterances).round().astype(int)
    return corpus.where(name=[corpus[int(index)].name for index in chosen])


def _part(
    corpus: Literal["fsdd", "digits"],
    split: Literal["train", "test"],
    data_dir: str | os.PathLike[str] | None,
) -> Corpus:
    if corpus == "fsdd":
        return load_fsdd(split, data_dir=data_dir)
    return load_digits(split, language="en")


def digit_problem(
    corpus: Literal["fsdd", "digits"],
    *,
    num_utterances: int | None,
    pooled: tuple[int, int],
    hidden: int,
    seed: int,
    data_dir: str | os.PathLike[str] | None = None,
) -> DigitProblem:
    """Load a corpus, pool its log-mel spectrograms to a coarse grid, and draw a model.

    Args:
        corpus: ``"fsdd"`` (real speech, official split) or ``"digits"`` (shipped, synthetic, English).
        num_utterances: training utterances, spread evenly over the training set; all when None.
        pooled: stretches of time and of frequency; their product is D.
        hidden: tanh units.
        seed: of the initial weights.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    train = training_digits(corpus, num_utterances, data_dir=data_dir)
    test = _part(corpus, "test", data_dir)
    (features, labels), (test_features, test_labels) = (_pooled(part, pooled) for part in (train, test))
    mean, deviation = features.mean(0), features.std(0)
    generator = torch.Generator().manual_seed(seed)
    model = MLP(features.shape[1], NUM_CLASSES, (hidden,), "tanh", generator).double()
    standardised = [(values - mean) / deviation for values in (features, test_features)]
    return DigitProblem(train, model, standardised[0], labels, standardised[1], test_labels)


def _pooled(corpus: Corpus, pooled: tuple[int, int]) -> tuple[Tensor, Tensor]:
    features, labels = spectrograms(corpus)
    return pool_spectrogram(features, *pooled).double(), labels


def train_problem(
    problem: DigitProblem, epochs: tuple[int, ...], *, learning_rate: float, batch_size: int, seed: int
) -> tuple[list[dict[str, Tensor]], dict[str, np.ndarray]]:
    """Train with Adam on mini-batches and keep the parameters of some epochs.

    Args:
        problem: its model is trained in place.
        epochs: whose parameters to keep, ascending, 0 being the start; the last ends the training.
        learning_rate: of Adam.
        batch_size: utterances in a step.
        seed: of the order of utterances.

    Returns:
        The parameters kept, and loss and accuracy on both sets before training and after every epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(problem.model.parameters(), lr=learning_rate)
    snapshots, rows = [], []
    for epoch in range(epochs[-1] + 1):
        if epoch > 0:
            for batch in torch.randperm(len(problem.labels), generator=generator).split(batch_size):
                optimizer.zero_grad()
                cross_entropy(problem.model(problem.features[batch]), problem.labels[batch]).backward()
                optimizer.step()
        rows.append(_scores(problem))
        if epoch in epochs:
            snapshots.append(problem.snapshot())
    names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
    return snapshots, dict(zip(names, np.array(rows).T, strict=True))


def _scores(problem: DigitProblem) -> list[float]:
    scores = []
    sets = ((problem.features, problem.labels), (problem.test_features, problem.test_labels))
    for features, labels in sets:
        with torch.no_grad():
            logits = problem.model(features)
        accuracy = (logits.argmax(1) == labels).double().mean()
        scores += [float(cross_entropy(logits, labels)), float(accuracy)]
    return scores
