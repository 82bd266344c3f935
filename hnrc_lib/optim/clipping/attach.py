"""Clipping of any optimiser's gradients or steps, by attaching a rule to it.

What holds under other machinery:

- Several processes: where they hold whole parameters and equal gradients (DDP, Accelerate), all clip alike.
  Sharded parameters (FSDP, DTensor) are each process's own share, whose norm is not the whole's: refused
  where torch says so (DTensor), for the user to avoid where it does not.
- Loss scaling: ``GradScaler`` unscales before a step and skips one that overflowed, so that rules see the
  true gradient; fused optimisers get scaled ones, and are refused until ``scaler.unscale_`` was called.
- A step inside a captured CUDA graph is not served: a report is read on the host.
- L-BFGS: every gradient its closure computes is clipped, and then no longer that of the loss that its line
  search sees; clipping its step bounds one call of ``step``, all inner iterations together.
"""

from collections.abc import Callable

from torch import Tensor
from torch.optim import Optimizer

from hnrc_lib.optim.attachment import (
    Attachment,
    Removal,
    Transform,
    attach_to_gradient,
    attach_to_step,
    hooked_optimizer,
)
from hnrc_lib.optim.clipping.report import ClipReport

Rule = Callable[[list[Tensor], list[Tensor]], ClipReport]


class AttachedClipping(Attachment):
    """A rule on an optimiser, until ``remove`` is called.

    Attributes:
        rule: what clips.
        last_report: what it did last; None before it was used.
    """

    def __init__(
        self, optimizer: Optimizer, rule: Rule, attach: Callable[[Optimizer, Transform], Removal]
    ) -> None:
        self.rule = rule
        self.last_report: ClipReport | None = None
        super().__init__([attach(hooked_optimizer(optimizer), self._clip)])

    def _clip(self, parts: list[Tensor], parameters: list[Tensor]) -> None:
        self.last_report = self.rule(parts, parameters)


def clip_gradients(optimizer: Optimizer, rule: Rule) -> AttachedClipping:
    """Clip the gradients of any optimiser before it uses them.

    Attached rules work in the order in which they were attached, on all groups together. ``p.grad`` itself
    is clipped, as by torch's ``clip_grad_norm_``: two steps without a new gradient clip it twice.

    Args:
        optimizer: of torch or anyone else, wrapped by Accelerate or not, or one of this package.
        rule: called as ``rule(gradients, parameters)``; a ``ClippingRule`` or what does the same.

    Returns:
        A handle with ``last_report`` and ``remove()``.

    Raises:
        TypeError: the optimiser takes no hooks.

    >>> import torch
    >>> from hnrc_lib.optim.clipping import ClipByGlobalNorm
    >>> weight = torch.nn.Parameter(torch.zeros(2))
    >>> optimizer = torch.optim.SGD([weight], lr=1.0)
    >>> clipping = clip_gradients(optimizer, ClipByGlobalNorm(1.0))
    >>> weight.grad = torch.tensor([3.0, 4.0])
    >>> optimizer.step()
    >>> weight.tolist(), clipping.last_report.norm_before
    ([-0.6000..., -0.8000...], 5.0)
    """
    return AttachedClipping(optimizer, rule, attach_to_gradient)


def clip_steps(optimizer: Optimizer, rule: Rule) -> AttachedClipping:
    """Clip what an optimiser adds to the parameters, whatever it made of the gradient.

    Adam undoes a constant rescaling of its gradients; a bound on its step holds. Tensors that the rule
    leaves alone keep the optimiser's bits; the others lie at θ + clipped step, up to rounding. It costs one
    copy of the parameters, save with the optimisers of this package.

    Args:
        optimizer: as for ``clip_gradients``.
        rule: called as ``rule(steps, parameters)``, with the parameters before the step.

    Returns:
        A handle with ``last_report`` and ``remove()``.

    Raises:
        TypeError: the optimiser takes no hooks.

    >>> import torch
    >>> from hnrc_lib.optim.clipping import ClipByValue
    >>> weight = torch.nn.Parameter(torch.zeros(2))
    >>> optimizer = torch.optim.SGD([weight], lr=1.0)
    >>> clipping = clip_steps(optimizer, ClipByValue(0.5))
    >>> weight.grad = torch.tensor([3.0, 0.25])
    >>> optimizer.step()
    >>> weight.tolist(), clipping.last_report.fraction
    ([-0.5, -0.25], 0.5)
    """
    return AttachedClipping(optimizer, rule, attach_to_step)
