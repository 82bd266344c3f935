"""Trace with its largest part taken exactly."""

import torch

from hnrc_lib.linalg.checks import check_count, check_finite, check_square, rademacher
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.linalg.trace_estimate import TraceEstimate, estimate_from, quadratic_forms


def hutch_plus_plus(
    A: LinearOperator, num_matvecs: int, *, generator: torch.Generator | None = None
) -> TraceEstimate:
    """Estimate tr A, exactly on a sketched range of A and by random probes outside it.

        tr A = tr QᵀAQ + tr (I − QQᵀ)A(I − QQᵀ),   Q an orthonormal basis of the range of A S

    A third of the products makes the sketch, a third the exact part, the rest probes the remainder. It
    pays where a few eigenvalues carry the trace: the error falls as 1/m instead of 1/√m for a positive
    semi-definite A. Given Q the second part is an unbiased estimate, and its scatter is the error.

    Args:
        A: square (n, n).
        num_matvecs: m ≥ 3 products; an error estimate needs six.
        generator: draws the signs; torch's default generator when None.

    Returns:
        The trace and its standard error.

    Raises:
        ValueError: A is not square, m is too small, or a product is not finite.

    >>> from hnrc_lib.linalg.operators import DenseOperator
    >>> A = DenseOperator(torch.ones(50, 50))
    >>> round(hutch_plus_plus(A, 6, generator=torch.Generator().manual_seed(0)).value, 2)
    50.0

    Raphael A. Meyer, Cameron Musco, Christopher Musco and David P. Woodruff, Hutch++: optimal stochastic
    trace estimation (2021).
    """
    size = check_square(A)
    check_count("num_matvecs", num_matvecs, 3)
    third = min(num_matvecs // 3, size)
    sketch = A @ rademacher(A, third, generator)
    check_finite("A @ sketch", sketch)
    basis, _ = torch.linalg.qr(sketch)
    products = A @ basis
    check_finite("A @ basis", products)
    known = float(quadratic_forms(basis, products).sum())
    if third == size:
        return TraceEstimate(known, 0.0, 2 * third)
    probes = rademacher(A, num_matvecs - 2 * third, generator)
    probes = probes - basis @ (basis.mT @ probes)
    products = A @ probes
    check_finite("A @ probes", products)
    return estimate_from(quadratic_forms(probes, products), num_matvecs, known=known)
