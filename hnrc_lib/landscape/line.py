"""A loss along one direction."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.landscape.directions import check_direction
from hnrc_lib.landscape.displacement import Measure, Progress, coordinates, displaced, measured


@dataclass(frozen=True, eq=False)
class Line:
    """A loss at points of a line.

    Attributes:
        alpha: coordinates α, shape (n,), float64.
        values: L(θ + αᵢd), shape (n,), or (n, k) where the loss returns k measures, float64.
    """

    alpha: Float[Tensor, "n"]
    values: Float[Tensor, "n *measures"]


def line(
    loss: Measure,
    params: Mapping[str, Tensor],
    direction: Mapping[str, Tensor],
    *,
    extent: float | tuple[float, float] = 1.0,
    num_points: int = 51,
    progress: Progress | None = None,
) -> Line:
    """Loss along a direction: values[i] = L(θ + αᵢd).

    Args:
        loss: L(params), a scalar or a vector of measures; evaluated without gradients on fresh tensors,
            so that ``params`` stays as it is whatever the loss does. NaN and infinity are kept.
        params: θ, name to tensor.
        direction: d, names, shapes and dtype of ``params``; θ₁ − θ₀ with extent (0, 1) draws the
            straight line between two solutions.
        extent: α from low to high, or from −extent to extent.
        num_points: n ≥ 2; odd to include the middle.
        progress: called as ``progress(done, total)`` after every point.

    Returns:
        A ``Line``.

    Raises:
        ValueError, TypeError: an argument does not match or is out of range; names it.

    >>> params, direction = {"x": torch.tensor([1.0])}, {"x": torch.tensor([1.0])}
    >>> line(lambda p: (p["x"] ** 2).sum(), params, direction, num_points=3).values
    tensor([0., 1., 4.], dtype=torch.float64)

    Source: Goodfellow, Vinyals and Saxe (2015), for the line between two solutions.
    """
    check_direction("direction", direction, params)
    alpha = coordinates(extent, num_points)
    values: list[Tensor] = []
    for step in alpha.tolist():
        shape = values[0].shape if values else None
        values.append(measured(loss, displaced(params, (step, direction)), shape))
        if progress is not None:
            progress(len(values), num_points)
    return Line(alpha, torch.stack(values))
