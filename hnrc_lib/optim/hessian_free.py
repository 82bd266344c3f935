"""Hessian-free optimisation: conjugate gradients on the damped curvature matrix, and what makes it robust."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.conjugate_gradient import ConjugateGradientResult, conjugate_gradient
from hnrc_lib.linalg.low_rank import LowRankInverse
from hnrc_lib.linalg.nystrom import nystrom
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.curvature_optimizer import CurvatureOptimizer, Proposal
from hnrc_lib.optim.damping import DampingRule
from hnrc_lib.optim.diagonal_newton import hutchinson_diagonal
from hnrc_lib.optim.problem import Closure, Problem

Preconditioner = Literal["none", "diagonal", "nystrom"]
_PROBES, _NYSTROM_RANK, _EXPONENT = 4, 10, 0.75
_SUFFICIENT, _SHORTER, _MAX_HALVINGS = 1e-2, 0.8, 30


@dataclass
class MartensStop:
    """Stop conjugate gradients where the model's last steps gained little, and keep iterates on the way.

        i > k,  φ(x_i) < 0  and  (φ(x_i) − φ(x_{i−k}))/φ(x_i) < kε,   k = max(10, ⌈i/10⌉)

    Attributes:
        tolerance: ε.
        values: φ after every step, from 0.
        kept: x and φ after steps 1, 2, 3, 4, 5, 7, 9, … (growing by 1.3) and the last.

    James Martens, Deep learning via Hessian-free optimization (2010).
    """

    tolerance: float = 5e-4
    values: list[float] = field(default_factory=lambda: [0.0])
    kept: list[tuple[Tensor, float]] = field(default_factory=list)
    _next: float = 1.0

    def __call__(self, step: int, x: Tensor, value: float) -> bool:
        self.values.append(value)
        gap = max(10, math.ceil(step / 10))
        gained = value - self.values[step - gap] if step > gap else -math.inf
        over = step > gap and value < 0 and gained / value < gap * self.tolerance
        if step >= self._next or over:
            self.kept.append((x, value))
            self._next = max(step + 1.0, self._next * 1.3)
        return over


class _Shifted(LinearOperator):
    """M + D with a diagonal D."""

    def __init__(self, operator: LinearOperator, metric: Float[Tensor, " n"]) -> None:
        super().__init__(operator.shape, operator.dtype, operator.device)
        self._operator, self._metric = operator, metric

    def _matmat(self, block: Tensor) -> Tensor:
        return self._operator @ block + self._metric.unsqueeze(1) * block


class _Diagonal(LinearOperator):
    def __init__(self, diagonal: Float[Tensor, " n"]) -> None:
        super().__init__((len(diagonal), len(diagonal)), diagonal.dtype, diagonal.device)
        self._diagonal = diagonal

    def _matmat(self, block: Tensor) -> Tensor:
        return self._diagonal.unsqueeze(1) * block


class HessianFree(CurvatureOptimizer):
    """A damped Newton step by conjugate gradients, checked against the loss itself.

        s ≈ −(M + λI)⁻¹g,   θ ← θ + ηc s

    Conjugate gradients start from the last step, stop by Martens' rule and give the iterates on the way;
    of those the one of lowest loss is taken, going back as long as that helps, and then shortened by 0.8
    until the loss falls by a hundredth of what its slope promises. Non-positive curvature ends the solve;
    the direction found is followed downhill as if its curvature were positive.

    Args:
        params, lr, damping, weight_decay, curvature: as for ``CurvatureOptimizer``; ``"lm:1"`` as damping
            is Martens' choice.
        max_iterations: of conjugate gradients, ≥ 1.
        preconditioner: ``"diagonal"``, (|d| + λ)^0.75 of a Hutchinson estimate d of 4 products; ``"nystrom"``
            of 10 products, for a semi-definite matrix; ``"none"``.
        warm_start: share of the last step that the solve starts from, in [0, 1].

    Raises:
        ValueError: an argument is out of range; Nyström for the Hessian.

    >>> x = torch.tensor([3.0, 1.0], requires_grad=True)
    >>> optimizer = HessianFree([x], lr=1.0, damping=0.0, curvature=Curvature("hessian"))
    >>> loss = optimizer.step(lambda: 2 * x[0] ** 2 + x[1] ** 2 / 2)
    >>> x.detach().abs().max() < 1e-6, optimizer.last_step.iterations
    (tensor(True), 2)

    James Martens, Deep learning via Hessian-free optimization (2010).
    """

    def __init__(
        self,
        params: Any,
        lr: float | int = 1.0,
        damping: float | int | str | DampingRule = "lm:1",
        *,
        curvature: Curvature | None = None,
        max_iterations: int = 50,
        preconditioner: Preconditioner = "none",
        warm_start: float | int = 0.95,
        weight_decay: float | int = 0.0,
    ) -> None:
        settings = curvature or Curvature()
        if preconditioner not in get_args(Preconditioner):
            known = ", ".join(get_args(Preconditioner))
            raise ValueError(f"preconditioner must be one of {known}, got {preconditioner!r}")
        if preconditioner == "nystrom" and settings.matrix == "hessian":
            raise ValueError("preconditioner 'nystrom' needs matrix 'ggn' or 'fisher', got 'hessian'")
        if max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {max_iterations}")
        if not 0 <= warm_start <= 1:
            raise ValueError(f"warm_start must lie in [0, 1], got {warm_start}")
        if settings.refresh != 1:
            raise ValueError(f"curvature.refresh must be 1 for HessianFree, got {settings.refresh}")
        self.max_iterations, self.preconditioner, self.warm_start = max_iterations, preconditioner, warm_start
        super().__init__(params, lr, damping, weight_decay, settings)

    def _propose(self, problem: Problem, closure: Closure) -> Proposal:
        metric = self._per_entry(self._damping_values())
        operator, b = self._operator(problem), -problem.gradient
        shifted, stop = _Shifted(operator, metric), MartensStop()
        start = self.shared.get("solution")
        start = None if start is None or start.shape != b.shape else self.warm_start * start
        found = conjugate_gradient(
            shifted,
            b,
            x0=start,
            rtol=0.0,
            atol=float(torch.finfo(b.dtype).eps * torch.linalg.vector_norm(b)),
            max_steps=self.max_iterations,
            preconditioner=self._preconditioner(operator, metric),
            stop=stop,
        )
        solution, reason = _past_negative_curvature(found, shifted, b)
        earlier = [kept for kept in stop.kept if kept[0] is not solution]
        candidates = [*earlier, (solution, _model(solution, shifted @ solution, b))]
        if not bool(torch.isfinite(solution).all()):
            return Proposal(solution, products=operator.products, reason=reason)
        self.shared["solution"] = solution
        products = operator.products
        step, value, evaluations, shortened = self._backtrack(problem, candidates, closure)
        return self._proposal(
            problem, metric, (step, value), found.steps, products, evaluations, shortened or reason
        )

    def _proposal(
        self,
        problem: Problem,
        metric: Tensor,
        chosen: tuple[Tensor, float],
        iterations: int,
        products: int,
        evaluations: int,
        reason: str | None,
    ) -> Proposal:
        """With the model's value of the damped problem turned into that of the loss alone."""
        step, value = chosen
        slope = float(problem.gradient @ step)
        curved = 2 * (value - slope) - float(step @ (metric * step))
        along = curved / float(step @ step) if bool(step.any()) else 0.0
        rates = self._rates()
        rate = float(rates[0])
        predicted = -(rate * slope + rate**2 * curved / 2)
        return Proposal(rates * step, predicted, along, iterations, products, evaluations, reason)

    def _preconditioner(self, operator: LinearOperator, metric: Tensor) -> LinearOperator | None:
        if self.preconditioner == "none":
            return None
        generator = self._generator()
        if self.preconditioner == "diagonal":
            found = hutchinson_diagonal(operator, _PROBES, generator).abs()
            scale = (found + metric).clamp(min=torch.finfo(metric.dtype).eps) ** _EXPONENT
            return _Diagonal(1 / scale)
        rank = min(_NYSTROM_RANK, operator.shape[0])
        model = nystrom(operator, rank, generator=generator)
        least = max(float(metric.min()), torch.finfo(metric.dtype).eps * float(model.eigenvalues[0]), 1e-30)
        preconditioner: LowRankInverse = model.preconditioner(least)
        return preconditioner

    def _backtrack(
        self, problem: Problem, candidates: list[tuple[Tensor, float]], closure: Closure
    ) -> tuple[Tensor, float, int, str | None]:
        """The kept iterate of lowest loss, going back, then a shorter one until the loss falls enough."""
        rates, evaluations = self._rates(), 0
        step, value = candidates[-1]
        best = self._loss_at(rates * step, closure)
        for earlier, earlier_value in reversed(candidates[:-1]):
            loss = self._loss_at(rates * earlier, closure)
            evaluations += 1
            if not (loss < best or not math.isfinite(best)):
                break
            step, value, best = earlier, earlier_value, loss
        before, slope = float(problem.loss), float(problem.gradient @ (rates * step))
        length = 1.0
        for _ in range(_MAX_HALVINGS):
            if best <= before + _SUFFICIENT * length * slope:
                break
            length *= _SHORTER
            best = self._loss_at(length * rates * step, closure)
            evaluations += 1
        else:
            return torch.zeros_like(step), 0.0, evaluations + 1, "no step lowers the loss"
        raw = float(problem.gradient @ step)
        scaled = length * raw + length**2 * (value - raw)
        note = None if length == 1.0 else f"shortened to {length:.2g}"
        return length * step, scaled, evaluations + 1, note


def _model(x: Tensor, image: Tensor, b: Tensor) -> float:
    return float(x @ image) / 2 - float(b @ x)


def _past_negative_curvature(
    found: ConjugateGradientResult, shifted: LinearOperator, b: Tensor
) -> tuple[Tensor, str | None]:
    """Where the solve met negative curvature: go on along it, downhill, by |curvature|."""
    if found.direction is None:
        return found.solution, None
    direction = found.direction
    residual = b - shifted @ found.solution
    curvature = abs(found.curvature) * float(direction @ direction)
    if not curvature > 0:
        return found.solution, "no curvature along a direction of the solve"
    length = float(residual @ direction) / curvature
    return found.solution + length * direction, "negative curvature turned around"
