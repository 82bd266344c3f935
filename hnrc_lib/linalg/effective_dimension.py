"""How many directions the damping leaves free."""

import math

from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.checks import check_finite
from hnrc_lib.linalg.spectral_density import SpectralDensity


def effective_dimension(spectrum: Float[Tensor, " n"] | SpectralDensity, damping: float | int) -> float:
    """Number of eigenvalues that stand out above the damping.

        d(λ) = Σ h/(h + λ) = tr H(H + λI)⁻¹

    An eigenvalue far above λ counts 1, one far below it 0; d falls from the rank towards 0 as λ grows. The
    standard error for a density is that of ``density.expectation(lambda h: h / (h + damping))`` times n.

    Args:
        spectrum: all eigenvalues h, shape (n,), or a spectral density.
        damping: λ > 0.

    Raises:
        ValueError: λ is not positive and finite, an eigenvalue is not finite, or some h ≤ −λ, where the
            damped matrix is not positive definite and d means nothing.

    >>> import torch
    >>> effective_dimension(torch.tensor([1.0, 1.0, 0.0]), damping=1.0)
    1.0

    David J. C. MacKay, Bayesian interpolation (1992), there γ.
    """
    if not (damping > 0 and math.isfinite(damping)):
        raise ValueError(f"damping must be positive and finite, got {damping}")
    eigenvalues = spectrum.nodes[spectrum.weights > 0] if isinstance(spectrum, SpectralDensity) else spectrum
    check_finite("spectrum", eigenvalues)
    least = float(eigenvalues.min())
    if least <= -damping:
        raise ValueError(f"damping must exceed {-least:.6g}, the most negative eigenvalue, got {damping}")
    if isinstance(spectrum, SpectralDensity):
        return spectrum.size * spectrum.expectation(lambda h: h / (h + damping))[0]
    eigenvalues = eigenvalues.double()
    return float((eigenvalues / (eigenvalues + damping)).sum())
