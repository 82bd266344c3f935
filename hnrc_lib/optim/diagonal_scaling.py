"""The diagonal scalings of Adam, RMSprop and Adagrad, as a metric that a curvature step is taken in."""

from collections.abc import MutableMapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hnrc_lib._shapes import Float

Scaling = Literal["none", "adam", "rmsprop", "adagrad"]
_EPSILON = {"adam": 1e-8, "rmsprop": 1e-8, "adagrad": 1e-10}
_DECAY = {"adam": 0.999, "rmsprop": 0.99}


def diagonal_scaling(
    scaling: Scaling, gradient: Float[Tensor, " n"], memory: MutableMapping[str, Any]
) -> Float[Tensor, " n"]:
    """The d that an adaptive method divides a gradient by, after this gradient.

        adam: √(v/(1 − 0.999^t)) + 10⁻⁸,   v ← 0.999 v + 0.001 g²
        rmsprop: √v + 10⁻⁸,   v ← 0.99 v + 0.01 g²
        adagrad: √v + 10⁻¹⁰,   v ← v + g²

    with torch's default constants.

    Args:
        scaling: which; ``"none"`` gives ones.
        gradient: g, shape (n,).
        memory: holds v under ``"square"`` and t under ``"square_count"``; changed.

    Raises:
        ValueError: no such scaling.

    >>> diagonal_scaling("adagrad", torch.tensor([3.0, -4.0]), {})
    tensor([3., 4.])

    Diederik Kingma and Jimmy Ba, Adam (2015); Tijmen Tieleman and Geoffrey Hinton, RMSprop (2012); John
    Duchi, Elad Hazan and Yoram Singer, Adaptive subgradient methods (2011).
    """
    check_scaling(scaling)
    if scaling == "none":
        return torch.ones_like(gradient)
    square = memory.get("square")
    if square is None or square.shape != gradient.shape:
        square = torch.zeros_like(gradient)
    count = memory.get("square_count", 0) + 1
    if scaling == "adagrad":
        square, corrected = square + gradient**2, 1.0
    else:
        decay = _DECAY[scaling]
        square = decay * square + (1 - decay) * gradient**2
        corrected = 1 - decay**count if scaling == "adam" else 1.0
    memory["square"], memory["square_count"] = square, count
    return (square / corrected).sqrt() + _EPSILON[scaling]


def check_scaling(scaling: str) -> None:
    """Refuse an unknown scaling by name.

    Raises:
        ValueError: it is none of them.
    """
    if scaling not in get_args(Scaling):
        raise ValueError(f"scaling must be one of {', '.join(get_args(Scaling))}, got {scaling!r}")
