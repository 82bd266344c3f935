"""The Hessian in full."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.graph import GradientGraph, Loss
from hnrc_lib.curvature.product_graph import ProductGraph
from hnrc_lib.linalg.operators import MAX_DENSE_BYTES, require_room


def dense_hessian(
    loss: Loss,
    params: Mapping[str, Tensor],
    *,
    symmetrize: bool = True,
    chunk_size: int = 64,
    max_bytes: int = MAX_DENSE_BYTES,
) -> Float[Tensor, "n n"]:
    """The exact Hessian H = ∂²L/∂θ² by batched products with unit vectors.

    Args:
        loss: L(params), a scalar function of the parameter dict.
        params: θ, n numbers in all.
        symmetrize: compute the upper triangle of parameter blocks and mirror it, exactly symmetric at about
            half the cost; False differentiates every entry by itself, so that the asymmetry left by
            rounding can be measured.
        chunk_size: rows differentiated at once, ≥ 1; memory grows with it.
        max_bytes: the largest matrix allowed, in bytes.

    Returns:
        H, shape (n, n), rows and columns in the order of ``parameter_blocks(params)``.

    Raises:
        MemoryError: n² numbers take more than ``max_bytes``; nothing was computed.
        ValueError: as for ``hessian_vector_product``.

    >>> dense_hessian(lambda p: p["x"][0] ** 2 * p["x"][1], {"x": torch.tensor([1.0, 3.0])})
    tensor([[6., 2.],
            [2., 0.]])
    """
    size = sum(value.numel() for value in params.values())
    dtype = next(iter(params.values())).dtype if params else torch.float32
    require_room((size, size), dtype, max_bytes)
    return hessian_from_graph(GradientGraph(loss, params), symmetrize=symmetrize, chunk_size=chunk_size)


def hessian_from_graph(
    graph: ProductGraph, *, symmetrize: bool, chunk_size: int, names: Sequence[str] | None = None
) -> Float[Tensor, "n n"]:
    """The matrix of a graph that is already there, or its principal block of some parameters."""
    names, first = list(names or graph.blocks), next(iter(graph.params.values()))
    size = sum(graph.blocks[name] for name in names)
    hessian = torch.empty(size, size, dtype=first.dtype, device=first.device)
    start = 0
    for index, name in enumerate(names):
        stop = start + graph.blocks[name]
        inputs, left = (names[index:], start) if symmetrize else (names, 0)
        for row in range(start, stop, chunk_size):
            last = min(row + chunk_size, stop)
            units = torch.zeros(last - row, stop - start, dtype=first.dtype, device=first.device)
            units[torch.arange(last - row), torch.arange(row - start, last - start)] = 1
            hessian[row:last, left:] = graph.row_products([name], inputs, units, chunk_size)
        if symmetrize:
            block = hessian[start:stop, start:stop]
            hessian[start:stop, start:stop] = (block + block.mT) / 2
            hessian[stop:, start:stop] = hessian[start:stop, stop:].mT
        start = stop
    return hessian
