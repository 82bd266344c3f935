"""What a curvature method proposes, before anything moves."""

import math
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from hnrc_lib._shapes import Float


@dataclass(frozen=True, eq=False)
class Proposal:
    """A step that an algorithm proposes.

    Attributes:
        step: s, flat, to be added to θ; without the decay.
        curvature: sᵀMs/sᵀs, NaN where it is not known.
        memory: state to keep, where the step turns out to be finite.
        iterations: of an inner solver.
        products: with the curvature matrix.
        evaluations: forward passes besides the first.
        loss_after: L(θ + s), NaN where the algorithm did not look.
        reason: why it is not the plain step, or None.
        matrix_finite: whether all products were; where not, no damping mends it.
    """

    step: Float[Tensor, " n"]
    curvature: float = math.nan
    memory: dict[str, Any] = field(default_factory=dict)
    iterations: int = 0
    products: int = 0
    evaluations: int = 0
    loss_after: float = math.nan
    reason: str | None = None
    matrix_finite: bool = True


def rayleigh_quotient(step: Float[Tensor, " n"], curved: float) -> float:
    """sᵀMs/sᵀs, 0 for the zero step.

    >>> import torch
    >>> rayleigh_quotient(torch.tensor([3.0, 4.0]), 50.0)
    2.0
    """
    square = float(step @ step)
    return curved / square if square > 0 else 0.0
