"""Regularisation of any optimiser, by attaching a rule to it."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from hnrc_lib.optim.attachment import (
    Attachment,
    attach_after_step,
    attach_to_gradient,
    hooked_optimizer,
    is_curvature_optimizer,
)
from hnrc_lib.optim.regularization.exclusion import Exclusion, is_bias_or_normalization
from hnrc_lib.optim.regularization.rule import GradientTerm, Regularization, StepTerm


class AttachedRegularization(Attachment):
    """A rule on an optimiser, until ``remove`` is called.

    Attributes:
        rule: what regularises.
        exclude: what it leaves alone.
    """

    def __init__(self, optimizer: Optimizer, rule: Regularization, exclude: Exclusion | None) -> None:
        self.rule, self.exclude = rule, exclude
        self._optimizer = hooked_optimizer(optimizer)
        self._check()
        if isinstance(rule, GradientTerm):
            super().__init__([attach_to_gradient(self._optimizer, self._add_term)])
        else:
            super().__init__([attach_after_step(self._optimizer, self._change)])

    @torch.no_grad()
    def _add_term(self, gradients: list[Tensor], parameters: list[Tensor]) -> None:
        assert isinstance(self.rule, GradientTerm)
        excluded = self._excluded()
        for gradient, parameter in zip(gradients, parameters, strict=True):
            if id(parameter) in excluded:
                continue
            if gradient.layout != torch.strided:
                raise TypeError(
                    f"gradients must be dense, got a tensor of layout {gradient.layout} and shape "
                    f"{tuple(gradient.shape)}: exclude this parameter, or use sparse=False"
                )
            gradient.add_(self.rule.gradient(parameter))

    def _change(self, optimizer: Optimizer, before: list[Tensor]) -> None:
        assert isinstance(self.rule, StepTerm)
        excluded, old = self._excluded(), iter(before)
        own_gradient = is_curvature_optimizer(optimizer)
        for group in optimizer.param_groups:
            rate = _learning_rate(group)
            for parameter in group["params"]:
                kept = next(old)
                used = parameter.requires_grad if own_gradient else parameter.grad is not None
                if used and id(parameter) not in excluded:
                    parameter.copy_(self.rule.after_step(parameter, kept, rate))

    def _excluded(self) -> set[int]:
        if self.exclude is None:
            return set()
        return {id(value) for name, value in _named(self._optimizer) if self.exclude(name, value)}

    def _check(self) -> None:
        """Fail when attached, not at the first step."""
        if not isinstance(self.rule, GradientTerm | StepTerm):
            expected = "L2, DecoupledDecay, L1Subgradient, L1Proximal or a rule of their kind"
            raise TypeError(f"rule must be {expected}, got {type(self.rule).__name__}")
        groups = self._optimizer.param_groups
        if isinstance(self.rule, StepTerm):
            for group in groups:
                _learning_rate(group)
        by_name = self.exclude is not None and self.exclude is not is_bias_or_normalization
        if by_name and not all("param_names" in group for group in groups):
            raise ValueError(
                "exclude must see names: make the optimiser from model.named_parameters(), got one made from "
                "parameters without names"
            )


def regularize(
    optimizer: Optimizer, rule: Regularization, *, exclude: Exclusion | None = is_bias_or_normalization
) -> AttachedRegularization:
    """Regularise the steps of any optimiser.

    Terms of the gradient come in before the optimiser uses it, and before or after a clip as they were
    attached before or after it; decay and proximal step come after the optimiser's step. A step that the
    optimiser refused, or that a loss scaler cancelled, decays nothing; nor does a parameter without gradient,
    as in torch's AdamW. For loss scaling and several processes see ``clipping.attach``.

    Args:
        optimizer: of torch or anyone else, wrapped by Accelerate or not, or one of this package.
        rule: ``L2``, ``L1Subgradient``, ``DecoupledDecay`` or ``L1Proximal``; the last two
            read η from ``group["lr"]`` at each step, so that schedulers count.
        exclude: predicate on (name, parameter) that says what to leave alone; None leaves out nothing. Any
            but the default needs an optimiser made from ``model.named_parameters()``.

    Returns:
        A handle with ``remove()``; parameters added later are regularised too.

    Raises:
        TypeError: the optimiser takes no hooks, or the rule is none.
        ValueError: a group has no learning rate that the rule needs, or no names that ``exclude`` needs.

    >>> import torch
    >>> from hnrc_lib.optim.regularization import DecoupledDecay
    >>> weight = torch.nn.Parameter(torch.ones(1, 1))
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> decay = regularize(optimizer, DecoupledDecay(0.5))
    >>> weight.grad = torch.tensor([[1.0]])
    >>> optimizer.step()
    >>> weight.item()
    0.25
    """
    return AttachedRegularization(optimizer, rule, exclude)


def _named(optimizer: Optimizer) -> Iterable[tuple[str, Tensor]]:
    for group in optimizer.param_groups:
        names = group.get("param_names", [""] * len(group["params"]))
        yield from zip(names, group["params"], strict=True)


def _learning_rate(group: dict) -> float:
    if "lr" not in group:
        raise ValueError(f"groups must have a learning rate 'lr', got one with keys {sorted(group)}")
    return float(group["lr"])
