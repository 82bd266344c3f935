"""One evaluation of a loss for its second derivatives: recorded, rerouted, and checked."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.curvature.reroute import rerouted
from hnrc_lib.curvature.vectors import check_params


class Evaluation:
    """Leaves θ, and what a function of them returns, attached to its graph.

    The parameters are copied, so that a later update in place moves neither the graph nor the products.

    Args:
        function: f(params), any tensor; it must use the dict that it is given.
        params: θ, name to tensor.
        name: what the function is called in messages.
        check_deterministic: evaluate it again and compare; otherwise only a function that drew from torch's
            global generator is evaluated again.

    Attributes:
        leaves: the copies, name to tensor, recorded.
        output: f(θ), on its graph.

    Raises:
        ValueError: dropout in training mode, another value at the second call, or no dependence on θ.
        TypeError: a parameter is not real floating point, or the output is no such tensor.
    """

    def __init__(
        self,
        function: Callable[[dict[str, Tensor]], Any],
        params: Mapping[str, Tensor],
        name: str = "loss",
        *,
        check_deterministic: bool = False,
    ) -> None:
        check_params(params)
        with recording():
            self.leaves = {key: value.detach().clone().requires_grad_() for key, value in params.items()}
            device = next(iter(self.leaves.values())).device
            before = _random_state(device)
            with rerouted():
                output = function(dict(self.leaves))
            check_real(name, output)
            drew = not torch.equal(before, _random_state(device))
        self.output: Tensor = output
        if drew or check_deterministic:
            self._check_deterministic(function, name)
        if not output.requires_grad:
            raise ValueError(f"{name} must depend on params, but uses none of {list(params)}")

    def _check_deterministic(self, function: Callable[[dict[str, Tensor]], Any], name: str) -> None:
        values = {key: leaf.detach().clone() for key, leaf in self.leaves.items()}
        with torch.no_grad(), rerouted():
            again = function(values)
        first = self.output.detach()
        # Kernels that sum in any order differ by rounding, which is no other function.
        rtol = 1e3 * torch.finfo(first.dtype).eps
        if again.shape != first.shape or not torch.allclose(again, first, rtol, rtol, equal_nan=True):
            raise ValueError(
                f"{name} must be the same function at each call, but two calls at the same params differ: "
                "draw its random numbers and batches once, outside of it"
            )


@contextlib.contextmanager
def recording() -> Iterator[None]:
    """Derivatives are taken whatever the caller's grad or inference mode."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def check_real(name: str, value: object) -> None:
    """Refuse what is no tensor of real floating point.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must return a tensor, got {type(value).__name__}")
    if not value.is_floating_point():
        raise TypeError(f"{name} must return real floating point, got {value.dtype}")


def check_loss(value: object) -> None:
    """Refuse a loss without a Hessian.

    Raises:
        TypeError: it is no tensor of real floating point.
        ValueError: it is no scalar, or not finite.
    """
    if isinstance(value, Tensor) and value.ndim != 0:
        raise ValueError(f"loss must return a scalar, got shape {tuple(value.shape)}")
    check_real("loss", value)
    assert isinstance(value, Tensor)
    if not bool(torch.isfinite(value)):
        raise ValueError(f"loss must be finite, got {float(value.detach())}")


def _random_state(device: torch.device) -> Tensor:
    if device.type == "cuda":
        return torch.cat((torch.get_rng_state(), torch.cuda.get_rng_state(device)))
    return torch.get_rng_state()
