"""L2: a parabola added to the loss."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.optim.regularization.exclusion import Exclusion, is_bias_or_normalization, regularized
from hnrc_lib.optim.regularization.rule import GradientTerm, check_strength


def l2(
    params: Mapping[str, Tensor], strength: float, *, exclude: Exclusion | None = is_bias_or_normalization
) -> Float[Tensor, ""]:
    """Penalty to be added to a loss; so added, its curvature λI is part of the loss's Hessian.

        (λ/2) Σ θ²

    Args:
        params: θ by name, as ``dict(model.named_parameters())``.
        strength: λ ≥ 0.
        exclude: predicate on (name, parameter) that says what to leave out; None leaves out nothing.

    Returns:
        Scalar tensor, differentiable twice.

    Raises:
        ValueError: λ is negative or not finite.

    >>> float(l2({"weight": torch.tensor([[3.0, 4.0]]), "bias": torch.tensor([7.0])}, strength=0.5))
    6.25

    Arthur E. Hoerl and Robert W. Kennard, Ridge regression (1970).
    """
    check_strength(strength)
    squares = [value.square().sum() for value in regularized(params, exclude)]
    return strength / 2 * torch.stack(squares).sum() if squares else torch.zeros(())


def l2_gradient(parameter: Tensor, strength: float) -> Tensor:
    """Gradient of the penalty: λθ.

    Args:
        parameter: θ.
        strength: λ ≥ 0.

    >>> l2_gradient(torch.tensor([2.0, -4.0]), 0.5)
    tensor([ 1., -2.])
    """
    return strength * parameter


@dataclass(frozen=True)
class L2(GradientTerm):
    """Adds λθ to the gradient: torch's ``weight_decay`` of SGD and Adam.

    Under SGD that is decoupled decay by another name; under Adam it is divided by the root of the squared
    gradients, and so decays least what moves most. An optimiser that makes its own curvature does not see
    λI in it: give such a one the penalty ``l2`` in its loss.

    Attributes:
        strength: λ ≥ 0.
    """

    def gradient(self, parameter: Tensor) -> Tensor:
        """See ``l2_gradient``."""
        return l2_gradient(parameter, self.strength)
