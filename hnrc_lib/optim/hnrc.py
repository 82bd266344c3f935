"""HNRC: a step through an inverse that is corrected in one direction of curvature, or in k."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.curvature_optimizer import CurvatureOptimizer, Proposal
from hnrc_lib.optim.damping import DampingRule
from hnrc_lib.optim.diagonal_scaling import Scaling, check_scaling, diagonal_scaling
from hnrc_lib.optim.graph_operator import GraphOperator
from hnrc_lib.optim.low_rank_model import LowRankModel, low_rank_model, rank_one_model, solve_damped
from hnrc_lib.optim.problem import Closure, Problem

Directions = Literal["gradient", "momentum", "step", "random", "previous"]
Safeguard = Literal["line", "floor", "none"]
_ONE_DIRECTION = ("gradient", "momentum", "step")


@dataclass(frozen=True)
class LowRankCurvature(Curvature):
    """The curvature of ``HNRC``; fields of ``Curvature`` come first.

    Attributes:
        directions: the test vectors. For rank one ``"gradient"``, ``"momentum"`` or the last ``"step"``; for
            any rank ``"random"``, or ``"previous"``: random at first, then those found before, a step of
            subspace iteration at each refresh.
        safeguard: the corrected inverse has no Newton limit: outside the kept directions it divides by λ
            alone, so that ‖p‖ ~ 1/λ. ``"line"`` shortens p, never lengthens it, to the minimum of the
            quadratic model along p, for one product a refresh; ``"floor"`` takes at least the smallest kept
            eigenvalue for λ outside, for none, and has no effect on rank one; ``"none"`` leaves p as it is.
        per_layer: keep the rank for each parameter tensor, between tensors nothing.
    """

    directions: Directions = "previous"
    safeguard: Safeguard = "line"
    per_layer: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value, known in (
            ("directions", self.directions, get_args(Directions)),
            ("safeguard", self.safeguard, get_args(Safeguard)),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")


class HNRC(CurvatureOptimizer):
    """Step through the inverse of damping plus a few directions of curvature.

        θ ← θ − η (λD + FFᵀ)⁻¹ m,   FFᵀ ≈ M of rank k,  by Sherman–Morrison (k = 1) or Woodbury

    With k = 1 and v the gradient it is reading (d) of the source's name, H₁ = Hv vᵀH/(vᵀHv), and with
    η = λα and λ → ∞ it is torch's SGD with momentum, or with a scaling Adam, RMSprop or Adagrad, at rate α.
    F is found anew at every refresh; between two refreshes a step costs one gradient.

    Args:
        params, lr, damping, weight_decay: as for ``CurvatureOptimizer``.
        rank: k ≥ 1.
        curvature: the matrix, its directions, its refreshes, the safeguard.
        momentum: β in [0, 1): m ← βm + g, or with ``"adam"`` its mean without bias, m/(1 − βᵗ).
        scaling: D, the metric in which the damping is measured: the identity, or the diagonal by which
            ``"adam"``, ``"rmsprop"`` or ``"adagrad"`` divide.

    Raises:
        ValueError: an argument is out of range; directions of one vector with another rank than one.

    >>> x = torch.tensor([3.0, 1.0], requires_grad=True)
    >>> optimizer = HNRC([x], lr=1.0, damping=1.0, rank=2, curvature=LowRankCurvature("hessian"))
    >>> loss = optimizer.step(lambda: 2 * x[0] ** 2 + x[1] ** 2 / 2)
    >>> x.detach(), round(optimizer.last_step.cost)
    (tensor([0.6000, 0.5000]), 7)
    """

    def __init__(
        self,
        params: Any,
        lr: float | int,
        damping: float | int | str | DampingRule,
        rank: int = 1,
        *,
        curvature: LowRankCurvature | None = None,
        momentum: float | int = 0.0,
        weight_decay: float | int = 0.0,
        scaling: Scaling = "none",
    ) -> None:
        settings = curvature or LowRankCurvature(directions="gradient" if rank == 1 else "previous")
        if rank < 1:
            raise ValueError(f"rank must be at least 1, got {rank}")
        if rank > 1 and settings.directions in _ONE_DIRECTION:
            raise ValueError(
                f"directions must be random or previous for rank {rank}, got {settings.directions!r}"
            )
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1), got {momentum}")
        check_scaling(scaling)
        self.rank, self.settings = rank, settings
        self.scaling: Scaling = scaling
        super().__init__(params, lr, damping, weight_decay, settings, momentum=float(momentum))

    def _propose(self, problem: Problem, closure: Closure) -> Proposal:
        shared = dict(self.shared)  # written back where all is finite
        scale = diagonal_scaling(self.scaling, problem.gradient, shared)
        direction = self._momentum(problem.gradient, shared)
        metric = scale * self._per_entry(self._damping_values())
        if not bool((metric > 0).all()):
            raise ValueError(f"damping must be positive for HNRC, got {self._damping_values()}")
        reason, products = None, 0
        if problem.graph is not None:
            operator = self._operator(problem)
            model, products = self._model(problem, direction, shared)
            shared["factor"], reason = model.factor, model.reason
            solution = self._solve(metric, model.factor, direction)
            if self.settings.safeguard == "line":
                shared["shortening"] = _shortening(operator, metric, solution, direction)
                products += 1
        else:
            solution = self._solve(metric, shared["factor"], direction)
        step = -self._rates() * shared.get("shortening", 1.0) * solution
        if bool(torch.isfinite(step).all()):
            self.shared.update(shared)
        curved = self._apply(shared["factor"], step)
        predicted = -float(problem.gradient @ step + step @ curved / 2)
        along = float(step @ curved) / float(step @ step) if bool(step.any()) else 0.0
        return Proposal(step, predicted, along, products=products, reason=reason)

    def _momentum(self, gradient: Tensor, shared: dict[str, Any]) -> Tensor:
        """m, and what is kept of it."""
        beta = self._per_entry([group["momentum"] for group in self.param_groups])
        if not bool(beta.any()):
            return gradient
        kept = shared.get("momentum")
        kept = torch.zeros_like(gradient) if kept is None else kept
        if self.scaling != "adam":
            shared["momentum"] = beta * kept + gradient
            return shared["momentum"]
        shared["momentum"] = beta * kept + (1 - beta) * gradient
        return shared["momentum"] / (1 - beta ** shared["square_count"])

    def _model(self, problem: Problem, direction: Tensor, shared: dict[str, Any]) -> tuple[LowRankModel, int]:
        """F from products on the graph, whole or layer by layer, and how many products it took."""
        assert problem.graph is not None
        vectors = self._test_vectors(problem.gradient, direction, shared)
        models, products = [], 0
        for name, start, stop in self._blocks():
            operator = GraphOperator(problem.graph, self.curvature.process_group, block=name)
            models.append(self._block_model(operator, vectors[start:stop]))
            products += operator.products
        reasons = dict.fromkeys(model.reason for model in models if model.reason)
        model = LowRankModel(torch.cat([model.factor for model in models]), "; ".join(reasons) or None)
        return model, products

    def _block_model(self, operator: GraphOperator, vectors: Tensor) -> LowRankModel:
        if self.settings.directions in _ONE_DIRECTION:
            return rank_one_model(operator, vectors[:, 0])
        kept = min(self.rank, len(vectors))
        model = low_rank_model(operator, vectors[:, :kept])
        missing = torch.zeros(len(vectors), self.rank - kept, dtype=vectors.dtype, device=vectors.device)
        return LowRankModel(torch.cat([model.factor, missing], dim=1), model.reason)

    def _test_vectors(self, gradient: Tensor, direction: Tensor, shared: dict[str, Any]) -> Tensor:
        chosen, previous = self.settings.directions, shared.get("factor")
        if chosen == "gradient":
            return gradient.unsqueeze(1)
        if chosen == "momentum":
            return direction.unsqueeze(1)
        if chosen == "step" and "previous" in shared:
            now = torch.cat([p.detach().reshape(-1) for p in self._parameters])
            return (now - shared["previous"]).unsqueeze(1)
        if chosen == "step":
            return gradient.unsqueeze(1)
        random = torch.randn(self.rank, len(gradient), generator=self._generator(), dtype=gradient.dtype).mT
        random = random.to(gradient.device)
        if chosen == "previous" and previous is not None and previous.shape == random.shape:
            # A direction that has vanished is looked for anew.
            return torch.where(previous.norm(dim=0) > 0, previous / previous.norm(dim=0), random)
        return random

    def _solve(self, metric: Tensor, factor: Tensor, vector: Tensor) -> Tensor:
        floor = self.settings.safeguard == "floor" and self.rank > 1
        parts = [
            solve_damped(metric[a:b], factor[a:b], vector[a:b], floor=floor) for _, a, b in self._blocks()
        ]
        return torch.cat(parts)

    def _apply(self, factor: Tensor, vector: Tensor) -> Tensor:
        """FFᵀ times a vector."""
        return torch.cat([factor[a:b] @ (factor[a:b].mT @ vector[a:b]) for _, a, b in self._blocks()])

    def _blocks(self) -> list[tuple[str | None, int, int]]:
        """Name in the graph, first and last place, of every block that keeps curvature of its own."""
        sizes = [p.numel() for p in self._parameters]
        if not self.settings.per_layer:
            return [(None, 0, sum(sizes))]
        ends = torch.tensor(sizes).cumsum(0).tolist()
        return [(str(i), end - size, end) for i, (size, end) in enumerate(zip(sizes, ends, strict=True))]


def _shortening(operator: GraphOperator, metric: Tensor, solution: Tensor, direction: Tensor) -> float:
    """How far along −p the damped quadratic model falls, at most 1."""
    curvature = float(solution @ (operator @ solution) + solution @ (metric * solution))
    slope = float(direction @ solution)
    if not (curvature > 0 and slope > 0):
        return 1.0
    return min(1.0, slope / curvature)
