"""A curvature matrix as D + FFᵀ: how F is found from a few products, and how the sum is inverted."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.nystrom import nystrom_of_sketch
from hnrc_lib.linalg.operators import LinearOperator

# The difference loses as many digits as the trace of FᵀD⁻¹F has; of float32's seven, four are left.
_GRAM_SAFE = 1e-3


@dataclass(frozen=True, eq=False)
class LowRankModel:
    """M ≈ FFᵀ.

    Attributes:
        factor: F, shape (n, k), columns by falling length; a column of zeros keeps nothing.
        reason: what broke down, or None.
    """

    factor: Float[Tensor, "n k"]
    reason: str | None = None


def rank_one_model(operator: LinearOperator, direction: Float[Tensor, " n"]) -> LowRankModel:
    """One direction of curvature, from one product.

        FFᵀ = |H₁|,   H₁ = Hv vᵀH/(vᵀHv)

    A negative vᵀHv is turned around, as |eigenvalues| are in damped Newton. Where vᵀHv vanishes beside
    ‖v‖‖Hv‖ the matrix H₁ is not defined and nothing is kept.

    Args:
        operator: H, symmetric (n, n).
        direction: v, shape (n,); any length.

    >>> from hnrc_lib.linalg import DenseOperator
    >>> H = DenseOperator(torch.diag(torch.tensor([4.0, 1.0])))
    >>> rank_one_model(H, torch.tensor([2.0, 0.0])).factor.mT
    tensor([[2., 0.]])
    """
    length = torch.linalg.vector_norm(direction)
    if not bool(length > 0):
        return LowRankModel(torch.zeros_like(direction).unsqueeze(1), "no direction")
    unit = direction / length
    image = operator @ unit
    along, size = float(unit @ image), float(torch.linalg.vector_norm(image))
    if size > 0 and abs(along) <= torch.finfo(image.dtype).eps * len(image) ** 0.5 * size:
        return LowRankModel(torch.zeros_like(image).unsqueeze(1), "curvature undefined")
    factor = image / abs(along) ** 0.5 if size > 0 else image
    return LowRankModel(factor.unsqueeze(1), "negative curvature turned around" if along < 0 else None)


def low_rank_model(operator: LinearOperator, test: Float[Tensor, "n k"]) -> LowRankModel:
    """k directions of curvature, from k products where M ⪰ 0 on the test vectors and 2k elsewhere.

        M ⪰ 0: FFᵀ = Y (QᵀY)⁻¹ Yᵀ,   Y = MQ,  Q an orthonormal basis of the test vectors (Nyström)
        else:  FFᵀ = V |T| Vᵀ,   T = VᵀMV,  V an orthonormal basis of Y (Rayleigh–Ritz)

    Args:
        operator: M, symmetric (n, n).
        test: Ω, shape (n, k), k ≤ n; from an earlier model of the same matrix it is a step of subspace
            iteration.

    Returns:
        The model; its factor is NaN where a product is not finite.

    >>> from hnrc_lib.linalg import DenseOperator
    >>> M = DenseOperator(torch.diag(torch.tensor([9.0, -4.0, 0.0])))
    >>> low_rank_model(M, torch.eye(3)[:, :2]).factor.abs()
    tensor([[3., 0.],
            [0., 2.],
            [0., 0.]])
    """
    chosen = torch.linalg.qr(test)[0]
    image = operator @ chosen
    if not bool(torch.isfinite(image).all()):
        return LowRankModel(torch.full_like(image, torch.nan), "products are not finite")
    core = chosen.mT @ image
    least = float(torch.linalg.eigvalsh((core + core.mT) / 2)[0])
    rounding = torch.finfo(core.dtype).eps ** (2 / 3) * float(torch.linalg.matrix_norm(image))
    if least >= -rounding and float((core - core.mT).abs().max()) <= 100 * rounding:
        found = nystrom_of_sketch(chosen, image)
        return LowRankModel(found.eigenvectors * found.eigenvalues.sqrt())
    basis = torch.linalg.qr(image)[0]
    small = basis.mT @ (operator @ basis)
    if not bool(torch.isfinite(small).all()):
        return LowRankModel(torch.full_like(image, torch.nan), "products are not finite")
    values, rotation = torch.linalg.eigh((small + small.mT) / 2)
    order = values.abs().argsort(descending=True)
    factor = (basis @ rotation[:, order]) * values[order].abs().sqrt()
    return LowRankModel(factor, "negative curvature turned around" if bool((values < 0).any()) else None)


def solve_damped(
    metric: Float[Tensor, " n"],
    factor: Float[Tensor, "n k"],
    vector: Float[Tensor, " n"],
    *,
    floor: bool = False,
) -> Float[Tensor, " n"]:
    """(D + FFᵀ)⁻¹ b with a positive diagonal D.

        D⁻¹b − D⁻¹F (I + FᵀD⁻¹F)⁻¹ FᵀD⁻¹b

    Where FᵀD⁻¹F is so large that the difference would lose three digits or more, a QR factorisation of
    D^(−1/2)F keeps them.

    Args:
        metric: the diagonal of D, > 0, shape (n,).
        factor: F, shape (n, k).
        vector: b, shape (n,).
        floor: in the metric D, take the smallest curvature that F keeps, where it is above 1, for the 1 of
            all directions outside F: the inverse then has a limit as D → 0 (Frangella et al. 2023).

    >>> solve_damped(torch.tensor([1.0, 1.0]), torch.tensor([[2.0], [0.0]]), torch.tensor([5.0, 1.0]))
    tensor([1., 1.])

    Max A. Woodbury, Inverting modified matrices (1950).
    """
    scaled, right = factor / metric.sqrt().unsqueeze(1), vector / metric.sqrt()
    gram = scaled.mT @ scaled
    if not floor and float(gram.diagonal().sum()) < _GRAM_SAFE / torch.finfo(gram.dtype).eps:
        core = gram + torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        inside = torch.cholesky_solve((scaled.mT @ right).unsqueeze(1), torch.linalg.cholesky(core))
        return (right - scaled @ inside.squeeze(1)) / metric.sqrt()
    if not bool(torch.isfinite(gram).all()):
        return torch.full_like(vector, torch.nan)
    basis, triangle = torch.linalg.qr(scaled)
    rotation, singular, _ = torch.linalg.svd(triangle)
    # Inside and outside of the span apart: λ⁻¹ − λ⁻¹(…) would lose what a large curvature leaves.
    coordinates = basis.mT @ right
    inside = rotation @ ((rotation.mT @ coordinates) / (1 + singular**2))
    outside = right - basis @ coordinates
    if floor:
        kept = singular[singular > torch.finfo(singular.dtype).eps * singular[0]]
        outside = outside / float((kept[-1] ** 2).clamp(min=1.0) if len(kept) else 1.0)
    return (outside + basis @ inside) / metric.sqrt()
