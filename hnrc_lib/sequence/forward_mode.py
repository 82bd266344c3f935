"""Nested forward mode through an ``autograd.Function``.

torch switches forward mode off while a function's ``jvp`` runs, so that an outer ``torch.func.jvp`` sees a
constant: jvp(jvp(x³)) through a custom function comes out as 0, silently. Here it is switched on again, with
the tangents of the innermost level taken off, which the rule itself accounts for.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor
from torch.autograd import forward_ad


def with_outer_tangents(rule: Callable[..., Any], *tensors: Tensor | None) -> Any:
    """``rule(*tensors)``, differentiable by the levels outside the innermost one.

    Args:
        rule: the body of a ``jvp``.
        tensors: its saved tensors and its tangents.
    """
    with forward_ad._set_fwd_grad_enabled(True):
        return rule(*_primals(tensors))


def _primals(tensors: Sequence[Tensor | None]) -> list[Tensor | None]:
    return [
        forward_ad.unpack_dual(tensor, level=0).primal
        if tensor is not None and tensor.is_floating_point()
        else tensor
        for tensor in tensors
    ]
