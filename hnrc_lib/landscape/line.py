"""A loss along one direction."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.landscape.directions import check_direction
from hnrc_lib.landscape.displacement import Extent, coordinates
from hnrc_lib.landscape.evaluation import Measure, Progress, evaluate


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
    extent: Extent = 1.0,
    num_points: int = 51,
    points_at_once: int = 1,
    progress: Progress | None = None,
) -> Line:
    """Loss along a direction: values[i] = L(θ + αᵢd).

    Args:
        loss: L(params), a scalar or a vector of measures; evaluated without gradients on tensors that hold
            their values during the call, so that ``params`` stays as it is whatever the loss does. NaN and
            infinity are kept. ``ModuleLoss`` makes a fast one of a module.
        params: θ, name to tensor.
        direction: d, names, shapes and dtype of ``params``; ``between`` gives that to another solution.
        extent: α from low to high, or from −extent to extent.
        num_points: n ≥ 2; odd to include the middle.
        points_at_once: how many points one call of the loss takes, through ``torch.func.vmap`` if several:
            that pays where one point leaves the device idle.
        progress: called as ``progress(done, total)`` after every call of the loss.

    Returns:
        A ``Line``.

    Raises:
        ValueError, TypeError: an argument does not match or is out of range; names it.

    >>> import torch
    >>> params, direction = {"x": torch.tensor([1.0])}, {"x": torch.tensor([1.0])}
    >>> line(lambda p: (p["x"] ** 2).sum(), params, direction, num_points=3).values
    tensor([0., 1., 4.], dtype=torch.float64)

    Source: Goodfellow, Vinyals and Saxe (2015), for the line between two solutions.
    """
    check_direction("direction", direction, params)
    alpha = coordinates(extent, num_points)
    points = alpha.unsqueeze(1)
    return Line(
        alpha, evaluate(loss, params, [direction], points, points_at_once=points_at_once, progress=progress)
    )
