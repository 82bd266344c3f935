"""A loss over a plane through the parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.landscape.directions import check_direction
from hnrc_lib.landscape.displacement import Extent, coordinates
from hnrc_lib.landscape.evaluation import Measure, Progress, evaluate

PlaneExtent = Extent | tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Plane:
    """A loss at the points of a rectangular grid.

    Attributes:
        alpha: coordinates α along u, shape (a,), float64.
        beta: coordinates β along v, shape (b,), float64.
        values: L(θ + αᵢu + βⱼv) at [i, j], shape (a, b), or (a, b, k) where the loss returns k measures.
    """

    alpha: Float[Tensor, "a"]
    beta: Float[Tensor, "b"]
    values: Float[Tensor, "a b *measures"]


def plane(
    loss: Measure,
    params: Mapping[str, Tensor],
    u: Mapping[str, Tensor],
    v: Mapping[str, Tensor],
    *,
    extent: PlaneExtent = 1.0,
    num_points: int | tuple[int, int] = 31,
    points_at_once: int = 1,
    progress: Progress | None = None,
) -> Plane:
    """Loss over the plane spanned by two directions: values[i, j] = L(θ + αᵢu + βⱼv).

    Args:
        loss: L(params), a scalar or a vector of measures; evaluated without gradients on tensors that hold
            their values during the call, so that ``params`` stays as it is whatever the loss does. NaN and
            infinity are kept. ``ModuleLoss`` makes a fast one of a module.
        params: θ, name to tensor.
        u: first direction, names, shapes and dtype of ``params``.
        v: second direction, likewise.
        extent: α and β from −extent to extent, from low to high, or each its own (low, high).
        num_points: n ≥ 2 along each axis, or one number for each; odd to include the middle.
        points_at_once: how many points one call of the loss takes, through ``torch.func.vmap`` if several:
            that pays where one point leaves the device idle.
        progress: called as ``progress(done, total)`` after every call of the loss.

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
    alpha, beta = plane_coordinates(extent, num_points)
    points = torch.cartesian_prod(alpha, beta)
    values = evaluate(loss, params, [u, v], points, points_at_once=points_at_once, progress=progress)
    return Plane(alpha, beta, values.unflatten(0, (len(alpha), len(beta))))


def plane_coordinates(
    extent: PlaneExtent, num_points: int | tuple[int, int]
) -> tuple[Float[Tensor, "a"], Float[Tensor, "b"]]:
    """α and β of a grid.

    >>> plane_coordinates(((0.0, 1.0), (-2.0, 2.0)), (2, 3))
    (tensor([0., 1.], dtype=torch.float64), tensor([-2.,  0.,  2.], dtype=torch.float64))
    """
    first, second = num_points if isinstance(num_points, tuple) else (num_points, num_points)
    across, along = extents(extent)
    return coordinates(across, first), coordinates(along, second)


def extents(extent: PlaneExtent) -> tuple[Extent, Extent]:
    """The extent of each axis."""
    if isinstance(extent, tuple) and isinstance(extent[0], tuple):
        return extent[0], extent[1]  # pyright: ignore[reportReturnType]
    return extent, extent  # pyright: ignore[reportReturnType]
