"""Regularisation: rules, and how to attach them to any optimiser."""

from hnrc_lib.optim.regularization.attach import AttachedRegularization, regularize
from hnrc_lib.optim.regularization.decoupled import DecoupledDecay, decoupled_decay
from hnrc_lib.optim.regularization.exclusion import is_bias_or_normalization
from hnrc_lib.optim.regularization.l1 import L1Subgradient, l1, l1_subgradient
from hnrc_lib.optim.regularization.l1_proximal import L1Proximal, soft_threshold
from hnrc_lib.optim.regularization.l2 import L2, l2, l2_gradient
from hnrc_lib.optim.regularization.rule import GradientTerm, Regularization, StepTerm

__all__ = [
    "L2",
    "AttachedRegularization",
    "DecoupledDecay",
    "GradientTerm",
    "L1Proximal",
    "L1Subgradient",
    "Regularization",
    "StepTerm",
    "decoupled_decay",
    "is_bias_or_normalization",
    "l1",
    "l1_subgradient",
    "l2",
    "l2_gradient",
    "regularize",
    "soft_threshold",
]
