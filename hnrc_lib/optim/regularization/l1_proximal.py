"""L1 by its proximal step: weights become exactly 0."""

from dataclasses import dataclass

from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.optim.regularization.rule import StepTerm


def soft_threshold(values: Float[Tensor, "*shape"], threshold: float) -> Float[Tensor, "*shape"]:
    """Shorten each entry by a threshold, to 0 at most: the proximal operator of τ|x|.

        argmin_z ½(z − x)² + τ|z| = sign(x)·max(|x| − τ, 0)

    Args:
        values: x.
        threshold: τ ≥ 0.

    Returns:
        z, of the same shape; NaN stays NaN.

    Raises:
        ValueError: τ is negative or NaN.

    >>> import torch
    >>> soft_threshold(torch.tensor([3.0, -0.5, -2.0]), 1.0)
    tensor([ 2., -0., -1.])

    Ingrid Daubechies, Michel Defrise and Christine De Mol, An iterative thresholding algorithm for linear
    inverse problems with a sparsity constraint (2004).
    """
    if not threshold >= 0:
        raise ValueError(f"threshold must be at least 0, got {threshold}")
    return values.sign() * (values.abs() - threshold).clamp_min(0)


@dataclass(frozen=True)
class L1Proximal(StepTerm):
    """Soft threshold ηλ after each step, η being the learning rate that the group has at the step.

    With plain gradient steps that is proximal gradient descent on the loss plus λ Σ|θ|. Where the optimiser
    scales its gradient (Adam, a curvature matrix) it is a heuristic: the proximal step of that loss would be
    taken in the optimiser's own metric.

    Attributes:
        strength: λ ≥ 0.
    """

    def after_step(self, parameter: Tensor, before: Tensor, learning_rate: float) -> Tensor:
        """See ``soft_threshold``."""
        return soft_threshold(parameter, learning_rate * self.strength)
