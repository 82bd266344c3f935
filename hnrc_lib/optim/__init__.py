"""From a gradient and an operator to a step."""

from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.curvature_optimizer import CurvatureOptimizer
from hnrc_lib.optim.damped_newton import DampedNewton
from hnrc_lib.optim.damping import DampingRule, make_damping
from hnrc_lib.optim.damping_sweep import DampingSweep, damping_sweep
from hnrc_lib.optim.diagonal_newton import DiagonalNewton
from hnrc_lib.optim.hessian_free import HessianFree
from hnrc_lib.optim.hnrc import HNRC, LowRankCurvature
from hnrc_lib.optim.newton_step import DampedNewtonStep, damped_newton_step
from hnrc_lib.optim.step_info import StepInfo
from hnrc_lib.optim.taylor import TaylorModel, gain_ratio, predicted_reduction, taylor_model
from hnrc_lib.optim.trust_region import TrustRegionResult, trust_region_minimize

__all__ = [
    "HNRC",
    "Curvature",
    "CurvatureOptimizer",
    "DampedNewton",
    "DampedNewtonStep",
    "DampingRule",
    "DampingSweep",
    "DiagonalNewton",
    "HessianFree",
    "LowRankCurvature",
    "StepInfo",
    "TaylorModel",
    "TrustRegionResult",
    "damped_newton_step",
    "damping_sweep",
    "gain_ratio",
    "make_damping",
    "predicted_reduction",
    "taylor_model",
    "trust_region_minimize",
]
