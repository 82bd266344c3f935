"""The smallest program that does what S0's formula says, next to ``s0_printed``, which does not."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from hnrc_lib._shapes import Float, Int
from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.optim import damped_newton_step


@dataclass(frozen=True)
class MendedRun:
    """What ``train_model`` did.

    Attributes:
        params: θ after the last update; the model itself is not changed.
        losses: L before each update and after the last, epochs + 1 numbers.
        dampings: the λ of each update, above the one asked for where H + λI was not positive definite.
    """

    params: dict[str, Tensor]
    losses: list[float]
    dampings: list[float]


def train_model(
    model: nn.Module,
    X: Float[Tensor, "batch ..."],
    y: Int[Tensor, "batch"],
    *,
    alpha: float,
    damping: float,
    epochs: int,
) -> MendedRun:
    """Train a classifier by the damped Newton step, on the exact Hessian and the whole batch.

        θ ← θ − α (H + λI)⁻¹ ∇L,   L the cross-entropy

    Cross-entropy takes the place of the squared error on vocabulary indices: it does not depend on how the
    vocabulary is numbered. Where H + λI is not positive definite λ is raised.

    Args:
        model: f, giving scores (N, classes); smooth, small enough for its Hessian to be formed.
        X: features, shape (N, …).
        y: classes, shape (N,).
        alpha: α > 0.
        damping: λ ≥ 0.
        epochs: number of updates, ≥ 0.

    Returns:
        Parameters, losses and dampings.

    Raises:
        ValueError: epochs is negative, or as for ``damped_newton_step``.
    """
    if epochs < 0:
        raise ValueError(f"epochs must be at least 0, got {epochs}")

    def loss(params: dict[str, Tensor]) -> Tensor:
        return F.cross_entropy(functional_call(model, params, (X,)), y)

    params = {name: value.detach().clone() for name, value in model.named_parameters()}
    losses, dampings = [], []
    for _ in range(epochs):
        hessian = HessianLinearOperator(loss, params)
        result = damped_newton_step(
            hessian.to_dense(),
            hessian.flatten(hessian.gradient),
            damping,
            learning_rate=alpha,
            not_positive_definite="raise_damping",
        )
        losses.append(float(hessian.value))
        dampings.append(result.damping)
        params = hessian.unflatten(hessian.flatten(params) + result.step)
    return MendedRun(params, [*losses, float(loss(params))], dampings)
