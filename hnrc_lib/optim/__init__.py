"""From a gradient and an operator to a step."""

from hnrc_lib.optim.damped_newton import DampedNewtonStep, damped_newton_step
from hnrc_lib.optim.damping_sweep import DampingSweep, damping_sweep
from hnrc_lib.optim.taylor import gain_ratio, predicted_reduction

__all__ = [
    "DampedNewtonStep",
    "DampingSweep",
    "damped_newton_step",
    "damping_sweep",
    "gain_ratio",
    "predicted_reduction",
]
