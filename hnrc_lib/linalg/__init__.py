"""Linear algebra through products alone: nothing here knows a model."""

from hnrc_lib.linalg.conjugate_gradient import ConjugateGradientResult, conjugate_gradient
from hnrc_lib.linalg.effective_dimension import effective_dimension
from hnrc_lib.linalg.hutch_plus_plus import hutch_plus_plus
from hnrc_lib.linalg.hutchinson_trace import hutchinson_trace
from hnrc_lib.linalg.lanczos import LanczosResult, Tridiagonal, lanczos
from hnrc_lib.linalg.low_rank import LowRankInverse, low_rank_inverse
from hnrc_lib.linalg.nystrom import NystromApproximation, nystrom
from hnrc_lib.linalg.operators import DenseOperator, IdentityOperator, LinearOperator
from hnrc_lib.linalg.rank_one import RankOneStep, rank_one_corrected_step, sherman_morrison
from hnrc_lib.linalg.spectral_density import SpectralDensity, spectral_density
from hnrc_lib.linalg.top_eigenpairs import Eigenpairs, top_eigenpairs
from hnrc_lib.linalg.trace_estimate import TraceEstimate

__all__ = [
    "ConjugateGradientResult",
    "DenseOperator",
    "Eigenpairs",
    "IdentityOperator",
    "LanczosResult",
    "LinearOperator",
    "LowRankInverse",
    "NystromApproximation",
    "RankOneStep",
    "SpectralDensity",
    "TraceEstimate",
    "Tridiagonal",
    "conjugate_gradient",
    "effective_dimension",
    "hutch_plus_plus",
    "hutchinson_trace",
    "lanczos",
    "low_rank_inverse",
    "nystrom",
    "rank_one_corrected_step",
    "sherman_morrison",
    "spectral_density",
    "top_eigenpairs",
]
