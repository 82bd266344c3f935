"""A loss over a plane through the parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.landscape.directions import check_direction
from hnrc_lib.landscape.displacement import Measure, Progress, coordinates, displaced, measured


@dataclass(frozen=True, eq=False)
class Plane:
    """A loss at the points of a square grid.

    Attributes:
        alpha: coordinates α along u, shape (n,), float64.
        beta: coordinates β along v, shape (n,), float64.
        values: L(θ + αᵢu + βⱼv) at [i, j], shape (n, n), or (n, n, k) where the loss returns k measures.
    """

    alpha: Float[Tensor, "n"]
    beta: Float[Tensor, "n"]
    values: Float[Tensor, "n n *measures"]


def plane(
    loss: Measure,
    params: Mapping[str, Tensor],
    u: Mapping[str, Tensor],
    v: Mapping[str, Tensor],
    *,
    extent: float | tuple[float, float] = 1.0,
    num_points: int = 31,
    progress: Progress | None = None,
) -> Plane:
    """Loss over the plane spanned by two directions: values[i, j] = L(θ + αᵢu + βⱼv).

    Args:
        loss: L(params), a scalar or a vector of measures; evaluated without gradients on fresh tensors,
            so that ``params`` stays as it is whatever the loss does. NaN and infinity are kept.
        params: θ, name to tensor.
        u: first direction, names, shapes and dtype of ``params``.
        v: second direction, likewise.
        extent: α and β from low to high, or from −extent to extent.
        num_points: n ≥ 2 along each axis, n² evaluations; odd to include the middle.
        progress: called as ``progress(done, total)`` after every point.

    Returns:
        A ``Plane``.

    Raises:
        ValueError, TypeError: an argument does not match or is out of range; names it.

    >>> params = {"x": torch.zeros(2)}
    >>> u, v = {"x": torch.tensor([1.0, 0.0])}, {"x": torch.tensor([0.0, 2.0])}
    >>> plane(lambda p: (p["x"] ** 2).sum(), params, u, v, num_points=3).values
    tensor([[5., 1., 5.],
            [4., 0., 4.],
            [5., 1., 5.]], dtype=torch.float64)

    Source: Li, Xu, Taylor, Studer and Goldstein (2018).
    """
    check_direction("u", u, params)
    check_direction("v", v, params)
    alpha = coordinates(extent, num_points)
    values: list[Tensor] = []
    for first in alpha.tolist():
        row = displaced(params, (first, u))
        for second in alpha.tolist():
            shape = values[0].shape if values else None
            values.append(measured(loss, displaced(row, (second, v)), shape))
            if progress is not None:
                progress(len(values), num_points**2)
    return Plane(alpha, alpha.clone(), torch.stack(values).unflatten(0, (num_points, num_points)))
