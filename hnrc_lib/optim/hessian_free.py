"""Hessian-free optimisation: conjugate gradients on the damped curvature matrix, and what makes it robust."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.conjugate_gradient import ConjugateGradientResult, conjugate_gradient
from hnrc_lib.linalg.nystrom import nystrom_of_sketch
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.curvature_optimizer import CurvatureOptimizer
from hnrc_lib.optim.damping import DampingRule
from hnrc_lib.optim.diagonal_newton import hutchinson_diagonal
from hnrc_lib.optim.graph_operator import GraphOperator
from hnrc_lib.optim.problem import Closure, Problem
from hnrc_lib.optim.proposal import Proposal, rayleigh_quotient

Preconditioner = Literal["none", "diagonal", "nystrom"]
_PROBES, _NYSTROM_RANK, _EXPONENT = 4, 10, 0.75
_GROWTH = 1.3  # Martens' γ
# Residuals of so many roundings are what conjugate gradients reach; below, iterations are idle.
_ROUNDING = 100
_SUFFICIENT, _SHORTER, _MAX_SHORTENINGS = 1e-2, 0.8, 60


@dataclass
class MartensStop:
    """Stop conjugate gradients where the model's last steps gained little, and keep iterates on the way.

        i > k,  φ(x_i) < 0  and  (φ(x_i) − φ(x_{i−k}))/φ(x_i) < kε,   k = max(10, ⌈i/10⌉)

    Attributes:
        tolerance: ε.
        values: φ after every step, from 0.
        kept: x and φ after steps ⌈1.3ʲ⌉ = 1, 2, 3, 4, 5, 7, 9, … and the last.

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
        if step >= math.ceil(self._next) or over:
            self.kept.append((x, value))
        while math.ceil(self._next) <= step:
            self._next *= _GROWTH
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

        s ≈ −(M + λI)⁻¹g,   θ ← θ + αc s

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
        operator, b = self._operator(problem), -problem.gradient
        metric = self._flat.per_entry(self._damping_values()) * torch.ones_like(b)
        candidates, steps, reason = self._solve(operator, metric, b)
        if candidates is None:
            return Proposal(
                torch.full_like(b, torch.nan),
                products=operator.products,
                iterations=steps,
                reason=reason,
                matrix_finite=operator.finite,
            )
        solution = candidates[-1][0]
        # The products of before: from here on θ moves to look at the loss, and the graph is gone.
        tried = self._curved_steps(operator, metric, b, candidates)
        step, curved, loss, evaluations, shortened = self._backtrack(problem, tried, closure)
        return Proposal(
            step,
            rayleigh_quotient(step, curved),
            {"solution": solution if bool(step.any()) else torch.zeros_like(solution)},
            steps,
            operator.products,
            evaluations,
            loss,
            "; ".join(part for part in (reason, shortened) if part) or None,
        )

    def _solve(
        self, operator: GraphOperator, metric: Tensor, b: Tensor
    ) -> tuple[list[tuple[Tensor, float]] | None, int, str | None]:
        """Iterates and the damped model's values at them, the last one last; None where not finite."""
        shifted, stop = _Shifted(operator, metric), MartensStop()
        preconditioner = self._preconditioner(operator, metric)
        if not operator.finite:
            return None, 0, "products are not finite"
        start = self.shared.get("solution")
        found = conjugate_gradient(
            shifted,
            b,
            x0=None if start is None else self.warm_start * start,
            rtol=0.0,
            atol=_ROUNDING * float(torch.finfo(b.dtype).eps * torch.linalg.vector_norm(b)),
            max_steps=self.max_iterations,
            preconditioner=preconditioner,
            stop=stop,
        )
        solution, reason = _past_negative_curvature(found, shifted, b)
        if found.reason == "not_finite" or not bool(torch.isfinite(solution).all()):
            return None, found.steps, "the solve is not finite"
        if solution is found.solution and found.steps > 0:
            value = stop.values[-1]
        else:
            value = _model(solution, shifted @ solution, b)
        earlier = [kept for kept in stop.kept if kept[0] is not solution]
        return [*earlier, (solution, value)], found.steps, reason

    def _curved_steps(
        self, operator: GraphOperator, metric: Tensor, b: Tensor, candidates: list[tuple[Tensor, float]]
    ) -> list[tuple[Tensor, float]]:
        """The steps αx of the iterates, and sᵀMs of each: from the model's value where all have one α."""
        rates = self._values("lr")
        steps = [rates * x for x, _ in candidates]
        if isinstance(rates, Tensor):
            stacked = torch.stack(steps, dim=1)
            return list(zip(steps, (stacked * (operator @ stacked)).sum(dim=0).tolist(), strict=True))
        # φ(x) = ½xᵀ(M + D)x − bᵀx
        curved = [
            rates**2 * (2 * (value + float(b @ x)) - float(x @ (metric * x))) for x, value in candidates
        ]
        return list(zip(steps, curved, strict=True))

    def _preconditioner(self, operator: GraphOperator, metric: Tensor) -> LinearOperator | None:
        """M⁻¹ or nothing; of no use where a product was not finite."""
        if self.preconditioner == "none":
            return None
        if self.preconditioner == "diagonal":
            found = hutchinson_diagonal(operator, _PROBES, self._generator()).abs()
            scale = (found + metric).clamp(min=torch.finfo(metric.dtype).eps) ** _EXPONENT
            return _Diagonal(1 / scale)
        rank = min(_NYSTROM_RANK, operator.shape[0])
        test = torch.randn(rank, operator.shape[0], generator=self._generator(), dtype=metric.dtype).mT
        test = torch.linalg.qr(test.to(metric.device))[0]
        sketch = operator @ test
        if not operator.finite:
            return None
        model = nystrom_of_sketch(test, sketch)
        least = max(float(metric.min()), torch.finfo(metric.dtype).eps * float(model.eigenvalues[0]), 1e-30)
        return model.preconditioner(least)

    def _backtrack(
        self, problem: Problem, tried: list[tuple[Tensor, float]], closure: Closure
    ) -> tuple[Tensor, float, float, int, str | None]:
        """Of the steps the one of lowest loss, going back, then a shorter one until the loss falls enough."""
        step, curved = tried[-1]
        loss, evaluations = self._loss_at(step, closure), 1
        for earlier, earlier_curved in reversed(tried[:-1]):
            there = self._loss_at(earlier, closure)
            evaluations += 1
            if not (there < loss or not math.isfinite(loss)):
                break
            step, curved, loss = earlier, earlier_curved, there
        before, slope, length = float(problem.loss), float(problem.gradient @ step), 1.0
        for _ in range(_MAX_SHORTENINGS):
            if loss <= before + _SUFFICIENT * length * slope:
                note = None if length == 1.0 else f"shortened to {length:.2g}"
                return length * step, length**2 * curved, loss, evaluations, note
            length *= _SHORTER
            loss = self._loss_at(length * step, closure)
            evaluations += 1
        return torch.zeros_like(step), 0.0, before, evaluations, "no step lowers the loss"


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
    square = float(direction @ direction)
    image = float(torch.linalg.vector_norm(shifted @ direction)) * square**0.5
    curvature = abs(found.curvature) * square
    # Within rounding of zero it says nothing about how far to go.
    if curvature <= torch.finfo(b.dtype).eps * image:
        return found.solution, "no curvature along a direction of the solve"
    length = float(residual @ direction) / curvature
    return found.solution + length * direction, "negative curvature turned around"
