"""Rules for the damping λ: constant, scheduled, or by how well the quadratic model predicted."""

from hnrc_lib.optim.damping.constant import ConstantDamping
from hnrc_lib.optim.damping.exponential_decay import ExponentialDecay
from hnrc_lib.optim.damping.levenberg_marquardt import LevenbergMarquardt
from hnrc_lib.optim.damping.make_damping import make_damping
from hnrc_lib.optim.damping.nielsen import Nielsen
from hnrc_lib.optim.damping.rule import DampingRule
from hnrc_lib.optim.damping.scheduled import ScheduledDamping

__all__ = [
    "ConstantDamping",
    "DampingRule",
    "ExponentialDecay",
    "LevenbergMarquardt",
    "Nielsen",
    "ScheduledDamping",
    "make_damping",
]
