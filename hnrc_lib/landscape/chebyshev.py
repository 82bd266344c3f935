"""Interpolation through Chebyshev nodes."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float


def chebyshev_nodes(num_intervals: int) -> Float[Tensor, "nodes"]:
    """xₖ = sin(π(2k − N)/2N), k = 0 … N: ascending from −1 to 1, denser towards the ends, in float64.

    Every second node of 2N intervals is a node of N, to the bit; 0 is exactly 0.

    Args:
        num_intervals: N ≥ 1.

    >>> chebyshev_nodes(2)
    tensor([-1.,  0.,  1.], dtype=torch.float64)
    """
    steps = torch.arange(-num_intervals, num_intervals + 1, 2, dtype=torch.float64)
    return torch.sin(torch.pi * steps / (2 * num_intervals))


def interpolation_matrix(num_intervals: int, at: Float[Tensor, "points"]) -> Float[Tensor, "points nodes"]:
    """M with M f = the polynomial through f at the nodes, at the points asked for.

        p(t) = Σ wₖ fₖ/(t − xₖ) / Σ wₖ/(t − xₖ),   wₖ = (−1)ᵏ, halved at both ends

    Args:
        num_intervals: N ≥ 1, for N + 1 nodes and a polynomial of degree N.
        at: t, from −1 to 1, float64.

    >>> interpolation_matrix(2, torch.tensor([0.0, 0.5], dtype=torch.float64))
    tensor([[ 0.0000,  1.0000,  0.0000],
            [-0.1250,  0.7500,  0.3750]], dtype=torch.float64)

    Source: Berrut and Trefethen (2004), Barycentric Lagrange interpolation, section 5.
    """
    nodes = chebyshev_nodes(num_intervals)
    weights = 1.0 - 2.0 * (torch.arange(len(nodes), dtype=torch.float64) % 2)
    weights[0] *= 0.5
    weights[-1] *= 0.5
    distances = at.unsqueeze(1) - nodes
    on_node = distances == 0
    terms = weights / distances.masked_fill(on_node, 1.0)
    matrix = terms / terms.sum(dim=1, keepdim=True)
    return torch.where(on_node.any(dim=1, keepdim=True), on_node.to(matrix), matrix)
