"""A curvature matrix as damping plus a few directions: how these are found, and how the sum is inverted."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.nystrom import nystrom_of_sketch
from hnrc_lib.linalg.operators import LinearOperator

# The difference loses as many digits as the trace of FᵀD⁻¹F has; of float32's seven, four are left.
_GRAM_SAFE = 1e-3
# A curvature below this many √n·eps of the largest is rounding of the sketch.
_NOISE = 10


@dataclass(frozen=True, eq=False)
class LowRankModel:
    """M ≈ V diag(μ) Vᵀ.

    Attributes:
        vectors: V, shape (n, k), columns orthonormal, or zero where nothing is kept.
        values: μ ≥ 0, shape (k,), largest first; what is 0 keeps nothing. All NaN where a product is not
            finite.
        reason: what broke down, or None.
    """

    vectors: Float[Tensor, "n k"]
    values: Float[Tensor, " k"]
    reason: str | None = None


def rank_one_model(operator: LinearOperator, direction: Float[Tensor, " n"]) -> LowRankModel:
    """One direction of curvature, from one product.

        M ≈ |H₁|,   H₁ = Hv vᵀH/(vᵀHv) = uuᵀ/(vᵀu),  u = Hv

    A negative vᵀHv is turned around, as |eigenvalues| are in damped Newton. Where vᵀHv vanishes beside
    ‖v‖‖Hv‖ the matrix H₁ is not defined and nothing is kept.

    Args:
        operator: H, symmetric (n, n).
        direction: v, shape (n,); any length.

    >>> from hnrc_lib.linalg import DenseOperator
    >>> H = DenseOperator(torch.diag(torch.tensor([4.0, 1.0])))
    >>> model = rank_one_model(H, torch.tensor([2.0, 0.0]))
    >>> model.vectors.mT, model.values
    (tensor([[1., 0.]]), tensor([4.]))
    """
    length = torch.linalg.vector_norm(direction)
    if not bool(length > 0):
        return _nothing(direction, "no direction")
    unit = direction / length
    image = operator @ unit
    along, size = float(unit @ image), float(torch.linalg.vector_norm(image))
    if not (size < torch.inf and along == along):
        return _not_finite(image.unsqueeze(1))
    if size == 0:
        return _nothing(direction, None)
    if abs(along) <= torch.finfo(image.dtype).eps * len(image) ** 0.5 * size:
        return _nothing(direction, "curvature undefined")
    value = torch.full((1,), size**2 / abs(along), dtype=image.dtype, device=image.device)
    reason = "negative curvature turned around" if along < 0 else None
    return LowRankModel((image / size).unsqueeze(1), value, reason)


def low_rank_model(operator: LinearOperator, test: Float[Tensor, "n k"]) -> LowRankModel:
    """k directions of curvature, from k products where M ⪰ 0 on the test vectors and 2k elsewhere.

        M ⪰ 0: V diag(μ) Vᵀ = Y (QᵀY)⁻¹ Yᵀ,   Y = MQ,  Q an orthonormal basis of the test vectors (Nyström)
        else:  W |T| Wᵀ,   T = WᵀMW,  W an orthonormal basis of Y (Rayleigh–Ritz)

    Args:
        operator: M, symmetric (n, n).
        test: Ω, shape (n, k), k ≤ n; from an earlier model of the same matrix it is a step of subspace
            iteration.

    >>> from hnrc_lib.linalg import DenseOperator
    >>> M = DenseOperator(torch.diag(torch.tensor([9.0, -4.0, 0.0])))
    >>> model = low_rank_model(M, torch.eye(3)[:, :2])
    >>> model.values, model.reason
    (tensor([9., 4.]), 'negative curvature turned around')

    Joel A. Tropp and others, Fixed-rank approximation of a positive-semidefinite matrix from streaming
    data (2017).
    """
    chosen = torch.linalg.qr(test)[0]
    image = operator @ chosen
    core, norm = chosen.mT @ image, float(torch.linalg.matrix_norm(image))
    if not (norm < torch.inf and bool(torch.isfinite(core).all())):
        return _not_finite(image)
    least = float(torch.linalg.eigvalsh((core + core.mT) / 2)[0])
    rounding = torch.finfo(core.dtype).eps ** (2 / 3) * norm
    if least >= -rounding and float((core - core.mT).abs().max()) <= 100 * rounding:
        found = nystrom_of_sketch(chosen, image)
        return LowRankModel(found.eigenvectors, found.eigenvalues)
    basis = torch.linalg.qr(image)[0]
    small = basis.mT @ (operator @ basis)
    if not bool(torch.isfinite(small).all()):
        return _not_finite(image)
    values, rotation = torch.linalg.eigh((small + small.mT) / 2)
    order = values.abs().argsort(descending=True)
    reason = "negative curvature turned around" if bool((values < 0).any()) else None
    return LowRankModel(basis @ rotation[:, order], values[order].abs(), reason)


def solve_damped(
    metric: Float[Tensor, " n"] | float,
    vectors: Float[Tensor, "n k"],
    values: Float[Tensor, " k"],
    right: Float[Tensor, " n"],
    *,
    floor: bool = False,
) -> Float[Tensor, " n"]:
    """(D + V diag(μ) Vᵀ)⁻¹ b with a positive diagonal D and orthonormal V.

        D = λI:  V (μ + λ)⁻¹ Vᵀb + (b − VVᵀb)/λ
        else:    D⁻¹b − D⁻¹F (I + FᵀD⁻¹F)⁻¹ FᵀD⁻¹b,   F = V √μ   (Woodbury)

    The first loses half of the digits at most. Where FᵀD⁻¹F is so large that the second would lose all but
    three, a QR factorisation of D^(−1/2)F brings it into the form of the first.

    Args:
        metric: the diagonal of D, > 0, shape (n,), or λ > 0 where all of it is the same.
        vectors: V, shape (n, k).
        values: μ ≥ 0, shape (k,).
        right: b, shape (n,).
        floor: in the metric D, take the smallest curvature that is kept and is more than rounding, where it
            is above 1, for the 1 of all other directions: the inverse then has a limit as D → 0 (Frangella
            et al. 2023).

    >>> solve_damped(1.0, torch.tensor([[1.0], [0.0]]), torch.tensor([4.0]), torch.tensor([5.0, 1.0]))
    tensor([1., 1.])

    Max A. Woodbury, Inverting modified matrices (1950).
    """
    if not isinstance(metric, Tensor):
        return _solve_in_basis(vectors, values / metric, right, floor) / metric
    lengths, weighted = values.sqrt(), vectors / metric.unsqueeze(1)
    gram = lengths.unsqueeze(1) * (vectors.mT @ weighted) * lengths
    if not bool(torch.isfinite(gram).all()):
        return torch.full_like(right, torch.nan)
    if not floor and float(gram.diagonal().sum()) < _GRAM_SAFE / torch.finfo(gram.dtype).eps:
        core = gram + torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        inside = torch.cholesky_solve(
            (lengths * (weighted.mT @ right)).unsqueeze(1), torch.linalg.cholesky(core)
        )
        return right / metric - weighted @ (lengths * inside.squeeze(1))
    root = metric.sqrt()
    scaled, scaled_right = vectors * lengths / root.unsqueeze(1), right / root
    basis, triangle = torch.linalg.qr(scaled)
    rotation, singular, _ = torch.linalg.svd(triangle)
    return _solve_in_basis(basis @ rotation, singular**2, scaled_right, floor) / root


def _solve_in_basis(vectors: Tensor, values: Tensor, right: Tensor, floor: bool) -> Tensor:
    """(I + V diag(μ) Vᵀ)⁻¹ b, inside the span and outside of it apart."""
    eps, largest = torch.finfo(right.dtype).eps, values[0]
    coordinates = vectors.mT @ right
    outside = right - vectors @ coordinates
    if bool(largest > eps**-0.5):
        # Once more: what rounding left of the span would be divided by 1 instead of 1 + μ.
        rest = vectors.mT @ outside
        coordinates, outside = coordinates + rest, outside - vectors @ rest
    if not floor:
        return outside + vectors @ (coordinates / (1 + values))
    kept = values > _NOISE * eps * len(right) ** 0.5 * largest
    least = values[kept][-1].clamp(min=1.0) if bool(kept.any()) else torch.ones_like(largest)
    return outside / least + vectors @ (coordinates / torch.where(kept, 1 + values, least))


def _nothing(direction: Tensor, reason: str | None) -> LowRankModel:
    return LowRankModel(torch.zeros_like(direction).unsqueeze(1), torch.zeros_like(direction[:1]), reason)


def _not_finite(image: Tensor) -> LowRankModel:
    nan = torch.full_like(image, torch.nan)
    return LowRankModel(nan, nan[0], "products are not finite")
