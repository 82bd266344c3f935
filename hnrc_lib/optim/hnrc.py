"""HNRC: a step through an inverse that is corrected in one direction of curvature, or in k."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.curvature_optimizer import CurvatureOptimizer
from hnrc_lib.optim.damping import DampingRule
from hnrc_lib.optim.diagonal_scaling import Scaling, check_scaling, diagonal_scaling
from hnrc_lib.optim.graph_operator import GraphOperator
from hnrc_lib.optim.low_rank_model import LowRankModel, low_rank_model, rank_one_model, solve_damped
from hnrc_lib.optim.problem import Closure, Problem
from hnrc_lib.optim.proposal import Proposal, rayleigh_quotient

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
            damped quadratic model along p, for one product a refresh, and by the same share until the next;
            ``"floor"`` takes at least the smallest kept eigenvalue for λ outside, for none, and has no
            effect on rank one; ``"none"`` leaves p as it is.
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

        θ ← θ − α (λD + V diag(μ) Vᵀ)⁻¹ m,   V diag(μ) Vᵀ ≈ M of rank k,  by Sherman–Morrison or Woodbury

    With k = 1 and v the gradient it is reading (d) of the source's name, H₁ = Hv vᵀH/(vᵀHv), and with
    α = λη and λ → ∞ it is torch's SGD with momentum, or with a scaling Adam, RMSprop or Adagrad, at rate η.
    V and μ are found anew at every refresh; between two refreshes a step costs one gradient.

    Args:
        params, lr, damping, weight_decay: as for ``CurvatureOptimizer``; λ > 0.
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

    _curvature_key: ClassVar[str | None] = "values"
    _zero_damping: ClassVar[bool] = False

    def __init__(
        self,
        params: Any,
        lr: float | int,
        damping: float | int | str | DampingRule = 1.0,
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
        memory = dict(self.shared)
        metric = self._metric(problem.gradient, memory)
        direction = self._momentum(problem.gradient, memory)
        operators: list[GraphOperator] = []
        reason = self._look(problem, direction, memory, operators) if problem.graph is not None else None
        solution = self._solve(metric, memory, direction)
        if problem.graph is not None and self.settings.safeguard == "line":
            operators.append(self._operator(problem))
            memory["shortening"] = _shortening(operators[-1], metric, solution, direction)
        step = -self._values("lr") * memory.get("shortening", 1.0) * solution
        return Proposal(
            step,
            rayleigh_quotient(step, self._curved(memory, step)),
            memory,
            products=sum(operator.products for operator in operators),
            reason=reason,
            matrix_finite=all(operator.finite for operator in operators),
        )

    def _metric(self, gradient: Tensor, memory: dict[str, Any]) -> Tensor | float:
        """The diagonal of λD, or λ."""
        dampings = self._damping_values()
        if min(dampings) <= 0:
            raise ValueError(f"damping must be positive for {type(self).__name__}, got {dampings}")
        damping = self._flat.per_entry(dampings)
        if self.scaling == "none":
            return damping
        return damping * diagonal_scaling(self.scaling, gradient, memory)

    def _momentum(self, gradient: Tensor, memory: dict[str, Any]) -> Tensor:
        """m, and what is kept of it."""
        if not any(group["momentum"] for group in self.param_groups):
            return gradient
        beta, kept = self._values("momentum"), memory.get("momentum", 0.0)
        if self.scaling != "adam":
            memory["momentum"] = beta * kept + gradient
            return memory["momentum"]
        memory["momentum"] = beta * kept + (1 - beta) * gradient
        return memory["momentum"] / (1 - beta ** memory["square_count"])

    def _look(
        self, problem: Problem, direction: Tensor, memory: dict[str, Any], operators: list[GraphOperator]
    ) -> str | None:
        """Find the directions of curvature anew, whole or layer by layer; returns what broke down."""
        test, models = self._test_vectors(problem.gradient, direction, memory), []
        for name, start, stop in self._blocks():
            operators.append(self._operator(problem, name))
            models.append(self._block_model(operators[-1], test[start:stop]))
        # As rows, along which a product with a vector is twice as fast. A copy has the strides of a row that
        # comes out of a checkpoint; with others a product is rounded otherwise.
        found = torch.cat([model.vectors for model in models]).mT
        memory["rows"] = found.clone(memory_format=torch.contiguous_format)
        memory["values"] = torch.stack([model.values for model in models])
        return "; ".join(dict.fromkeys(model.reason for model in models if model.reason)) or None

    def _block_model(self, operator: GraphOperator, test: Tensor) -> LowRankModel:
        if self.settings.directions in _ONE_DIRECTION:
            return rank_one_model(operator, test[:, 0])
        kept = min(self.rank, len(test))
        model = low_rank_model(operator, test[:, :kept])
        missing = (0, self.rank - kept)
        vectors, values = nn.functional.pad(model.vectors, missing), nn.functional.pad(model.values, missing)
        return LowRankModel(vectors, values, model.reason)

    def _test_vectors(self, gradient: Tensor, direction: Tensor, memory: dict[str, Any]) -> Tensor:
        chosen = self.settings.directions
        if chosen == "step" and "previous" in memory:
            return (self._flat.vector() - memory["previous"]).unsqueeze(1)
        if chosen in _ONE_DIRECTION:
            return (direction if chosen == "momentum" else gradient).unsqueeze(1)
        if chosen != "previous" or "rows" not in memory:
            return self._random(gradient)
        found, values = memory["rows"].mT, memory["values"]
        alive = values > torch.finfo(values.dtype).eps * values.amax(1, keepdim=True)
        if bool(alive.all()):
            return found
        # A direction that has vanished, but for rounding, is looked for anew.
        random, rows = self._random(gradient), zip(self._blocks(), alive, strict=True)
        return torch.cat([torch.where(kept, found[a:b], random[a:b]) for (_, a, b), kept in rows])

    def _random(self, gradient: Tensor) -> Tensor:
        drawn = torch.randn(self.rank, len(gradient), generator=self._generator(), dtype=gradient.dtype)
        return drawn.mT.to(gradient.device)

    def _solve(self, metric: Tensor | float, memory: dict[str, Any], right: Tensor) -> Tensor:
        floor = self.settings.safeguard == "floor" and self.rank > 1
        vectors, parts = memory["rows"].mT, []
        for (_, a, b), values in zip(self._blocks(), memory["values"], strict=True):
            own = metric[a:b] if isinstance(metric, Tensor) else metric
            parts.append(solve_damped(own, vectors[a:b], values, right[a:b], floor=floor))
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _curved(self, memory: dict[str, Any], step: Tensor) -> float:
        """sᵀV diag(μ) Vᵀs."""
        coordinates = [memory["rows"][:, a:b] @ step[a:b] for _, a, b in self._blocks()]
        return float((memory["values"] * torch.stack(coordinates) ** 2).sum())

    def _blocks(self) -> list[tuple[str | None, int, int]]:
        """Name in the graph, first place and the one behind the last, of every block that is kept apart."""
        if self.settings.per_layer:
            return [*self._flat.blocks()]
        return [(None, 0, self._flat.blocks()[-1][2])]


def _shortening(
    operator: GraphOperator, metric: Tensor | float, solution: Tensor, direction: Tensor
) -> float:
    """How far along −p the damped quadratic model falls, at most 1; NaN where it is not finite."""
    length = torch.linalg.vector_norm(solution)
    if not bool(length > 0):
        return 1.0
    unit = solution / length  # pᵀMp itself could overflow
    curvature = float(unit @ (operator @ unit) + unit @ (metric * unit))
    slope = float(direction @ unit)
    if math.isfinite(curvature) and not (curvature > 0 and slope > 0):
        return 1.0
    return min(1.0, slope / curvature / float(length)) if math.isfinite(curvature) else math.nan
