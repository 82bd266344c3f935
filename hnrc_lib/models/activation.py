"""Activations by name, and the initial weights that suit them."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

# Gains keep the variance of a layer's output near that of its input (He and others, 2015).
_ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "relu": (torch.relu, nn.init.calculate_gain("relu")),
    "tanh": (torch.tanh, nn.init.calculate_gain("tanh")),
    "gelu": (nn.functional.gelu, nn.init.calculate_gain("relu")),
    "softplus": (nn.functional.softplus, nn.init.calculate_gain("relu")),
}


def activation_function(name: str) -> Callable[[Tensor], Tensor]:
    """Activation φ of that name: ``"relu"``, or one of the smooth ``"tanh"``, ``"gelu"``, ``"softplus"``.

    Raises:
        ValueError: no such activation; lists those there are.

    >>> activation_function("tanh")(torch.zeros(1))
    tensor([0.])
    """
    if name not in _ACTIVATIONS:
        raise ValueError(f"activation must be one of {sorted(_ACTIVATIONS)}, got {name!r}")
    return _ACTIVATIONS[name][0]


def initialize(layer: nn.Module, activation: str | None, generator: torch.Generator | None) -> None:
    """Draw a layer's weights as He and others (2015), set its biases to 0.

    w ~ U(−b, b),  b = gain·√(3 / fan_in)

    Args:
        layer: dense or convolutional, with a bias; changed in place.
        activation: name of the activation that follows, or None for none (gain 1).
        generator: draws the weights; torch's default generator when None.
    """
    gain = 1.0 if activation is None else _ACTIVATIONS[activation][1]
    weight = layer.get_parameter("weight")
    fan_in = weight[0].numel()
    bound = gain * (3.0 / fan_in) ** 0.5
    with torch.no_grad():
        weight.uniform_(-bound, bound, generator=generator)
        layer.get_parameter("bias").zero_()


def linear_layers(
    sizes: tuple[int, ...], activation: str, generator: torch.Generator | None
) -> nn.ModuleList:
    """Dense layers sizes[0] → sizes[1] → …, an activation after each but the last (applied by the caller)."""
    layers = nn.ModuleList()
    for index, (inputs, outputs) in enumerate(pairwise(sizes)):
        # skip_init leaves torch's global random state alone.
        layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
        initialize(layer, activation if index + 2 < len(sizes) else None, generator)
        layers.append(layer)
    return layers


def check_size(name: str, value: int, *, least: int = 1) -> None:
    """Refuse a size that is no integer ≥ ``least``.

    Raises:
        ValueError: names the argument.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
