"""The descents of the edge-of-stability experiment: a full-batch optimiser, and the matrix it divides by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim import HNRC, LowRankCurvature
from hnrc_lib.optim.clipping import ClipByGlobalNorm, clip_gradients

Method = Literal["descent", "momentum", "adam", "clipped", "damped"]
METHODS: tuple[Method, ...] = ("descent", "momentum", "adam", "clipped", "damped")
Root = Callable[[Tensor], Tensor]
_BETAS = (0.9, 0.999)  # Adam's own
_CURVATURE = LowRankCurvature("ggn", safeguard="none")


@dataclass(frozen=True)
class Settings:
    """What the methods have beside a step size.

    Attributes:
        momentum: β of ``"momentum"``.
        clip: greatest norm of the gradient of ``"clipped"``.
        rank: directions of curvature that ``"damped"`` keeps.
    """

    momentum: float = 0.5
    clip: float = 0.05
    rank: int = 8


@dataclass(frozen=True, eq=False)
class Descent:
    """θ ← θ − η P⁻¹m, and where it loses its stability on a quadratic.

    Attributes:
        optimizer: takes the steps.
        limit: what λ_max(P⁻¹H) must stay below.
        root: gives the map v ↦ P^(−1/2)v of the last step taken; None where P is the identity.
    """

    optimizer: Optimizer
    limit: float
    root: Callable[[], Root] | None = None


class PreconditionedOperator(LinearOperator):
    """P^(−1/2) H P^(−1/2), which has the eigenvalues of P⁻¹H.

    Args:
        operator: H, symmetric (n, n).
        root: v ↦ P^(−1/2)v on columns (n, k), symmetric.
    """

    def __init__(self, operator: LinearOperator, root: Root) -> None:
        self.operator, self.root = operator, root
        super().__init__(operator.shape, operator.dtype, operator.device)

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return self.root(self.operator @ self.root(block))


def make_descent(method: str, model: nn.Module, rate: float, settings: Settings) -> Descent:
    """A method of descent on all parameters of a model.

        descent   m = g, P = I                                     below 2/η
        momentum  m ← βm + g, P = I                                below 2(1 + β)/η
        adam      m ← β₁m + (1 − β₁)g, P = (1 − β₁ᵗ) diag(√v̂ + ε)   below 2(1 + β₁)/((1 − β₁)η)
        clipped   m = g, P = max(1, ‖g‖/c) I                       below 2/η
        damped    m = g, P = I + ηV diag(μ)Vᵀ                      below 2/η, that is λ = 1/η and a full step

    Args:
        method: one of ``METHODS``.
        model: whose parameters are moved.
        rate: η > 0.
        settings: what else the method has.

    Raises:
        ValueError: no such method; lists those there are.

    >>> make_descent("momentum", nn.Linear(2, 1), 0.1, Settings(momentum=0.5)).limit
    30.0

    Jeremy Cohen and others, Gradient descent on neural networks typically occurs at the edge of stability
    (2021); Adaptive gradient methods at the edge of stability (2022).
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    parameters, beta = list(model.parameters()), settings.momentum
    if method == "descent":
        return Descent(SGD(parameters, lr=rate), 2 / rate)
    if method == "momentum":
        return Descent(SGD(parameters, lr=rate, momentum=beta), 2 * (1 + beta) / rate)
    if method == "adam":
        adam, first = Adam(parameters, lr=rate, betas=_BETAS), _BETAS[0]
        return Descent(adam, 2 * (1 + first) / ((1 - first) * rate), lambda: _adam_root(adam, parameters))
    if method == "clipped":
        clipped = SGD(parameters, lr=rate)
        clipping = clip_gradients(clipped, ClipByGlobalNorm(settings.clip))
        return Descent(clipped, 2 / rate, lambda: _clip_root(clipping.last_report))
    damped = HNRC(parameters, lr=1.0, damping=1 / rate, rank=settings.rank, curvature=_CURVATURE)
    return Descent(damped, 2 / rate, lambda: _damped_root(damped, rate))


def _adam_root(adam: Adam, parameters: Sequence[nn.Parameter]) -> Root:
    """P^(−1/2) of Adam's last step."""
    group = adam.param_groups[0]
    beta, decay = group["betas"]
    states = [adam.state[parameter] for parameter in parameters]
    time = float(states[0]["step"])
    square = torch.cat([state["exp_avg_sq"].flatten() for state in states]) / (1 - decay**time)
    diagonal = (1 - beta**time) * (square.sqrt() + group["eps"])
    scale = diagonal.rsqrt().unsqueeze(1)
    return lambda block: scale * block


def _clip_root(report: object) -> Root:
    """P^(−1/2) of a clipped gradient: the root of the factor by which it was shortened."""
    before, after = (float(getattr(report, name)) for name in ("norm_before", "norm_after"))
    factor = (after / before) ** 0.5 if before > 0 else 1.0
    return lambda block: factor * block


def _damped_root(damped: HNRC, rate: float) -> Root:
    """P^(−1/2) = I + V((1 + ημ)^(−1/2) − 1)Vᵀ of the last damped step."""
    rows, values = damped.shared["rows"], damped.shared["values"][0]
    change = ((1 + rate * values).rsqrt() - 1).unsqueeze(1)
    return lambda block: block + rows.mT @ (change * (rows @ block))
