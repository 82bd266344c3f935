"""The product of inputs and weights, with derivatives that a value computed elsewhere may carry."""

# torch declares forward, backward and vmap with open argument lists; ours are named.
# pyright: reportIncompatibleMethodOverride=false

from typing import Any

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import MaybeTensor
from hnrc_lib.models.recurrent.functions import Unbatched


class Projection(Unbatched):
    """z = W x + b where the gradient of W reads x from ``saved``, a tensor of the same value.

    Without ``compute`` z is left unset: only its derivatives are wanted.
    """

    @staticmethod
    def forward(inputs: Tensor, saved: Tensor, weight: Tensor, bias: MaybeTensor, compute: bool) -> Tensor:
        if compute:
            return torch.nn.functional.linear(inputs, weight, bias)
        return inputs.new_zeros(()).expand(*inputs.shape[:-1], weight.shape[0])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(inputs[1], inputs[2])

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        saved, weight = ctx.saved_tensors
        need_inputs, _, need_weight, need_bias, _ = ctx.needs_input_grad
        by_inputs = cotangent @ weight if need_inputs else None
        rows = cotangent.reshape(-1, cotangent.shape[-1])
        by_weight = rows.mT @ saved.reshape(-1, saved.shape[-1]) if need_weight else None
        return by_inputs, None, by_weight, cotangent.sum((0, 1)) if need_bias else None, None
