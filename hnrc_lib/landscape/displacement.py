"""Loss at displaced copies of the parameters; the parameters themselves are never written to."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from hnrc_lib._shapes import Float

Measure = Callable[[dict[str, Tensor]], Tensor]
Progress = Callable[[int, int], None]


def coordinates(extent: float | tuple[float, float], num_points: int) -> Float[Tensor, "points"]:
    """Equally spaced coordinates αᵢ = low·(1 − tᵢ) + high·tᵢ with tᵢ = i/(num_points − 1), in float64.

    A symmetric extent with an odd number of points has α = 0 exactly in its middle.

    Args:
        extent: (low, high), or one number for (−extent, extent).
        num_points: ≥ 2.

    Raises:
        ValueError: fewer than two points, or an extent that is not finite or not increasing.

    >>> coordinates(1.0, 3)
    tensor([-1.,  0.,  1.], dtype=torch.float64)
    """
    if not isinstance(num_points, int) or num_points < 2:
        raise ValueError(f"num_points must be an integer of at least 2, got {num_points!r}")
    low, high = extent if isinstance(extent, tuple) else (-extent, extent)
    ends = torch.tensor([low, high], dtype=torch.float64)
    if not ends.isfinite().all() or low >= high:
        raise ValueError(f"extent must be positive, or (low, high) with low < high, got {extent!r}")
    steps = torch.arange(num_points, dtype=torch.float64) / (num_points - 1)
    return ends[0] * (1 - steps) + ends[1] * steps


def displaced(params: Mapping[str, Tensor], *moves: tuple[float, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """θ + Σ αₖdₖ as new tensors, detached from any graph.

    Args:
        params: θ, name to tensor.
        moves: pairs (α, d).

    >>> displaced({"x": torch.ones(2)}, (2.0, {"x": torch.tensor([1.0, 0.0])}))
    {'x': tensor([3., 1.])}
    """
    moved = {name: value.detach().clone() for name, value in params.items()}
    for coefficient, direction in moves:
        for name, value in moved.items():
            value.add_(direction[name].detach(), alpha=coefficient)
    return moved


def measured(loss: Measure, params: dict[str, Tensor], shape: torch.Size | None = None) -> Tensor:
    """What the loss returns, in float64 on the CPU; NaN and infinity are kept.

    Args:
        loss: gives a scalar, or a vector of several measures such as (loss, error rate).
        params: where to evaluate it.
        shape: shape of the values before this one; None at the first.

    Raises:
        TypeError: the loss returns no tensor.
        ValueError: it returns neither scalar nor vector, or another shape than before.
    """
    with torch.no_grad():
        value = loss(params)
    if not isinstance(value, Tensor):
        raise TypeError(f"loss must return a tensor, got {type(value).__name__}")
    if value.ndim > 1 or (shape is not None and value.shape != shape):
        expected = "a scalar or a vector" if shape is None else f"shape {tuple(shape)} everywhere"
        raise ValueError(f"loss must return {expected}, got shape {tuple(value.shape)}")
    return value.detach().to(device="cpu", dtype=torch.float64)
