"""Hessian products against differences of the gradient: a check that shares no second derivative."""

from collections.abc import Mapping

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.graph import GradientGraph, Loss
from hnrc_lib.curvature.hessian import HessianLinearOperator
from hnrc_lib.curvature.vectors import flatten, unflatten


def central_difference_errors(
    loss: Loss,
    params: Mapping[str, Tensor],
    steps: Float[Tensor, " m"],
    *,
    num_vectors: int = 8,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " m"]:
    """Relative distance of central differences from exact Hessian products, by step size.

        e(ε) = median over v of ‖(∇L(θ + εv) − ∇L(θ − εv))/2ε − Hv‖/‖Hv‖,   ‖v‖ = 1

    On a smooth loss e falls as ε² until rounding, about 10⁻¹⁶/ε in float64, takes over. Through ReLU or
    max-pooling it need not fall at all: that is a fault of the differences, not of the product.

    Args:
        loss: L(params), a scalar function of the parameter dict.
        params: θ, name to tensor.
        steps: ε > 0, shape (m,).
        num_vectors: random directions v, ≥ 1.
        generator: draws them; torch's default generator when None.

    Returns:
        e, shape (m,).

    Raises:
        ValueError, TypeError: as for ``hessian_vector_product``.

    >>> params = {"x": torch.tensor([0.3, 0.4], dtype=torch.float64)}
    >>> errors = central_difference_errors(lambda p: p["x"].exp().sum(), params, torch.tensor([1e-2, 1e-4]))
    >>> (errors < torch.tensor([1e-4, 1e-8])).all()
    tensor(True)
    """
    operator, flat = HessianLinearOperator(loss, params), flatten(params).detach()
    device = flat.device if generator is None else generator.device
    shape = (num_vectors, len(flat))
    vectors = torch.randn(shape, generator=generator, dtype=flat.dtype, device=device).to(flat.device)
    vectors = torch.nn.functional.normalize(vectors)
    products = (operator @ vectors.mT).mT

    def gradient(at: Tensor) -> Tensor:
        return flatten(GradientGraph(loss, unflatten(at, params)).gradient)

    errors = flat.new_empty(len(steps), num_vectors)
    for row, step in enumerate(steps.tolist()):
        for column, vector in enumerate(vectors):
            slope = (gradient(flat + step * vector) - gradient(flat - step * vector)) / (2 * step)
            errors[row, column] = (slope - products[column]).norm() / products[column].norm()
    return errors.median(dim=1).values
