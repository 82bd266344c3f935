"""Gradients of many shapes for the tests of clipping."""

import torch
from hypothesis import strategies as st

SHAPES = st.lists(
    st.sampled_from([(), (1,), (3,), (2, 3), (4, 1), (2, 3, 2), (0,), (0, 2), (2, 0)]), min_size=1, max_size=4
)


@st.composite
def gradients(draw, scales=(1e-3, 1.0, 1e3), dtypes=(torch.float64,), shapes=SHAPES):
    """Tensors of one dtype and of one scale, and parameters of their shapes."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    scale, dtype = draw(st.sampled_from(scales)), draw(st.sampled_from(dtypes))
    sizes = draw(shapes)
    made = [torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes * 2]
    parts = [(scale * part).to(dtype) for part in made[: len(sizes)]]
    return parts, [part.to(dtype) for part in made[len(sizes) :]]


def flat(parts):
    """All entries as one float64 vector."""
    return torch.cat([part.double().reshape(-1) for part in parts])


def degrees(a, b):
    cosine = float(a @ b / (a.norm() * b.norm()))
    return float(torch.rad2deg(torch.arccos(torch.tensor(cosine, dtype=torch.float64).clamp(-1, 1))))
