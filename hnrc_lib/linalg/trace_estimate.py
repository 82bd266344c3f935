"""An estimated trace and how far it can be trusted."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TraceEstimate:
    """A trace from random probes.

    Attributes:
        value: the estimate.
        standard_error: standard deviation of the estimate, itself estimated from the scatter of the
            probes; 0 where nothing was left to chance, NaN where one probe alone tells nothing of it.
        num_matvecs: products with the matrix that it took.
    """

    value: float
    standard_error: float
    num_matvecs: int


def estimate_from(samples: Tensor, num_matvecs: int, *, known: float = 0.0) -> TraceEstimate:
    """A known part plus the mean of independent unbiased samples."""
    samples = samples.double()
    error = float(samples.std()) / math.sqrt(len(samples)) if len(samples) > 1 else math.nan
    return TraceEstimate(known + float(samples.mean()), error, num_matvecs)


def quadratic_forms(vectors: Tensor, products: Tensor) -> Tensor:
    """vᵀ(Av) of every column, summed in float64."""
    return (vectors * products).sum(dim=0, dtype=torch.float64).cpu()
