"""The small speech classifiers on which claims are measured: shipped digits, float64, seconds on a CPU."""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from hnrc_lib._shapes import Float, Int
from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.datasets import load_digits, spectrograms

NUM_CLASSES = 10


@dataclass(frozen=True, eq=False)
class SpeechProblem:
    """A classifier of spoken digits and its loss as a function of the parameters.

        L(θ) = −(1/N) Σᵢ log softmax(f(xᵢ; θ))[yᵢ]

    Attributes:
        model: f, from (N, D) features to (N, 10) scores; its own parameters are the starting point.
        features: x, shape (N, D), float64.
        labels: y, the digit said, shape (N,).
    """

    model: nn.Module
    features: Float[Tensor, "batch feature"]
    labels: Int[Tensor, "batch"]

    def params(self) -> dict[str, Tensor]:
        """A copy of the starting point θ₀."""
        return {name: value.detach().clone() for name, value in self.model.named_parameters()}

    def loss(self, params: dict[str, Tensor]) -> Float[Tensor, ""]:
        """L(θ)."""
        return F.cross_entropy(functional_call(self.model, params, (self.features,)), self.labels)

    def operator(self, params: dict[str, Tensor] | None = None) -> HessianLinearOperator:
        """H at θ, at the starting point when θ is left out."""
        return HessianLinearOperator(self.loss, self.params() if params is None else params)

    def error_rate(self, params: dict[str, Tensor]) -> float:
        """Share of utterances whose highest score is another digit's."""
        guesses = functional_call(self.model, params, (self.features,)).argmax(dim=1)
        return float((guesses != self.labels).double().mean())


class ReferenceClass(nn.Module):
    """Scores of the last class fixed at 0, so that no direction leaves the softmax unchanged.

    Args:
        num_features: D.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(num_features, NUM_CLASSES - 1)

    def forward(self, features: Float[Tensor, "batch feature"]) -> Float[Tensor, "batch class"]:
        """Scores (N, 10)."""
        return F.pad(self.linear(features), (0, 1))


def speech_features(
    *, num_frames: int = 4, n_mels: int = 6, num_utterances: int = 400, split: str = "train"
) -> tuple[Float[Tensor, "batch feature"], Int[Tensor, "batch"]]:
    """Log-mel features of spoken digits, each flattened to D = num_frames · n_mels standardised numbers.

    Args:
        num_frames: equal parts of the utterance over which energies are averaged, 1 to 32.
        n_mels: mel bands.
        num_utterances: how many, spread evenly over the split.
        split: ``"train"``, ``"dev"`` or ``"test"``; means and deviations are always those of ``train``.

    Returns:
        Features (N, D), float64, and labels (N,).

    Raises:
        ValueError: the split has fewer utterances.
    """
    train, _ = _all_features("train", num_frames, n_mels)
    features, labels = _all_features(split, num_frames, n_mels)
    if not 1 <= num_utterances <= len(labels):
        raise ValueError(f"num_utterances must lie in 1 to {len(labels)}, got {num_utterances}")
    spread = torch.linspace(0, len(labels) - 1, num_utterances).round().long()
    standardised = (features - train.mean(dim=0)) / train.std(dim=0)
    return standardised[spread], labels[spread]


def perceptron(num_features: int, num_hidden: int, *, seed: int = 0, activation: str = "tanh") -> nn.Module:
    """One hidden layer, D → H → 10, in float64.

    Args:
        num_features: D.
        num_hidden: H.
        seed: of the initial parameters.
        activation: ``"tanh"`` (smooth) or ``"relu"`` (kinked).
    """
    kinds: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}
    layers = [nn.Linear(num_features, num_hidden), kinds[activation](), nn.Linear(num_hidden, NUM_CLASSES)]
    return seeded(nn.Sequential(*layers), seed)


def seeded(model: nn.Module, seed: int) -> nn.Module:
    """The model in float64 with all parameters drawn anew from N(0, 1/fan-in), biases zero."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.double().parameters():
        scale = parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else 0.0
        parameter.data = scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return model


def settled(problem: SpeechProblem, num_iterations: int = 30) -> dict[str, Tensor]:
    """Parameters after some iterations of L-BFGS from the starting point.

    Args:
        problem: what to train.
        num_iterations: of L-BFGS with a strong-Wolfe line search.
    """
    params = {name: value.requires_grad_() for name, value in problem.params().items()}
    optimizer = torch.optim.LBFGS(
        list(params.values()), max_iter=num_iterations, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = problem.loss(params)
        loss.backward()
        return loss

    optimizer.step(closure)  # pyright: ignore[reportArgumentType]
    return {name: value.detach() for name, value in params.items()}


def _all_features(split: str, num_frames: int, n_mels: int) -> tuple[Tensor, Tensor]:
    features, labels = _all_spectrograms(split, n_mels)
    parts = [part.mean(dim=1) for part in features.double().tensor_split(num_frames, dim=1)]
    return torch.cat(parts, dim=1), labels


@lru_cache(maxsize=8)
def _all_spectrograms(split: str, n_mels: int) -> tuple[Tensor, Tensor]:
    return spectrograms(load_digits(split), num_frames=32, n_mels=n_mels, mean_normalize=False)
