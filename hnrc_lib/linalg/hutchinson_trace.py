"""Trace from random quadratic forms."""

import torch

from hnrc_lib.linalg.checks import check_count, check_finite, check_square, rademacher
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.linalg.trace_estimate import TraceEstimate, estimate_from, quadratic_forms


def hutchinson_trace(
    A: LinearOperator, num_matvecs: int, *, chunk_size: int = 32, generator: torch.Generator | None = None
) -> TraceEstimate:
    """Estimate tr A from quadratic forms in random signs.

        tr A ≈ (1/m) Σ vᵀAv,   vᵢ = ±1,   variance 2(‖A‖_F² − Σ aᵢᵢ²)/m for a symmetric A

    Only the entries off the diagonal add noise; a diagonal matrix is exact from one probe.

    Args:
        A: square (n, n).
        num_matvecs: m ≥ 1 probes; an error estimate needs two.
        chunk_size: probes multiplied at once, ≥ 1.
        generator: draws the signs; torch's default generator when None.

    Returns:
        The trace and its standard error.

    Raises:
        ValueError: A is not square, an argument is out of range, or a product is not finite.

    >>> from hnrc_lib.linalg.operators import DenseOperator
    >>> hutchinson_trace(DenseOperator(torch.diag(torch.tensor([1.0, 2.0]))), 3)
    TraceEstimate(value=3.0, standard_error=0.0, num_matvecs=3)

    Michael F. Hutchinson, A stochastic estimator of the trace of the influence matrix (1990).
    """
    check_square(A)
    check_count("num_matvecs", num_matvecs, 1)
    check_count("chunk_size", chunk_size, 1)
    samples = []
    for start in range(0, num_matvecs, chunk_size):
        probes = rademacher(A, min(chunk_size, num_matvecs - start), generator)
        products = A @ probes
        check_finite("A @ probes", products)
        samples.append(quadratic_forms(probes, products))
    return estimate_from(torch.cat(samples), num_matvecs)
