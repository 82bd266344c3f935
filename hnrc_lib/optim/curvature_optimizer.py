"""What all curvature optimisers share: one step, from a closure to parameters that moved or stayed."""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.damping import DampingRule, make_damping
from hnrc_lib.optim.flat_parameters import FlatParameters, all_finite
from hnrc_lib.optim.graph_operator import GraphOperator
from hnrc_lib.optim.problem import Closure, Problem, evaluate, loss_now
from hnrc_lib.optim.proposal import Proposal
from hnrc_lib.optim.step_info import StepInfo

Transform = Callable[[list[Tensor], list[Tensor]], Any]
PRODUCT_COST = {"hessian": 2.0, "ggn": 4 / 3, "fisher": 4 / 3}
FORWARD_COST = 1 / 3
# λ = 0 cannot be raised by multiplying: where it must be, it counts as this. Beyond 10³⁰ nothing moves.
_ZERO_RAISED, _RAISE, _MOST_RAISES = 1e-4, 10.0, 30
# What of the shared state outlives a change of the parameters that train.
_LASTING = ("count", "rejections")


class CurvatureOptimizer(torch.optim.Optimizer):
    """Base of the optimisers whose step comes from second derivatives.

    ``step(closure)`` takes a closure that returns the loss, or loss and outputs, and calls no ``backward``.
    Parameters are one flat vector over all groups; each group has its own ``lr``, ``damping`` and
    ``weight_decay`` (decoupled: θ ← θ − αδθ beside the step). Products need float32 or float64: reduced
    precision is refused, as torch's ``GradScaler`` refuses closures. Where other parameters train than at
    the last step (a group was added, a layer frozen), curvature and momentum start anew.

    Args:
        params: parameters, named or not, or groups.
        lr: α > 0.
        damping: λ ≥ 0, or a rule, or its text, see ``make_damping``.
        weight_decay: δ ≥ 0.
        curvature: the matrix and how it is used.

    Attributes:
        last_step: what the last step did, a ``StepInfo``; None before the first.
        gradient_transforms: called with the parts of the gradient and the parameters, to change the former.
        step_transforms: likewise with the parts of the step before it is added.
    """

    # Key in ``shared`` of what a step without a look at the curvature needs.
    _curvature_key: ClassVar[str | None] = None
    _zero_damping: ClassVar[bool] = True

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
        self.last_step: StepInfo | None = None
        self.gradient_transforms: list[Transform] = []
        self.step_transforms: list[Transform] = []
        own = {"lr": lr, "damping": self.rule.initial(), "weight_decay": float(weight_decay)}
        super().__init__(params, own | defaults)
        if not self._flat.tensors:
            raise ValueError("params must hold at least one tensor that requires a gradient, got none")

    @abstractmethod
    def _propose(self, problem: Problem, closure: Closure) -> Proposal:
        """The step for a finite loss and gradient; moves neither parameters nor state."""

    def _matrix_wanted(self) -> bool:
        """Whether the step that comes looks at the curvature."""
        due = self.shared.get("count", 0) % self.curvature.refresh == 0
        return due or (self._curvature_key is not None and self._curvature_key not in self.shared)

    def step(self, closure: Closure) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step.

        Args:
            closure: returns the loss, or ``(loss, outputs)``, or ``(loss, outputs, output_product)``; see
                ``Curvature``. It may be called more than once and must be the same function each time.

        Returns:
            L(θ) before the step.

        Raises:
            FloatingPointError: something was not finite and the policy is to stop.
            TypeError, ValueError: the closure returns something else; θ is what it was.
        """
        if closure is None:
            raise TypeError("closure must be a function that returns the loss, got None")
        with torch.inference_mode(False), torch.no_grad():
            return self._step(closure)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's, refusing numbers out of range and another dtype or device."""
        super().add_param_group(param_group)
        try:
            _check_group(self.param_groups[-1], self._zero_damping)
            _check_kinds(self._flat.tensors)
        except (TypeError, ValueError):
            self.param_groups.pop()
            raise

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch's, with tensors copied: what lies askew in a file's buffer may be rounded otherwise."""
        super().load_state_dict(state_dict)
        for name, value in self.shared.items():
            if isinstance(value, Tensor):
                self.shared[name] = value.clone()

    @property
    def shared(self) -> dict[str, Any]:
        """State of the optimiser as a whole; kept with the first parameter, so that ``state_dict`` has it."""
        first = next(p for group in self.param_groups for p in group["params"])
        return self.state[first].setdefault("shared", {})

    @property
    def _flat(self) -> FlatParameters:
        return FlatParameters(self.param_groups)

    def __getstate__(self) -> dict[str, Any]:  # torch's keeps three attributes, and a copy needs all
        hooks = {name for name in self.__dict__ if name.startswith("_optimizer_")}
        return {name: value for name, value in self.__dict__.items() if name not in hooks}

    def _step(self, closure: Closure) -> Tensor:
        flat = self._settled()
        matrix = self.curvature.matrix if self._matrix_wanted() else None
        problem = evaluate(closure, flat.tensors, matrix, self.curvature.process_group)
        norm = float(torch.linalg.vector_norm(problem.gradient))
        info = StepInfo(float(problem.loss), norm, damping=self._damping_values()[0])
        if not problem.finite:
            self._fail(info, "loss or gradient is not finite", undo=True)
            return problem.loss
        raw = problem.gradient
        problem = replace(problem, gradient=self._transformed(raw, self.gradient_transforms))
        proposal = self._propose(problem, closure)
        products = proposal.products * PRODUCT_COST[self.curvature.matrix]
        info = replace(
            info,
            iterations=proposal.iterations,
            products=proposal.products,
            cost=1 + products + proposal.evaluations * FORWARD_COST,
            reason=proposal.reason,
        )
        if proposal.matrix_finite:
            self._finish(info, proposal, raw, closure)
        else:
            self._fail(info, "the curvature is not finite", undo=True)
        return problem.loss

    def _finish(self, info: StepInfo, proposal: Proposal, gradient: Tensor, closure: Closure) -> None:
        """Add the step and see what it did, where the damping rule wants to know."""
        flat = self._flat
        before, step = flat.vector(), self._transformed(proposal.step, self.step_transforms)
        after = before + step
        if not all_finite(after):
            self._fail(info, "the step is not finite", undo=False)
            return
        square = float(step @ step)
        # After a transform of the step its curvature is taken for that of the one proposed.
        predicted = -float(gradient @ step) - proposal.curvature * square / 2
        info = replace(
            info,
            step_norm=math.sqrt(square),
            curvature=proposal.curvature,
            predicted_reduction=predicted,
        )
        if self.rule.needs_gain:
            info = self._with_gain(info, proposal, step, closure)
        self.shared.update(proposal.memory)
        if info.accepted:
            decays = [float(group["lr"]) * group["weight_decay"] for group in self.param_groups]
            flat.assign(after - flat.per_entry(decays) * before if any(decays) else after)
            self.shared.update(previous=before, tried=self.shared.get("rejections", 0), rejections=0)
        count = self.shared["count"] = self.shared.get("count", 0) + 1
        for group in self.param_groups:
            memory = group.setdefault("damping_memory", {})
            group["damping"] = self.rule.update(group["damping"], info, count, memory)
        self.last_step = info

    def _with_gain(self, info: StepInfo, proposal: Proposal, step: Tensor, closure: Closure) -> StepInfo:
        after, cost = proposal.loss_after, info.cost
        if math.isnan(after) or self.step_transforms:
            after, cost = self._loss_at(step, closure), info.cost + FORWARD_COST
        info = replace(info, actual_reduction=info.loss - after, cost=cost)
        if info.actual_reduction > 0:
            return info
        reason = "; ".join(part for part in (info.reason, "the loss did not fall") if part)
        return replace(info, accepted=False, step_norm=0.0, reason=reason)

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
        shared, rejections = self.shared, self.shared.get("rejections", 0)
        if undo and "previous" in shared:
            self._flat.assign(shared.pop("previous"))
            # λ goes on from what the step that is undone was tried with, or it would be tried for ever.
            rejections = max(rejections, shared.pop("tried"))
            for name in ("momentum", "solution"):
                shared.pop(name, None)
            self.last_step = replace(self.last_step, reason=f"{reason}: the last step was undone")
        shared["rejections"] = rejections + 1

    def _settled(self) -> FlatParameters:
        """The parameters, after dropping state that belongs to other ones."""
        flat = self._flat
        if not flat.tensors:
            raise ValueError("params must hold at least one tensor that requires a gradient, got none")
        if self.shared.get("places", flat.places) != flat.places:
            for name in set(self.shared) - set(_LASTING):
                del self.shared[name]
        self.shared["places"] = flat.places
        return flat

    def _damping_values(self) -> list[float]:
        """λ of every group as a step uses it: the group's, raised tenfold for each failure in a row."""
        rejections = min(self.shared.get("rejections", 0), _MOST_RAISES)
        own = [float(group["damping"]) for group in self.param_groups]
        return [(value or _ZERO_RAISED) * _RAISE**rejections for value in own] if rejections else own

    def _values(self, name: str) -> Tensor | float:
        """A number of the groups, an entry each where they differ."""
        return self._flat.per_entry([float(group[name]) for group in self.param_groups])

    def _generator(self) -> torch.Generator:
        """Random numbers of this step, a function of seed and step alone."""
        number = self.curvature.seed * 1_000_003 + self.shared.get("count", 0)
        return torch.Generator().manual_seed(number % 2**63)

    def _operator(self, problem: Problem, block: str | None = None) -> GraphOperator:
        assert problem.graph is not None
        return GraphOperator(problem.graph, self.curvature.process_group, block=block)

    def _loss_at(self, step: Float[Tensor, " n"], closure: Closure) -> float:
        """L(θ + s), after which θ is what it was, to the bit, but graphs over it are gone."""
        flat = self._flat
        before = flat.vector()
        try:
            flat.assign(before + step)
            return float(loss_now(closure, self.curvature.process_group))
        finally:
            flat.assign(before)

    def _transformed(self, vector: Tensor, transforms: list[Transform]) -> Tensor:
        if not transforms:
            return vector
        vector, flat = vector.clone(), self._flat
        parts = flat.split(vector)
        for transform in transforms:
            transform(parts, flat.tensors)
        return vector


def _check_group(group: dict[str, Any], zero_damping: bool) -> None:
    """Refuse numbers of a group that are out of range."""
    if isinstance(group["damping"], str | DampingRule):
        raise TypeError(f"damping of a group must be a number, got {group['damping']!r}")
    for name, positive in (("lr", True), ("weight_decay", False), ("damping", not zero_damping)):
        value = float(group[name])
        if not math.isfinite(value) or value < 0 or (positive and value == 0):
            raise ValueError(
                f"{name} must be finite and {'positive' if positive else 'not negative'}, got {value}"
            )
    if not 0 <= group.get("momentum", 0.0) < 1:
        raise ValueError(f"momentum must lie in [0, 1), got {group['momentum']}")


def _check_kinds(parameters: list[Tensor]) -> None:
    kinds = {(p.dtype, p.device) for p in parameters}
    if len(kinds) > 1:
        raise TypeError(f"params must share one dtype and device, got {sorted(map(str, kinds))}")
    for dtype, _ in kinds:
        if dtype not in (torch.float32, torch.float64):
            raise TypeError(f"params must be float32 or float64, got {dtype}")
