"""L1 by its subgradient: weights come near 0 and chatter about it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.optim.regularization.exclusion import Exclusion, is_bias_or_normalization, regularized
from hnrc_lib.optim.regularization.rule import GradientTerm, check_strength


def l1(
    params: Mapping[str, Tensor], strength: float, *, exclude: Exclusion | None = is_bias_or_normalization
) -> Float[Tensor, ""]:
    """Penalty to be added to a loss; its Hessian is 0 wherever it has one.

        λ Σ |θ|

    Args:
        params: θ by name, as ``dict(model.named_parameters())``.
        strength: λ ≥ 0.
        exclude: predicate on (name, parameter) that says what to leave out; None leaves out nothing.

    Returns:
        Scalar tensor.

    Raises:
        ValueError: λ is negative or not finite.

    >>> float(l1({"weight": torch.tensor([[3.0, -4.0]]), "bias": torch.tensor([7.0])}, strength=0.5))
    3.5

    Robert Tibshirani, Regression shrinkage and selection via the lasso (1996).
    """
    check_strength(strength)
    lengths = [value.abs().sum() for value in regularized(params, exclude)]
    return strength * torch.stack(lengths).sum() if lengths else torch.zeros(())


def l1_subgradient(parameter: Tensor, strength: float) -> Tensor:
    """The subgradient of the penalty that is 0 at 0: λ sign θ.

    Args:
        parameter: θ.
        strength: λ ≥ 0.

    >>> l1_subgradient(torch.tensor([2.0, 0.0, -4.0]), 0.5)
    tensor([ 0.5000,  0.0000, -0.5000])
    """
    return strength * parameter.sign()


@dataclass(frozen=True)
class L1Subgradient(GradientTerm):
    """Adds λ sign θ to the gradient; weights cross 0 by steps of about ηλ and do not stay there.

    Attributes:
        strength: λ ≥ 0.
    """

    def gradient(self, parameter: Tensor) -> Tensor:
        """See ``l1_subgradient``."""
        return l1_subgradient(parameter, self.strength)
