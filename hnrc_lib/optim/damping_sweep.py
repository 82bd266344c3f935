"""What the damping does to a Newton step, over many values of λ from one eigendecomposition."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Bool, Float


@dataclass(frozen=True)
class DampingSweep:
    """The step s(λ) and its worth, one entry per λ.

    Attributes:
        positive_definite: whether H + λI is, beyond rounding.
        smallest_eigenvalue: of H + λI.
        condition_number: largest over smallest absolute eigenvalue of H + λI.
        step_length: ‖s‖.
        angle_to_gradient: between s and −g, in degrees.
        angle_to_newton: between s and Newton's step, in degrees.
        predicted_reduction: −(gᵀs + ½ sᵀHs).
        actual_reduction: L(θ) − L(θ + s).
        gradient_norm: ‖g‖.
        newton_length: length of Newton's step −H⁺g.
    """

    positive_definite: Bool[Tensor, " m"]
    smallest_eigenvalue: Float[Tensor, " m"]
    condition_number: Float[Tensor, " m"]
    step_length: Float[Tensor, " m"]
    angle_to_gradient: Float[Tensor, " m"]
    angle_to_newton: Float[Tensor, " m"]
    predicted_reduction: Float[Tensor, " m"]
    actual_reduction: Float[Tensor, " m"]
    gradient_norm: float
    newton_length: float


def damping_sweep(
    hessian: Float[Tensor, "n n"],
    gradient: Float[Tensor, " n"],
    dampings: Float[Tensor, " m"],
    reduction: Callable[[Tensor], float],
    *,
    absolute_eigenvalues: bool = False,
    null_tolerance: float = 1e-10,
) -> DampingSweep:
    """The formula s = −(H + λI)⁻¹g for every λ, followed even where H + λI is indefinite.

        H = U diag(h) Uᵀ,   s = −U diag(1/(h + λ)) Uᵀg

    Unlike ``damped_newton_step`` it does not protect: it shows what the formula does, on either side of
    λ = −h_min. Newton's step is −H⁺g, with directions of no curvature left out.

    Args:
        hessian: H, symmetric (n, n).
        gradient: g, shape (n,), not zero.
        dampings: λ ≥ 0, shape (m,).
        reduction: s to L(θ) − L(θ + s).
        absolute_eigenvalues: take |h| for h in the formula (Dauphin et al. 2014); Newton's step stays.
        null_tolerance: |h| below this share of the largest counts as no curvature.

    Returns:
        Step by step what λ did; at a λ that makes H + λI exactly singular the step is not finite.

    Raises:
        ValueError: a negative damping, or a gradient that is zero or not finite.

    >>> H, g = torch.diag(torch.tensor([2.0, 0.5])), torch.tensor([2.0, 1.0])
    >>> sweep = damping_sweep(H, g, torch.tensor([0.0, 2.0]), lambda s: -float(g @ s + s @ H @ s / 2))
    >>> sweep.step_length, sweep.actual_reduction[0]
    (tensor([2.2361, 0.6403]), tensor(2.))
    """
    if not bool((dampings >= 0).all()):
        raise ValueError(f"dampings must be at least 0, got {float(dampings.min())}")
    gradient_norm = float(torch.linalg.vector_norm(gradient))
    if not 0 < gradient_norm < float("inf"):
        raise ValueError(f"gradient must be finite and not zero, got norm {gradient_norm}")
    h, basis = torch.linalg.eigh(hessian)
    slopes = basis.mT @ gradient
    curved = h.abs() > null_tolerance * h.abs().max()
    newton = torch.where(curved, -slopes / torch.where(curved, h, 1.0), 0.0)
    shifted = (h.abs() if absolute_eigenvalues else h) + dampings.unsqueeze(1)
    coordinates = -slopes / shifted  # of the steps, one a row, in the eigenbasis
    rounding = len(h) * torch.finfo(h.dtype).eps * float(h.abs().max())
    smallest = shifted.amin(dim=1)
    return DampingSweep(
        positive_definite=smallest > rounding,
        smallest_eigenvalue=smallest,
        condition_number=shifted.abs().amax(dim=1) / shifted.abs().amin(dim=1),
        step_length=torch.linalg.vector_norm(coordinates, dim=1),
        angle_to_gradient=_angles(coordinates, -slopes),
        angle_to_newton=_angles(coordinates, newton),
        predicted_reduction=-(coordinates @ slopes + (coordinates**2 @ h) / 2),
        actual_reduction=torch.tensor([reduction(basis @ row) for row in coordinates], dtype=h.dtype),
        gradient_norm=gradient_norm,
        newton_length=float(torch.linalg.vector_norm(newton)),
    )


def _angles(rows: Float[Tensor, "m n"], direction: Float[Tensor, " n"]) -> Float[Tensor, " m"]:
    """Degrees between each row and a direction, accurate for small angles too (Kahan)."""
    units = torch.nn.functional.normalize(rows, dim=1, eps=0.0)
    unit = torch.nn.functional.normalize(direction, dim=0, eps=0.0)
    apart, together = (units - unit).norm(dim=1), (units + unit).norm(dim=1)
    return torch.rad2deg(2 * torch.atan2(apart, together))
