"""Quadratic models with a spectrum of one's choice, and what makes a step within a ball the best one."""

import torch


def model_of(spectrum, seed, *, hard=False):
    """A symmetric matrix with these eigenvalues, and a gradient; ``hard``: with no part along the lowest."""
    generator = torch.Generator().manual_seed(seed)
    size = len(spectrum)
    h, _ = torch.sort(torch.tensor(spectrum, dtype=torch.float64))
    basis, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    slopes = torch.randn(size, generator=generator, dtype=torch.float64)
    if hard:
        slopes = torch.where(h == h[0], 0.0, slopes)
    H = basis @ torch.diag(h) @ basis.mT
    return (H + H.mT) / 2, basis @ slopes


def reduction(H, g, s):
    return -float(g @ s + s @ H @ s / 2)


def dual_bound(H, g, radius):
    """The largest reduction that any step within the ball can have, by search over a dense grid of λ.

    No reduction exceeds ½ gᵀ(H + λI)⁺g + ½ λΔ² for a λ with H + λI ⪰ 0, and the best λ attains it.
    """
    h, basis = torch.linalg.eigh(H)
    slopes = basis.mT @ g
    shifts = torch.nn.functional.pad(torch.logspace(-13, 4, 40_001, dtype=torch.float64), (1, 0))
    damping = shifts + max(0.0, -float(h[0]))
    shifted = (h.unsqueeze(1) + damping).clamp(min=1e-300)
    bounds = (slopes.unsqueeze(1) ** 2 / shifted).sum(0) / 2 + damping * radius**2 / 2
    return float(bounds.min())
