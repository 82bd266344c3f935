"""Inverses that keep one direction: Sherman–Morrison, and the rank-one corrected inverse of HNRC."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hnrc_lib._shapes import Float

Breakdown = Literal["curvature undefined", "singular", "not positive definite"]


def sherman_morrison(
    direction: Float[Tensor, " n"],
    vector: Float[Tensor, " n"],
    damping: float | int,
    *,
    weight: float | int = 1.0,
) -> Float[Tensor, " n"]:
    """Solve (λI + w uuᵀ) x = g.

        x = λ⁻¹(g − u · w uᵀg/(λ + w uᵀu))

    With u = g and w = 1 it is g/(λ + ‖g‖²): a gradient normaliser.

    Args:
        direction: u, shape (n,).
        vector: g, shape (n,).
        damping: λ > 0.
        weight: w; negative weights make the matrix indefinite once |w|·uᵀu > λ.

    Returns:
        x, shape (n,).

    Raises:
        ValueError: λ is not positive, or λ + w uᵀu = 0, where the matrix is singular.

    >>> g = torch.tensor([3.0, 4.0])
    >>> sherman_morrison(g, g, damping=25.0)
    tensor([0.0600, 0.0800])

    Jack Sherman and Winifred J. Morrison, Adjustment of an inverse matrix (1950).
    """
    _check_damping(damping)
    _check_vectors(direction=direction, vector=vector)
    square = float(direction @ direction)
    denominator = damping + weight * square
    if abs(denominator) <= _rounding(direction) * (damping + abs(weight) * square):
        raise ValueError(f"λI + w uuᵀ is singular: damping {damping}, w·uᵀu {weight * square:.6g}")
    return (vector - direction * (weight * (direction @ vector) / denominator)) / damping


@dataclass(frozen=True)
class RankOneStep:
    """Result of ``rank_one_corrected_step``; the update it serves is θ ← θ − α·solution.

    Attributes:
        solution: (λI + H₁)⁻¹ g, shape (n,); where H₁ is undefined or λI + H₁ singular, the part of g/λ
            orthogonal to u, the limit and the pseudo-inverse respectively. Always finite.
        positive_definite: whether λI + H₁ is positive definite, so that ``solution`` descends.
        eigenvalue: uᵀu/vᵀu, the only eigenvalue of H₁ that can differ from 0; NaN where H₁ is undefined.
        reason: what broke down, or None.
    """

    solution: Tensor
    positive_definite: bool
    eigenvalue: float
    reason: Breakdown | None


def rank_one_corrected_step(
    hvp_vector: Float[Tensor, " n"], v: Float[Tensor, " n"], g: Float[Tensor, " n"], damping: float | int
) -> RankOneStep:
    """Apply the rank-one corrected inverse of HNRC, which keeps the curvature along one direction.

        H₁ = H v vᵀ H/(vᵀHv),   (λI + H₁)⁻¹ g = λ⁻¹(I − u uᵀ/(λ vᵀu + uᵀu)) g   with u = Hv

    H₁ is the Nyström approximation of H along v. λI + H₁ fails to be positive definite exactly when
    vᵀu < 0 and uᵀu ≥ λ|vᵀu|. For λ → 0 the solution grows as 1/λ off u: there is no Newton limit.

    Args:
        hvp_vector: u = Hv, the Hessian times the kept direction, shape (n,).
        v: the direction, shape (n,), often the gradient itself.
        g: the vector the inverse is applied to, shape (n,).
        damping: λ > 0.

    Returns:
        The solution, and whether and how the correction broke down.

    Raises:
        ValueError: λ is not positive, shapes differ, or a vector is not finite.

    >>> H, g = torch.diag(torch.tensor([2.0, 0.0])), torch.tensor([1.0, 1.0])
    >>> rank_one_corrected_step(H @ g, g, g, damping=0.5).solution
    tensor([0.4000, 2.0000])
    """
    _check_damping(damping)
    _check_vectors(hvp_vector=hvp_vector, v=v, g=g)
    length = _length(hvp_vector)
    if length == 0.0:
        return RankOneStep(g / damping, True, 0.0, None)
    unit = hvp_vector / length  # uᵀu itself could overflow or underflow
    along = float(v @ unit)
    across = g - unit * (unit @ g)
    if abs(along) <= _rounding(v) * _length(v):
        return RankOneStep(across / damping, False, math.nan, "curvature undefined")
    eigenvalue = length / along
    shifted = damping + eigenvalue
    if abs(shifted) <= _rounding(v) * (damping + abs(eigenvalue)):
        return RankOneStep(across / damping, False, eigenvalue, "singular")
    solution = across / damping + unit * ((unit @ g) / shifted)
    return RankOneStep(solution, shifted > 0, eigenvalue, None if shifted > 0 else "not positive definite")


def _length(vector: Tensor) -> float:
    """‖x‖ without overflow or underflow of the squares."""
    largest = float(vector.abs().max())
    return largest * float(torch.linalg.vector_norm(vector / largest)) if largest > 0 else 0.0


def _rounding(vector: Tensor) -> float:
    """Expected relative rounding error of a sum of n products."""
    return torch.finfo(vector.dtype).eps * math.sqrt(vector.numel())


def _check_damping(damping: float | int) -> None:
    if not (damping > 0 and math.isfinite(damping)):
        raise ValueError(f"damping must be positive and finite, got {damping}")


def _check_vectors(**vectors: Tensor) -> None:
    first = next(iter(vectors.values()))
    for name, vector in vectors.items():
        if vector.ndim != 1 or vector.shape != first.shape:
            raise ValueError(f"{name} must have shape {tuple(first.shape)}, got {tuple(vector.shape)}")
        if not bool(torch.isfinite(vector).all()):
            raise ValueError(f"{name} must be finite, got NaN or infinity")
