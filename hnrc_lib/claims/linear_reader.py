"""A linear reader of spoken digits, whose penalised losses are convex and whose minimisers are exact."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import minimize

from hnrc_lib._shapes import Float, Int
from hnrc_lib.claims import softmax_regression
from hnrc_lib.claims.subjects import NUM_CLASSES, speech_features
from hnrc_lib.optim.regularization import soft_threshold

Weights = Float[torch.Tensor, "row class"]


@dataclass(frozen=True, eq=False)
class LinearReader:
    """Multinomial logistic regression; the last row of the weights holds the biases, free of any penalty.

        L(W) = −(1/N) Σᵢ log softmax(Wᵀ[xᵢ; 1])[yᵢ],   L′(W) = L(W) + λ Σ|w|  or  L(W) + (λ/2) Σ w²

    Attributes:
        features: x, shape (N, D), float64.
        labels: y, the digit said, shape (N,).

    >>> reader = LinearReader(torch.eye(10).double(), torch.arange(10))
    >>> round(float(reader.loss(reader.start())), 6)  # ln 10
    2.302585
    """

    features: Float[torch.Tensor, "batch feature"]
    labels: Int[torch.Tensor, "batch"]

    @cached_property
    def rows(self) -> Float[torch.Tensor, "batch row"]:
        """[x; 1]."""
        return softmax_regression.with_ones(self.features)

    @cached_property
    def smoothness(self) -> float:
        """A bound of the largest eigenvalue of L's Hessian, λ_max(XᵀX)/(2N) (Böhning, 1992)."""
        return float(torch.linalg.matrix_norm(self.rows, 2) ** 2 / (2 * len(self.rows)))

    def start(self) -> Weights:
        """W = 0."""
        return torch.zeros(self.rows.shape[1], NUM_CLASSES, dtype=torch.float64)

    def loss(self, weights: Weights) -> Float[torch.Tensor, ""]:
        """L(W)."""
        return softmax_regression.loss(self.rows, self.labels, weights)

    def gradient(self, weights: Weights) -> Weights:
        """∇L(W) = [x; 1]ᵀ(softmax − onehot)/N."""
        return softmax_regression.gradient(self.rows, self.labels, weights)

    def error_rate(self, weights: Weights) -> float:
        """Share of utterances whose highest score is another digit's."""
        return softmax_regression.error_rate(self.rows, self.labels, weights)

    def effective_dimension(self, weights: Weights, strength: float) -> float:
        """Σ h/(h + λ) over the eigenvalues h of the inner weights' block of the Hessian of L."""
        curvatures = softmax_regression.hessian(self.rows, weights)
        biases = torch.arange(len(curvatures)) % len(weights) == len(weights) - 1
        inner = torch.linalg.eigvalsh(curvatures[~biases][:, ~biases]).clamp(min=0)
        return float((inner / (inner + strength)).sum())

    def minimiser_l2(self, strength: float) -> Weights:
        """The minimiser of L + (λ/2)Σw² by L-BFGS; of L itself for λ = 0, if it has one."""

        def value_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
            weights = torch.from_numpy(flat).reshape(self.start().shape)
            inner = weights[:-1]
            slope = self.gradient(weights) + strength * F.pad(inner, (0, 0, 0, 1))
            return float(self.loss(weights) + strength / 2 * inner.square().sum()), slope.numpy().ravel()

        found = minimize(
            value_and_slope,
            self.start().numpy().ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 2000, "gtol": 1e-9, "ftol": 1e-15},
        )
        return torch.from_numpy(found.x).reshape(self.start().shape)

    def minimiser_l1(self, strength: float, num_steps: int = 1000) -> Weights:
        """The minimiser of L + λΣ|w| by accelerated proximal gradient steps (Beck and Teboulle, 2009)."""
        here = self.start()
        ahead, speed, rate = here, 1.0, 1 / self.smoothness
        for _ in range(num_steps):
            there = self.proximal_step(ahead, rate, strength)
            faster = (1 + (1 + 4 * speed**2) ** 0.5) / 2
            ahead = there + (speed - 1) / faster * (there - here)
            here, speed = there, faster
        return here

    def proximal_step(self, weights: Weights, rate: float, strength: float) -> Weights:
        """A gradient step of rate η on L, then soft thresholding of all but the biases by ηλ."""
        moved = weights - rate * self.gradient(weights)
        return torch.cat([soft_threshold(moved[:-1], rate * strength), moved[-1:]])


def linear_reader(num_utterances: int, *, split: str = "train", num_frames: int = 4) -> LinearReader:
    """A reader of the shipped digits: ``num_frames`` · 6 log-mel energies an utterance."""
    return LinearReader(*speech_features(num_frames=num_frames, num_utterances=num_utterances, split=split))


def share_of_zeros(weights: Weights) -> float:
    """Share of the weights, biases not counted, that are exactly 0."""
    return float((weights[:-1] == 0).double().mean())
