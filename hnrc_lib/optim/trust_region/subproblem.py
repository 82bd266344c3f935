"""The problem that every trust-region method solves at each step, and what an answer to it says."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_finite
from hnrc_lib.linalg.operators import LinearOperator

Reason = Literal[
    "interior", "boundary", "hard_case", "negative_curvature", "converged", "max_steps", "not_finite"
]


@dataclass(frozen=True)
class TrustRegionStep:
    """A step within the trust region.

    Attributes:
        step: s, shape (n,), ‖s‖ ≤ Δ; always finite.
        on_boundary: whether ‖s‖ = Δ.
        predicted_reduction: −(gᵀs + ½ sᵀHs), ≥ 0.
        damping: λ with (H + λI)s = −g, the multiplier of the constraint; NaN where the solver finds none.
        iterations: of the inner solver.
        reason: where and why it ended. "interior": the minimum of the model lies inside; "boundary": the
            constraint holds it back; "hard_case": see ``ExactSubproblem``; the others are those of
            ``SteihaugSubproblem``.
    """

    step: Float[Tensor, " n"]
    on_boundary: bool
    predicted_reduction: float
    damping: float
    iterations: int
    reason: Reason


class Subproblem(ABC):
    """min gᵀs + ½ sᵀHs subject to ‖s‖ ≤ Δ, for one g and H and as many radii Δ as are tried.

    Attributes:
        smallest_eigenvalue: of H, where the solver knows it, otherwise NaN.
        products: products with H so far.
    """

    smallest_eigenvalue: float = math.nan
    products: int = 0

    @abstractmethod
    def step(self, radius: float | int) -> TrustRegionStep:
        """The solution, or an approximation to it.

        Args:
            radius: Δ > 0.
        """


def check_radius(radius: float | int) -> float:
    """Refuse a radius that is no length.

    Raises:
        ValueError: it is not positive and finite.
    """
    if not (radius > 0 and math.isfinite(radius)):
        raise ValueError(f"radius must be positive and finite, got {radius}")
    return float(radius)


def check_model(hessian: Tensor | LinearOperator, gradient: Tensor) -> None:
    """Refuse a matrix and a gradient that make no quadratic model.

    Raises:
        ValueError: shapes do not fit, or the gradient is not finite.
    """
    size = len(gradient)
    if tuple(hessian.shape) != (size, size):
        raise ValueError(f"hessian must have shape {(size, size)} like gradient, got {tuple(hessian.shape)}")
    check_finite("gradient", gradient)
