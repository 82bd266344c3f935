"""What all curvature optimisers share: one step, from a closure to parameters that moved or stayed."""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.damping import DampingRule, make_damping
from hnrc_lib.optim.graph_operator import GraphOperator
from hnrc_lib.optim.problem import Closure, Problem, evaluate, loss_now
from hnrc_lib.optim.step_info import StepInfo

Transform = Callable[[list[Tensor], list[Tensor]], Any]
PRODUCT_COST = {"hessian": 2.0, "ggn": 4 / 3, "fisher": 4 / 3}
FORWARD_COST = 1 / 3
# λ = 0 cannot be raised by multiplying; where it must be raised it starts from here.
_LEAST_RAISED, _RAISE = 1e-4, 10.0


@dataclass(frozen=True, eq=False)
class Proposal:
    """A step that an algorithm proposes.

    Attributes:
        step: s, flat, to be added to θ; without the decay.
        predicted_reduction: of the quadratic model, NaN where it is not known.
        curvature: sᵀMs/sᵀs, NaN where it is not known.
        iterations: of an inner solver.
        products: with the curvature matrix.
        evaluations: forward passes besides the first.
        reason: why it is not the plain step, or None.
    """

    step: Float[Tensor, " n"]
    predicted_reduction: float = math.nan
    curvature: float = math.nan
    iterations: int = 0
    products: int = 0
    evaluations: int = 0
    reason: str | None = None


class CurvatureOptimizer(torch.optim.Optimizer):
    """Base of the optimisers whose step comes from second derivatives.

    ``step(closure)`` takes a closure that returns the loss, or loss and outputs, and calls no ``backward``.
    Parameters are one flat vector over all groups; each group has its own ``lr``, ``damping`` and
    ``weight_decay`` (decoupled: θ ← θ − ηδθ beside the step). Products need float32 or float64: reduced
    precision is refused, as torch's ``GradScaler`` refuses closures.

    Args:
        params: parameters, named or not, or groups.
        lr: η > 0.
        damping: λ ≥ 0, or a rule, or its text, see ``make_damping``.
        weight_decay: δ ≥ 0.
        curvature: the matrix and how it is used.

    Attributes:
        last_step: what the last step did, a ``StepInfo``; None before the first.
        gradient_transforms: called with the parts of the gradient and the parameters, to change the former.
        step_transforms: likewise with the parts of the step before it is added.
    """

    def __init__(
        self,
        params: Any,
        lr: float | int,
        damping: float | int | str | DampingRule,
        weight_decay: float | int = 0.0,
        curvature: Curvature | None = None,
        **defaults: Any,
    ) -> None:
        self.rule, self.curvature = make_damping(damping), curvature or Curvature()
        for name, value, least in (("lr", lr, "positive"), ("weight_decay", weight_decay, "not negative")):
            if not (math.isfinite(value) and (value > 0 or (value == 0 and least == "not negative"))):
                raise ValueError(f"{name} must be finite and {least}, got {value}")
        own = {"lr": float(lr), "damping": self.rule.initial(), "weight_decay": float(weight_decay)}
        super().__init__(params, own | defaults)
        self._check_parameters()
        self.last_step: StepInfo | None = None
        self.gradient_transforms: list[Transform] = []
        self.step_transforms: list[Transform] = []

    @abstractmethod
    def _propose(self, problem: Problem, closure: Closure) -> Proposal:
        """The step for a finite loss and gradient; moves neither parameters nor, if it fails, state."""

    def _matrix_wanted(self) -> bool:
        """Whether the step that comes looks at the curvature."""
        return self.shared.get("count", 0) % self.curvature.refresh == 0

    def step(self, closure: Closure) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step.

        Args:
            closure: returns the loss, or ``(loss, outputs)``, or ``(loss, outputs, output_product)``; see
                ``Curvature``. It may be called more than once and must be the same function each time.

        Returns:
            L(θ) before the step.

        Raises:
            FloatingPointError: something was not finite and the policy is to stop.
            TypeError, ValueError: the closure returns something else.
        """
        if closure is None:
            raise TypeError("closure must be a function that returns the loss, got None")
        matrix = self.curvature.matrix if self._matrix_wanted() else None
        problem = evaluate(closure, self._parameters, matrix, self.curvature.process_group)
        norm = float(torch.linalg.vector_norm(problem.gradient))
        info = StepInfo(float(problem.loss), norm, damping=self._damping_values()[0])
        if not problem.finite:
            self._fail(info, "loss or gradient is not finite", undo=True)
            return problem.loss
        problem = replace(problem, gradient=self._transformed(problem.gradient, self.gradient_transforms))
        proposal = self._propose(problem, closure)
        info = self._with_proposal(info, proposal)
        if not bool(torch.isfinite(proposal.step).all()):
            self._fail(info, "curvature or step is not finite", undo=False)
            return problem.loss
        self._finish(info, proposal, closure)
        return problem.loss

    @property
    def shared(self) -> dict[str, Any]:
        """State of the optimiser as a whole; kept with the first parameter, so that ``state_dict`` has it."""
        return self.state[self._parameters[0]].setdefault("shared", {})

    @property
    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"] if p.requires_grad]

    def _finish(self, info: StepInfo, proposal: Proposal, closure: Closure) -> None:
        """Add the step and see what it did, where the damping rule wants to know."""
        step = self._transformed(proposal.step, self.step_transforms)
        before = [p.detach().clone() for p in self._parameters]
        self._add(step)
        info = replace(info, step_norm=float(torch.linalg.vector_norm(step)))
        if self.rule.needs_gain:
            after = float(loss_now(closure, self.curvature.process_group))
            info = replace(info, actual_reduction=info.loss - after, cost=info.cost + FORWARD_COST)
            if not info.actual_reduction > 0:
                self._restore(before)
                info = replace(info, accepted=False, step_norm=0.0, reason="the loss did not fall")
        if info.accepted:
            self._decay(before)
            self.shared["previous"] = torch.cat([value.reshape(-1) for value in before])
            self.shared["rejections"] = 0
        self._count(info)

    def _count(self, info: StepInfo) -> None:
        count = self.shared.get("count", 0) + 1
        self.shared["count"] = count
        for group in self.param_groups:
            group["damping"] = self.rule.update(group["damping"], info, count, group)
        self.last_step = info

    def _fail(self, info: StepInfo, reason: str, *, undo: bool) -> None:
        policy = self.curvature.on_failure
        self.last_step = replace(info, accepted=False, reason=reason)
        if policy == "stop":
            raise FloatingPointError(
                f"{reason}: loss {info.loss}, gradient norm {info.gradient_norm}, damping {info.damping}; "
                "the parameters are those before this step"
            )
        if policy == "skip":
            return
        if undo and (previous := self.shared.pop("previous", None)) is not None:
            self._restore(self._split(previous))
            self.last_step = replace(self.last_step, reason=f"{reason}: the last step was undone")
        self.shared["rejections"] = self.shared.get("rejections", 0) + 1

    def _damping_values(self) -> list[float]:
        """λ of every group as a step uses it: the group's, raised tenfold for each failure in a row."""
        rejections = self.shared.get("rejections", 0)
        if rejections == 0:
            return [group["damping"] for group in self.param_groups]
        factor = _RAISE**rejections
        return [max(group["damping"], _LEAST_RAISED) * factor for group in self.param_groups]

    def _per_entry(self, values: list[float]) -> Float[Tensor, " n"]:
        """One value a group as one an entry of the flat vector."""
        first = self._parameters[0]
        parts = [
            torch.full((p.numel(),), value, dtype=first.dtype, device=first.device)
            for group, value in zip(self.param_groups, values, strict=True)
            for p in group["params"]
            if p.requires_grad
        ]
        return torch.cat(parts)

    def _rates(self) -> Float[Tensor, " n"]:
        return self._per_entry([float(group["lr"]) for group in self.param_groups])

    def _generator(self) -> torch.Generator:
        """Random numbers of this step, a function of seed and step alone."""
        return torch.Generator().manual_seed(self.curvature.seed * 1_000_003 + self.shared.get("count", 0))

    def _operator(self, problem: Problem) -> GraphOperator:
        assert problem.graph is not None
        return GraphOperator(problem.graph, self.curvature.process_group)

    def _loss_at(self, step: Float[Tensor, " n"], closure: Closure) -> float:
        """L(θ + s), after which θ is what it was, but graphs over it are gone."""
        before = [p.detach().clone() for p in self._parameters]
        self._add(step)
        value = float(loss_now(closure, self.curvature.process_group))
        self._restore(before)
        return value

    def _split(self, flat: Tensor) -> list[Tensor]:
        parameters = self._parameters
        pieces = flat.split([p.numel() for p in parameters])
        return [piece.view_as(p) for piece, p in zip(pieces, parameters, strict=True)]

    def _transformed(self, flat: Tensor, transforms: list[Transform]) -> Tensor:
        if not transforms:
            return flat
        flat = flat.clone()
        parts, parameters = self._split(flat), self._parameters
        for transform in transforms:
            transform(parts, parameters)
        return flat

    @torch.no_grad()
    def _add(self, flat: Tensor) -> None:
        for parameter, part in zip(self._parameters, self._split(flat), strict=True):
            parameter.add_(part)

    @torch.no_grad()
    def _restore(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)

    @torch.no_grad()
    def _decay(self, before: list[Tensor]) -> None:
        """θ ← θ − ηδθ₀, with θ₀ from before the step."""
        values = iter(before)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.requires_grad:
                    value = next(values)
                    if group["weight_decay"]:
                        parameter.add_(value, alpha=-float(group["lr"]) * group["weight_decay"])

    def _with_proposal(self, info: StepInfo, proposal: Proposal) -> StepInfo:
        products = proposal.products * PRODUCT_COST[self.curvature.matrix]
        return replace(
            info,
            predicted_reduction=proposal.predicted_reduction,
            curvature=proposal.curvature,
            iterations=proposal.iterations,
            products=proposal.products,
            cost=1 + products + proposal.evaluations * FORWARD_COST,
            reason=proposal.reason,
        )

    def _check_parameters(self) -> None:
        parameters = self._parameters
        if not parameters:
            raise ValueError("params must hold at least one tensor that requires a gradient, got none")
        kinds = {(p.dtype, p.device) for p in parameters}
        if len(kinds) > 1:
            raise TypeError(f"params must share one dtype and device, got {sorted(map(str, kinds))}")
        if parameters[0].dtype not in (torch.float32, torch.float64):
            raise TypeError(f"params must be float32 or float64, got {parameters[0].dtype}")
