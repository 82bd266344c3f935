"""Linear algebra through products alone: nothing here knows a model."""

from hnrc_lib.linalg.low_rank import LowRankInverse, low_rank_inverse
from hnrc_lib.linalg.operators import DenseOperator, IdentityOperator, LinearOperator
from hnrc_lib.linalg.rank_one import RankOneStep, rank_one_corrected_step, sherman_morrison

__all__ = [
    "DenseOperator",
    "IdentityOperator",
    "LinearOperator",
    "LowRankInverse",
    "RankOneStep",
    "low_rank_inverse",
    "rank_one_corrected_step",
    "sherman_morrison",
]
