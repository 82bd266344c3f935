"""Steps that go no further than the quadratic model is trusted."""

from hnrc_lib.optim.trust_region.cauchy import cauchy_step
from hnrc_lib.optim.trust_region.exact import ExactSubproblem, exact_step
from hnrc_lib.optim.trust_region.minimize import TrustRegionResult, trust_region_minimize
from hnrc_lib.optim.trust_region.radius import RadiusRule
from hnrc_lib.optim.trust_region.steihaug import SteihaugSubproblem, steihaug_step
from hnrc_lib.optim.trust_region.subproblem import Subproblem, TrustRegionStep

__all__ = [
    "ExactSubproblem",
    "RadiusRule",
    "SteihaugSubproblem",
    "Subproblem",
    "TrustRegionResult",
    "TrustRegionStep",
    "cauchy_step",
    "exact_step",
    "steihaug_step",
    "trust_region_minimize",
]
