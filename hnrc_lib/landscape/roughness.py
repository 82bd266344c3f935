"""How rough a drawn plane is: how it bends at the distance of its grid, and how many hollows it has."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float


def grid_curvatures(
    values: Float[Tensor, "a b"], alpha: Float[Tensor, "a"], beta: Float[Tensor, "b"]
) -> tuple[Float[Tensor, "inner_a inner_b"], Float[Tensor, "inner_a inner_b"]]:
    """Least and greatest eigenvalue of the 2 × 2 matrix of second differences at every inner grid point.

        C = [[δ²_α L, δ_αδ_β L], [δ_αδ_β L, δ²_β L]]

    Differences reach from one grid point to the next, so C is what the picture shows: kinks between grid
    points count, and what is finer does not. In the coordinates (α, β) its entries are products u·Hv of the
    Hessian averaged over that reach. The sign of an eigenvalue does not depend on the lengths of u and v.

    Args:
        values: values[i, j] = L(θ + αᵢu + βⱼv), shape (a, b).
        alpha: equally spaced, a ≥ 3.
        beta: equally spaced, b ≥ 3.

    Returns:
        (least, greatest), each of shape (a − 2, b − 2).

    Raises:
        ValueError: fewer than three points on an axis, or values of another shape.

    >>> axis = torch.linspace(-1, 1, 3, dtype=torch.float64)
    >>> saddle = axis[:, None] ** 2 - 3 * axis[None, :] ** 2
    >>> grid_curvatures(saddle, axis, axis)
    (tensor([[-6.]], dtype=torch.float64), tensor([[2.]], dtype=torch.float64))
    """
    _check(values, alpha, beta)
    a, b = (float((axis[-1] - axis[0]) / (len(axis) - 1)) for axis in (alpha, beta))
    middle = values[1:-1, 1:-1]
    across = (values[2:, 1:-1] - 2 * middle + values[:-2, 1:-1]) / a**2
    along = (values[1:-1, 2:] - 2 * middle + values[1:-1, :-2]) / b**2
    corners = values[2:, 2:] - values[2:, :-2] - values[:-2, 2:] + values[:-2, :-2]
    mean, half = (across + along) / 2, (across - along) / 2
    radius = torch.hypot(half, corners / (4 * a * b))
    return mean - radius, mean + radius


def count_minima(values: Float[Tensor, "a b"]) -> int:
    """How many inner grid points are lower than all their eight neighbours.

    Args:
        values: of a loss on a grid, at least 3 × 3.

    Raises:
        ValueError: fewer than three points on an axis.

    >>> count_minima(torch.tensor([[2.0, 2, 2, 2], [2, 1, 2, 2], [2, 2, 2, 2]]))
    1
    """
    if min(values.shape) < 3:
        raise ValueError(f"values must have at least 3 × 3 points, got {tuple(values.shape)}")
    rows, columns = values.shape
    neighbours = [
        values[i : i + rows - 2, j : j + columns - 2] for i in range(3) for j in range(3) if (i, j) != (1, 1)
    ]
    return int((values[1:-1, 1:-1] < torch.stack(neighbours).amin(dim=0)).sum())


def _check(values: Tensor, alpha: Tensor, beta: Tensor) -> None:
    if min(len(alpha), len(beta)) < 3:
        raise ValueError(f"alpha and beta must have at least three points, got {len(alpha)} and {len(beta)}")
    if values.shape != (len(alpha), len(beta)):
        raise ValueError(f"values must have shape ({len(alpha)}, {len(beta)}), got {tuple(values.shape)}")
