"""Second derivatives of a loss: products with the Hessian, and the Hessian itself."""

from hnrc_lib.curvature.capture import CapturedOperator
from hnrc_lib.curvature.dense import dense_hessian
from hnrc_lib.curvature.exact_trace import piecewise_linear_trace
from hnrc_lib.curvature.finite_differences import central_difference_errors
from hnrc_lib.curvature.fisher import FisherLinearOperator
from hnrc_lib.curvature.ggn import GGNLinearOperator, ggn_vector_product
from hnrc_lib.curvature.hessian import HessianLinearOperator, gradient_and_hvp, hessian_vector_product
from hnrc_lib.curvature.reroute import rerouted
from hnrc_lib.curvature.supervised import SupervisedLoss
from hnrc_lib.curvature.trace import hessian_trace
from hnrc_lib.curvature.trace_result import HessianTrace
from hnrc_lib.curvature.vectors import flatten, parameter_blocks, unflatten

__all__ = [
    "CapturedOperator",
    "FisherLinearOperator",
    "GGNLinearOperator",
    "HessianLinearOperator",
    "HessianTrace",
    "SupervisedLoss",
    "central_difference_errors",
    "dense_hessian",
    "flatten",
    "ggn_vector_product",
    "gradient_and_hvp",
    "hessian_trace",
    "hessian_vector_product",
    "parameter_blocks",
    "piecewise_linear_trace",
    "rerouted",
    "unflatten",
]
