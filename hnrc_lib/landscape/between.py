"""The line or the plane that several solutions lie in."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.vectors import flatten, unflatten
from hnrc_lib.landscape.directions import check_direction

_DEPENDENT = 1e-6  # share of a difference that is left beside the others when it is their combination


@dataclass(frozen=True, eq=False)
class Between:
    """Orthonormal directions from a first solution, and where all of them lie along these.

    Attributes:
        directions: k − 1 dicts like the parameters, of norm 1 and orthogonal to one another.
        coordinates: of every solution, shape (k, k − 1), float64: the first at 0, the second along the
            first direction alone, the third along the first two, and so on.
    """

    directions: tuple[dict[str, Tensor], ...]
    coordinates: Float[Tensor, "k dimensions"]


def between(first: Mapping[str, Tensor], *others: Mapping[str, Tensor]) -> Between:
    """Directions from one solution to others: one for a line, two for the plane of three solutions.

        û₁ = (θ₁ − θ₀)/‖θ₁ − θ₀‖,   û₂ = (w − (w·û₁)û₁)/‖w − (w·û₁)û₁‖  with  w = θ₂ − θ₀

    Distances in the picture are distances between parameters. Networks with normalisation layers need
    their running statistics computed anew at every point; take batch statistics in the loss.

    Args:
        first: θ₀, name to tensor; the ``params`` of ``line`` or ``plane``.
        others: θ₁, θ₂, …, dicts of the same names and shapes.

    Raises:
        ValueError: no other solution, one that does not match the first or is not finite, or one that
            lies in the line or plane of those before it.

    >>> found = between({"x": torch.zeros(2)}, {"x": torch.tensor([2.0, 0.0])}, {"x": torch.ones(2)})
    >>> found.coordinates
    tensor([[0., 0.],
            [2., 0.],
            [1., 1.]], dtype=torch.float64)
    >>> found.directions
    ({'x': tensor([1., 0.])}, {'x': tensor([0., 1.])})

    Source: Goodfellow, Vinyals and Saxe (2015) for the line; Garipov and others (2018), appendix, for the
    plane.
    """
    if not others:
        raise ValueError("others must hold at least one solution, got none")
    check_direction("first", first, first)
    for index, other in enumerate(others):
        check_direction(f"others[{index}]", other, first)
    origin = _flat(first, first)
    basis: list[Tensor] = []
    for index, other in enumerate(others):
        difference = _flat(other, first) - origin
        rest = difference
        for _ in range(2):  # the second time for what rounding left
            for unit in basis:
                rest = rest - (rest @ unit) * unit
        if rest.norm() <= _DEPENDENT * difference.norm():
            raise ValueError(f"others[{index}] must lie outside the span of the solutions before it")
        basis.append(rest / rest.norm())
    rows = [
        torch.stack([(_flat(point, first) - origin) @ unit for unit in basis]) for point in (first, *others)
    ]
    # What Gram–Schmidt made orthogonal is zero, not rounding.
    coordinates = torch.stack(rows).cpu().tril(diagonal=-1)
    directions = tuple(
        {name: part.to(first[name].dtype) for name, part in unflatten(unit, first).items()} for unit in basis
    )
    return Between(directions, coordinates)


def _flat(point: Mapping[str, Tensor], like: Mapping[str, Tensor]) -> Tensor:
    return flatten({name: point[name].detach().to(torch.float64) for name in like})
