"""Directions along which a loss bends most."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.linalg.top_eigenpairs import Which, top_eigenpairs


@dataclass(frozen=True, eq=False)
class EigenvectorDirections:
    """Eigenvectors of a curvature operator, as dicts.

    Attributes:
        directions: orthonormal, dicts like the operator's parameters, most extreme eigenvalue first.
        eigenvalues: λₖ = dₖ·Hdₖ, in the same order.
        residuals: ‖Hdₖ − λₖdₖ‖.
        converged: whether every residual met its tolerance.
    """

    directions: tuple[dict[str, Tensor], ...]
    eigenvalues: Float[Tensor, "k"]
    residuals: Float[Tensor, "k"]
    converged: bool


def eigenvector_directions(
    H: LinearOperator,
    k: int = 2,
    *,
    which: Which = "largest",
    rtol: float = 1e-3,
    max_products: int = 2000,
    generator: torch.Generator | None = None,
) -> EigenvectorDirections:
    """The directions of most extreme curvature.

        H dₖ = λₖ dₖ,  ‖dₖ‖ = 1,  so that  L(θ + αdₖ) ≈ L(θ) + α ∇L·dₖ + ½ α² λₖ

    Each has the sign that makes its largest entry positive.

    Args:
        H: Hessian, Gauss–Newton matrix or another symmetric operator with dict vectors.
        k: number of directions, ≥ 1; with ``which="both"`` from either end.
        which: "largest" and "smallest" algebraically, "magnitude" by |λ|, "both".
        rtol: residual relative to |λ|.
        max_products: gives up after this many products; ``converged`` is then False.
        generator: draws the start vectors; torch's default generator when None.

    Raises:
        TypeError: the operator's vectors are not dicts.
        ValueError: k is out of range, or H is not symmetric or not finite.

    >>> from hnrc_lib.curvature import HessianLinearOperator
    >>> H = HessianLinearOperator(lambda p: 3 * p["x"][0] ** 2 + p["x"][1] ** 2, {"x": torch.ones(2)})
    >>> found = eigenvector_directions(H, 1, generator=torch.Generator().manual_seed(0))
    >>> found.eigenvalues.round(), found.directions[0]["x"].round(decimals=3).abs()
    (tensor([6.]), tensor([1., 0.]))

    Source: Kesheng Wu and Horst Simon (2000), through ``hnrc_lib.linalg.top_eigenpairs``.
    """
    if not H.structured:
        raise TypeError(f"H must be an operator on dicts of parameters, got {type(H).__name__}")
    found = top_eigenpairs(H, k, which=which, rtol=rtol, max_products=max_products, generator=generator)
    columns = found.eigenvectors
    largest = columns.gather(0, columns.abs().argmax(dim=0, keepdim=True))
    signed = columns * torch.where(largest < 0, -1.0, 1.0).to(columns)
    directions = tuple(H.unflatten(column.contiguous()) for column in signed.unbind(1))
    return EigenvectorDirections(directions, found.eigenvalues, found.residuals, found.converged)
