"""The plane in which a training run moved most."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.landscape.directions import check_direction

_STRAIGHT = 1e-6  # singular values come from a Gram matrix: below, relative to the first, they are rounding


@dataclass(frozen=True, eq=False)
class TrajectoryPlane:
    """Two directions through the end of a trajectory, and the trajectory in their plane.

    Attributes:
        u: first principal direction, of norm 1, a dict like the parameters.
        v: second, of norm 1 and orthogonal to u.
        coordinates: (α, β) of the projection of every θᵢ, shape (m + 1, 2), float64; the last is (0, 0).
        explained_variance: share of Σ‖θᵢ − θₘ‖² along u and along v, shape (2,), each 0 … 1.
    """

    u: dict[str, Tensor]
    v: dict[str, Tensor]
    coordinates: Float[Tensor, "points 2"]
    explained_variance: Float[Tensor, "2"]


def trajectory_directions(trajectory: Sequence[Mapping[str, Tensor]]) -> TrajectoryPlane:
    """Principal directions of a trajectory around its final point.

        D = [θ₀ − θₘ; …; θₘ₋₁ − θₘ] = W S Vᵀ,   u, v = the first two columns of V

    V comes from the m × m Gram matrix DDᵀ = W S² Wᵀ, summed in float64. Distances are from the final
    point, not from the mean, because the plane goes through the final point. Both directions have norm 1
    and are not filter-normalised, so that the trajectory keeps its shape. A plane holds what
    ``explained_variance`` says and no more: even a random walk in many dimensions has a large share in it.

    Args:
        trajectory: θ₀ … θₘ, m ≥ 2, dicts of the same names and shapes, as saved during training.

    Returns:
        Directions, coordinates and shares; θ₀ or another far point has a positive coordinate on each axis.

    Raises:
        ValueError: fewer than three points, points that do not match the last one or are not finite, or
            all on one straight line through the last.

    >>> points = [{"x": torch.tensor([a, b, 0.0])} for a, b in [(3.0, 4.0), (3.0, 1.0), (0.0, 1.0)]]
    >>> found = trajectory_directions(points)
    >>> found.coordinates.norm(dim=1).round(decimals=3), float(found.explained_variance.sum())
    (tensor([4.2430, 3.0000, 0.0000], dtype=torch.float64), 1.0)

    Source: Li, Xu, Taylor, Studer and Goldstein (2018), section 7.2.
    """
    if len(trajectory) < 3:
        raise ValueError(f"trajectory must hold at least three points, got {len(trajectory)}")
    for index, point in enumerate(trajectory):
        check_direction(f"trajectory[{index}]", point, trajectory[-1])
    gram = sum(block @ block.T for _, block in _differences(trajectory))
    assert isinstance(gram, Tensor)
    squares, vectors = torch.linalg.eigh(gram)
    squares, vectors = squares.flip(0)[:2].clamp(min=0), vectors.flip(1)[:, :2]
    if squares[1] <= _STRAIGHT**2 * squares[0]:
        raise ValueError("trajectory must leave the straight line through its last point, but does not")
    coordinates = vectors * squares.sqrt()
    farthest = coordinates.gather(0, coordinates.abs().argmax(dim=0, keepdim=True))
    coordinates = coordinates * farthest.sign()
    weights = coordinates / squares  # W S / S² = W S⁻¹, and V = Dᵀ W S⁻¹
    directions: tuple[dict[str, Tensor], ...] = ({}, {})
    for name, block in _differences(trajectory):
        for direction, part in zip(directions, weights.T @ block, strict=True):
            direction[name] = part.reshape(trajectory[-1][name].shape).to(trajectory[-1][name])
    with_end = torch.cat([coordinates, torch.zeros(1, 2, dtype=torch.float64, device=coordinates.device)])
    return TrajectoryPlane(*directions, with_end.cpu(), (squares / gram.trace()).cpu())


def _differences(trajectory: Sequence[Mapping[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """θᵢ − θₘ of one parameter after another, one row per point, in float64."""
    for name, last in trajectory[-1].items():
        rows = torch.stack([point[name].detach().to(torch.float64) for point in trajectory[:-1]])
        yield name, (rows - last.detach().to(torch.float64)).reshape(len(rows), -1)
