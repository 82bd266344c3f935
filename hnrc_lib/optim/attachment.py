"""Places on any optimiser where its gradient or its step can be changed, and how to leave them again."""

import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

Transform = Callable[[list[Tensor], list[Tensor]], Any]
AfterStep = Callable[[Optimizer, list[Tensor]], None]
Removal = Callable[[], None]


class Attachment:
    """What is attached to an optimiser, until it is removed.

    Args:
        removals: what undoes it.
    """

    def __init__(self, removals: Sequence[Removal]) -> None:
        self._removals = list(removals)

    def remove(self) -> None:
        """Leave the optimiser as it was; a second time does nothing."""
        while self._removals:
            self._removals.pop()()


def hooked_optimizer(optimizer: Optimizer) -> Optimizer:
    """The optimiser whose ``step`` does the work: a wrapper such as Accelerate's has no hooks of its own.

    Raises:
        TypeError: neither it nor the optimiser inside takes hooks.
    """
    inner: Any = optimizer
    while not hasattr(inner, "_optimizer_step_pre_hooks"):
        inner = getattr(inner, "optimizer", None)
        if inner is None:
            raise TypeError(
                f"optimizer must be a torch.optim.Optimizer that takes hooks, got {type(optimizer).__name__}"
            )
    return inner


def is_curvature_optimizer(optimizer: Optimizer) -> bool:
    """Whether it makes its own gradient, so that ``p.grad`` means nothing to it."""
    return hasattr(optimizer, "gradient_transforms") and hasattr(optimizer, "step_transforms")


def parameters_of(optimizer: Optimizer) -> Iterator[Tensor]:
    """All parameters, in the order of the groups."""
    for group in optimizer.param_groups:
        yield from group["params"]


def attach_to_gradient(optimizer: Optimizer, transform: Transform) -> Removal:
    """Have ``transform(gradients, parameters)`` change the gradients in place, once they are computed.

    Args:
        optimizer: any; with a closure every gradient that the closure computes is changed.
        transform: gets the parameters that have a gradient, from all groups.

    Returns:
        What undoes it.
    """
    if is_curvature_optimizer(optimizer):
        return _append(optimizer.gradient_transforms, transform)  # pyright: ignore[reportAttributeAccessIssue]

    def change() -> None:
        _refuse_scaled(optimizer)
        present = [parameter for parameter in parameters_of(optimizer) if parameter.grad is not None]
        with torch.no_grad():
            transform([parameter.grad for parameter in present if parameter.grad is not None], present)

    def before(_: Optimizer, args: Any, kwargs: Any) -> Any:
        if _is_nested(optimizer):
            return None
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if not callable(closure):
            change()
            return None

        def changed() -> Any:
            loss = closure()
            change()
            return loss

        if "closure" in kwargs:
            return args, {**kwargs, "closure": changed}
        return (args[0], changed, *args[2:]), kwargs

    return optimizer.register_step_pre_hook(before).remove


def attach_to_step(optimizer: Optimizer, transform: Transform) -> Removal:
    """Have ``transform(steps, parameters)`` change what a step adds to the parameters.

    Args:
        optimizer: any. One that does not know of transforms moves first; the part of its move that the
            transform changes is then made anew from the parameters before it, which are kept: one copy.
        transform: gets θ_new − θ_old in place, and θ_old.

    Returns:
        What undoes it.
    """
    if is_curvature_optimizer(optimizer):
        return _append(optimizer.step_transforms, transform)  # pyright: ignore[reportAttributeAccessIssue]

    def change(_: Optimizer, old: list[Tensor]) -> None:
        parameters = list(parameters_of(optimizer))
        steps = [parameter - kept for parameter, kept in zip(parameters, old, strict=True)]
        transform(steps, old)
        for parameter, kept, step in zip(parameters, old, steps, strict=True):
            # What the transform left alone keeps the optimiser's own bits.
            parameter.copy_(torch.where(step == parameter - kept, parameter, kept + step))

    return attach_after_step(optimizer, change)


def attach_after_step(optimizer: Optimizer, update: AfterStep) -> Removal:
    """Have ``update(optimizer, old)`` run after each step that moved, old being θ before it.

    A step that the optimiser refused, or that did nothing since a loss scaler found an overflow, is none.

    Args:
        optimizer: any.
        update: runs without autograd; gets a copy of all parameters, in the order of the groups.

    Returns:
        What undoes it.
    """
    kept: list[Tensor] = []

    def before(*_: Any) -> None:
        if not _is_nested(optimizer):
            kept[:] = [parameter.detach().clone() for parameter in parameters_of(optimizer)]

    def after(*_: Any) -> None:
        if _is_nested(optimizer):
            return
        if _moved(optimizer):
            with torch.no_grad():
                update(optimizer, kept)
        kept.clear()

    handles = [optimizer.register_step_pre_hook(before), optimizer.register_step_post_hook(after)]

    def remove() -> None:
        for handle in handles:
            handle.remove()

    return remove


def _append(transforms: list[Transform], transform: Transform) -> Removal:
    transforms.append(transform)

    def remove() -> None:
        transforms[:] = [other for other in transforms if other is not transform]

    return remove


def _moved(optimizer: Optimizer) -> bool:
    """False where the optimiser refused its step, or a loss scaler found an overflow and it did nothing."""
    overflow = getattr(optimizer, "found_inf", None)
    if overflow is not None and float(overflow) > 0:
        return False
    last_step = getattr(optimizer, "last_step", None)
    return last_step is None or bool(getattr(last_step, "accepted", True))


def _refuse_scaled(optimizer: Optimizer) -> None:
    if getattr(optimizer, "grad_scale", None) is not None:
        raise RuntimeError(
            "gradients must be unscaled before the step: a fused optimiser is handed the loss scaler's "
            "factor, call scaler.unscale_(optimizer) before scaler.step(optimizer)"
        )


_WRAPPER = Optimizer.profile_hook_step(lambda: None).__code__


def _is_nested(optimizer: Optimizer) -> bool:
    """Whether this hook runs in a step that another step of the same optimiser called.

    torch wraps ``step`` once a class: where a subclass calls ``super().step()`` the hooks would run twice
    (pytorch-optimizer's MuonClip does). The stack is asked, since a counter would not survive an exception.
    """
    depth, frame = 0, sys._getframe()
    while frame is not None and depth < 2:
        depth += _is_step_of(frame, optimizer)
        frame = frame.f_back
    return depth > 1


def _is_step_of(frame: FrameType, optimizer: Optimizer) -> bool:
    return frame.f_code is _WRAPPER and frame.f_locals.get("self") is optimizer
