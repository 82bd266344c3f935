"""Minimise a loss by trust-region steps, deterministic and on the whole batch."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from hnrc_lib.curvature import HessianLinearOperator, rerouted
from hnrc_lib.curvature.graph import Loss
from hnrc_lib.linalg.checks import check_count
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim.step_info import StepInfo
from hnrc_lib.optim.taylor import gain_ratio
from hnrc_lib.optim.trust_region.exact import ExactSubproblem
from hnrc_lib.optim.trust_region.radius import RadiusRule
from hnrc_lib.optim.trust_region.subproblem import Subproblem, TrustRegionStep, check_radius

StopReason = Literal["converged", "max_steps", "no_progress"]


@dataclass(frozen=True)
class TrustRegionResult:
    """What ``trust_region_minimize`` found.

    Attributes:
        params: θ, name to tensor; the best point that was reached.
        value: L(θ).
        gradient_norm: ‖∇L(θ)‖.
        radius: Δ at the end.
        reason: "converged"; "max_steps"; or "no_progress", where a step no longer changes θ.
        steps: one entry a step tried, accepted or not.
    """

    params: dict[str, Tensor]
    value: float
    gradient_norm: float
    radius: float
    reason: StopReason
    steps: tuple[StepInfo, ...]

    @property
    def num_steps(self) -> int:
        """Steps tried."""
        return len(self.steps)


def trust_region_minimize(
    loss: Loss,
    params: Mapping[str, Tensor],
    *,
    subproblem: Callable[[LinearOperator, Tensor], Subproblem] = ExactSubproblem,
    radius: float | int = 1.0,
    radius_rule: RadiusRule | None = None,
    gtol: float | int = 1e-6,
    max_steps: int | None = None,
) -> TrustRegionResult:
    """Walk to a minimum of L by steps of its quadratic model, no longer than the model is good for.

        s = argmin gᵀs + ½ sᵀHs over ‖s‖ ≤ Δ,   ρ = (L(θ) − L(θ + s))/(−gᵀs − ½ sᵀHs)

    θ moves where ρ is good enough and Δ follows ρ; see ``RadiusRule``. It has converged at ‖g‖ ≤ gtol
    where, in addition, the solver knows no eigenvalue of H below −√gtol: the exact solver so leaves a saddle
    even from its very point. A loss or a gradient that is not finite refuses the step. Near the end, where
    reductions are rounding, 10 ε|L| is added to both sides of ρ (Conn, Gould & Toint 2000, section 17.4.2).

    Args:
        loss: L(params), a scalar function of the parameter dict, the same at each call.
        params: θ to start from, name to tensor; not changed.
        subproblem: what solves for s: ``ExactSubproblem``, ``SteihaugSubproblem``, or any function of the
            Hessian operator and the flat gradient.
        radius: first Δ > 0, at most the rule's maximum.
        radius_rule: how Δ changes; ``RadiusRule()`` when left out.
        gtol: tolerance of the gradient's norm, ≥ 0.
        max_steps: most steps tried, ≥ 0; 200 n when left out.

    Returns:
        Where it ended, why, and every step.

    Raises:
        ValueError, TypeError: as for ``HessianLinearOperator``; an argument is out of range; the gradient
            at the start, or a Hessian anywhere, is not finite.

    >>> def banana(p):
    ...     x, y = p["x"]
    ...     return (1 - x) ** 2 + 100 * (y - x**2) ** 2
    >>> result = trust_region_minimize(banana, {"x": torch.tensor([-1.2, 1.0], dtype=torch.float64)})
    >>> result.params["x"], result.reason
    (tensor([1.0000, 1.0000], dtype=torch.float64), 'converged')

    Jorge Nocedal and Stephen J. Wright, Numerical optimization (2006), algorithm 4.1.
    """
    rule = RadiusRule() if radius_rule is None else radius_rule
    radius = check_radius(radius)
    if radius > rule.maximum:
        raise ValueError(f"radius must be at most radius_rule.maximum, {rule.maximum}, got {radius}")
    if not (gtol >= 0 and math.isfinite(gtol)):
        raise ValueError(f"gtol must be finite and not negative, got {gtol}")
    point = _Point(loss, params, subproblem, check_deterministic=True)
    max_steps = 200 * len(point.theta) if max_steps is None else max_steps
    check_count("max_steps", max_steps, 0)
    steps: list[StepInfo] = []
    while not point.converged(gtol):
        if len(steps) == max_steps:
            return point.result(radius, "max_steps", steps)
        trial = point.problem.step(radius)
        theta = point.theta + trial.step
        if torch.equal(theta, point.theta):
            return point.result(radius, "no_progress", steps)
        after = _value(loss, point.hessian.unflatten(theta))
        gain, moved = point.gain(trial, after), point
        if rule.accepts(gain):
            there = _Point(loss, point.hessian.unflatten(theta), subproblem)
            # The square root at 0 is finite and its slope is not: no place to go on from.
            gain, moved = (gain, there) if math.isfinite(there.gradient_norm) else (-math.inf, point)
        steps.append(point.info(trial, after, accepted=moved is not point))
        radius = rule.update(radius, gain, on_boundary=trial.on_boundary)
        point = moved
    return point.result(radius, "converged", steps)


class _Point:
    """θ with everything that is known there."""

    def __init__(
        self,
        loss: Loss,
        params: Mapping[str, Tensor],
        subproblem: Callable[[LinearOperator, Tensor], Subproblem],
        *,
        check_deterministic: bool = False,
    ) -> None:
        self.hessian = HessianLinearOperator(loss, params, check_deterministic=check_deterministic)
        self.theta = self.hessian.flatten(self.hessian.params)
        self.value = float(self.hessian.value)
        self.gradient = self.hessian.flatten(self.hessian.gradient)
        self.gradient_norm = float(torch.linalg.vector_norm(self.gradient))
        self._make, self._products = subproblem, 0

    @cached_property
    def problem(self) -> Subproblem:
        return self._make(self.hessian, self.gradient)

    def converged(self, gtol: float | int) -> bool:
        return self.gradient_norm <= gtol and not self.problem.smallest_eigenvalue < -math.sqrt(gtol)

    def gain(self, trial: TrustRegionStep, after: float) -> float:
        """ρ, with the rounding of L added to both reductions."""
        slack = 10 * torch.finfo(self.theta.dtype).eps * abs(self.value)
        promised = trial.predicted_reduction + slack
        return gain_ratio(self.value + slack, after, promised) if promised > 0 else -math.inf

    def info(self, trial: TrustRegionStep, after: float, *, accepted: bool) -> StepInfo:
        products = self.problem.products - self._products
        self._products += products
        length = float(torch.linalg.vector_norm(trial.step))
        return StepInfo(
            loss=self.value,
            gradient_norm=self.gradient_norm,
            step_norm=length if accepted else 0.0,
            damping=trial.damping,
            predicted_reduction=trial.predicted_reduction,
            actual_reduction=self.value - after,
            iterations=trial.iterations,
            products=products,
            cost=2 * products + 1 / 3 + accepted,
            accepted=accepted,
            reason=trial.reason,
        )

    def result(self, radius: float, reason: StopReason, steps: list[StepInfo]) -> TrustRegionResult:
        params = self.hessian.unflatten(self.theta)
        return TrustRegionResult(params, self.value, self.gradient_norm, radius, reason, tuple(steps))


def _value(loss: Loss, params: dict[str, Tensor]) -> float:
    with torch.no_grad(), rerouted():
        return float(loss(params))
