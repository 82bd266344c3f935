"""The corrected gradient of S2 §3.3, as printed and in the readings under which it is a vector."""

from collections.abc import Callable

import torch
from torch import Tensor

from hnrc_lib._shapes import Float


def printed_correction(gradient: Float[Tensor, " n"], hessian: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """The formula as printed: not a vector.

        ∇L′ = ∇L + H ⊙ H

    A vector (n,) and a matrix (n, n) have no sum. NumPy, TensorFlow and torch add the vector to every row
    without complaint, and give n² numbers for n parameters.

    Args:
        gradient: ∇L, shape (n,).
        hessian: H, shape (n, n).

    Returns:
        What an array library makes of it, shape (n, n).

    >>> printed_correction(torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
    tensor([[10.,  2.],
            [ 1.,  3.]])
    """
    return gradient + hessian * hessian


def diagonal_correction(gradient: Float[Tensor, " n"], diagonal: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The nearest reading that is a vector: one second derivative for each parameter.

        ∇L′ = ∇L + diag(H)²

    It rests where the gradient is −diag(H)², not where it is zero: on ½hθ² at θ = −h instead of 0. Its two
    terms have different units, so that it depends on the units of the parameters and of the loss: with
    L → cL the first term grows by c, the second by c².

    Args:
        gradient: ∇L, shape (n,).
        diagonal: of H, shape (n,).

    >>> h, theta = torch.tensor([2.0]), torch.tensor([-2.0])
    >>> diagonal_correction(h * theta, h)  # at rest at −h
    tensor([0.])
    """
    return gradient + diagonal**2


def curvature_penalty_gradient(
    loss: Callable[[Tensor], Tensor], theta: Float[Tensor, " n"]
) -> Float[Tensor, " n"]:
    """What the formula would be, were H ⊙ H meant as a penalty on the curvature.

        ∇(L + ½‖H‖²_F) = ∇L + Σᵢⱼ Hᵢⱼ ∇Hᵢⱼ

    The entries of H ⊙ H sum to twice that penalty's value; the gradient needs third derivatives.

    Args:
        loss: L(θ), a scalar, three times differentiable.
        theta: θ, shape (n,).

    >>> curvature_penalty_gradient(lambda x: (x**3).sum() / 6, torch.tensor([2.0]))  # x²/2 + x·1
    tensor([4.])
    """

    def penalised(at: Tensor) -> Tensor:
        return loss(at) + (torch.func.hessian(loss)(at) ** 2).sum() / 2

    return torch.func.grad(penalised)(theta)


def resting_point(
    slope: Callable[[Tensor], Tensor], start: Float[Tensor, " n"], *, rate: float | int, num_steps: int
) -> Float[Tensor, " n"]:
    """Where θ ← θ − η v(θ) has come after some steps.

    Args:
        slope: v, from θ (n,) to what takes the place of the gradient.
        start: θ₀, shape (n,).
        rate: η > 0.
        num_steps: ≥ 0.

    >>> h = torch.tensor([2.0])
    >>> resting_point(lambda x: diagonal_correction(h * x, h), torch.zeros(1), rate=0.25, num_steps=50)
    tensor([-2.])
    """
    theta = start
    for _ in range(num_steps):
        theta = theta - rate * slope(theta)
    return theta
