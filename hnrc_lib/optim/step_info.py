"""What a step of a curvature optimiser did, in numbers."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class StepInfo:
    """One step, as ``optimizer.last_step`` holds it; NaN where a number was not computed.

    Attributes:
        loss: L(θ) before the step.
        gradient_norm: ‖g‖, before any clipping.
        step_norm: ‖s‖ of what was added to θ; 0 where the step was refused.
        damping: λ of the first group, as the step used it.
        predicted_reduction: −(gᵀs + ½ sᵀMs), what the quadratic model promised.
        actual_reduction: L(θ) − L(θ + s) on the same batch; computed where the damping rule asks for it.
        curvature: sᵀMs/sᵀs, curvature along the step.
        iterations: of the inner solver.
        products: products with the curvature matrix in this step.
        cost: of this step in gradients, counted by passes: a forward pass is a third of a gradient, a
            Hessian product two gradients, a Gauss–Newton or Fisher product four thirds.
        accepted: whether θ moved.
        reason: why the step is not the plain one, or None.
    """

    loss: float
    gradient_norm: float = math.nan
    step_norm: float = 0.0
    damping: float = math.nan
    predicted_reduction: float = math.nan
    actual_reduction: float = math.nan
    curvature: float = math.nan
    iterations: int = 0
    products: int = 0
    cost: float = 1.0
    accepted: bool = True
    reason: str | None = None

    @property
    def gain_ratio(self) -> float:
        """Actual over predicted reduction; NaN unless both are known and a reduction was promised.

        >>> StepInfo(1.0, predicted_reduction=0.5, actual_reduction=0.4).gain_ratio
        0.8
        """
        if not self.predicted_reduction > 0:
            return math.nan
        return self.actual_reduction / self.predicted_reduction
