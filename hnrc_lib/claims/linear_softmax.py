"""A linear softmax classifier with gradient and Hessian in closed form, for claims that need many steps."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.claims import softmax_regression
from hnrc_lib.claims.subjects import NUM_CLASSES, speech_features

FREE_CLASSES = NUM_CLASSES - 1


@dataclass(frozen=True, eq=False)
class LinearSoftmax:
    """Cross-entropy of a linear classifier whose last class has the score 0, so that no direction is flat.

        L(θ) = −(1/N) Σᵢ log softmax((Θx̃ᵢ, 0))[yᵢ],   x̃ = (x, 1),   θ = the rows of Θ, n = 9(D + 1)

    Attributes:
        features: x, shape (N, D), float64.
        labels: y, shape (N,).
    """

    features: Float[Tensor, "batch feature"]
    labels: Int[Tensor, "batch"]

    @property
    def num_parameters(self) -> int:
        """n."""
        return FREE_CLASSES * (self.features.shape[1] + 1)

    def start(self) -> Float[Tensor, "n"]:
        """θ = 0."""
        return self.features.new_zeros(self.num_parameters)

    def loss(self, theta: Float[Tensor, "n"]) -> float:
        """L(θ)."""
        return float(softmax_regression.loss(self._rows, self.labels, self._weights(theta)))

    def error_rate(self, theta: Float[Tensor, "n"]) -> float:
        """Share of utterances whose highest score is another word's."""
        return softmax_regression.error_rate(self._rows, self.labels, self._weights(theta))

    def gradient(self, theta: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        """∇L(θ) = mean of (p − e_y) ⊗ x̃."""
        return softmax_regression.gradient(self._rows, self.labels, self._weights(theta)).T.flatten()

    def hessian(self, theta: Float[Tensor, "n"]) -> Float[Tensor, "n n"]:
        """H(θ) = mean of (diag p − ppᵀ) ⊗ x̃x̃ᵀ, positive semidefinite."""
        return softmax_regression.hessian(self._rows, self._weights(theta))

    def step(self, theta: Float[Tensor, "n"], damping: float | None) -> Float[Tensor, "n"]:
        """−(H + λI)⁻¹∇L(θ), or −∇L(θ) when the damping is None, halved until the loss does not rise."""
        return self._step(theta, damping, self.loss(theta))[0]

    def minimise(
        self, damping: float | None, *, tolerance: float = 1e-10, most: int = 1000
    ) -> Float[Tensor, "n"]:
        """θ after damped steps from 0, until ‖∇L‖ ≤ tolerance or their number is ``most``."""
        theta = self.start()
        for _ in range(most):
            if float(self.gradient(theta).norm()) <= tolerance:
                break
            theta = theta + self.step(theta, damping)
        return theta

    def descend_to(self, target: float, damping: float | None, *, most: int = 5000) -> Float[Tensor, "n"]:
        """θ on the path of damped steps from 0 where the loss first equals the target, by bisection.

        Raises:
            RuntimeError: the loss is still above the target after ``most`` steps.
        """
        theta = self.start()
        now = self.loss(theta)
        for _ in range(most):
            step, then = self._step(theta, damping, now)
            if then <= target:
                return theta + self._fraction(theta, step, target) * step
            theta, now = theta + step, then
        raise RuntimeError(f"loss must reach {target} within {most} steps, got {now}")

    def _step(self, theta: Tensor, damping: float | None, now: float) -> tuple[Tensor, float]:
        """The step and the loss after it, from the loss now; computed once, because paths are long."""
        step = -self.gradient(theta)
        if damping is not None:
            damped = self.hessian(theta) + damping * torch.eye(len(theta), dtype=theta.dtype)
            step = torch.linalg.solve(damped, step)
        then = self.loss(theta + step)
        while then > now:
            step = step / 2
            then = self.loss(theta + step)
        return step, then

    def _fraction(self, theta: Tensor, step: Tensor, target: float) -> float:
        short, long = 0.0, 1.0
        for _ in range(30):
            middle = (short + long) / 2
            short, long = (middle, long) if self.loss(theta + middle * step) > target else (short, middle)
        return long

    @cached_property
    def _rows(self) -> Tensor:
        return softmax_regression.with_ones(self.features)

    def _weights(self, theta: Tensor) -> Tensor:
        return theta.view(FREE_CLASSES, -1).T


def coarse_digits() -> LinearSoftmax:
    """Four mel bands over the whole of 400 spoken digits: few features, so that the minimum is finite."""
    return LinearSoftmax(*speech_features(num_frames=1, n_mels=4))
