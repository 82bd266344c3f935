"""Trace of the Hessian of a loss, parameter block by parameter block."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib.curvature.graph import GradientGraph, Loss
from hnrc_lib.linalg.checks import check_count, check_finite
from hnrc_lib.linalg.trace_estimate import TraceEstimate, estimate_from, quadratic_forms


@dataclass(frozen=True)
class HessianTrace:
    """Result of ``hessian_trace``.

    Attributes:
        value: the estimate of tr H.
        standard_error: its standard deviation, from the scatter of the probes; 0 if all blocks are exact.
        num_products: products with a block of the Hessian that it took.
        blocks: the part of each block, under the name of its first parameter; the parts are independent
            and sum to the whole.
    """

    value: float
    standard_error: float
    num_products: int
    blocks: dict[str, TraceEstimate]


def hessian_trace(
    loss: Loss,
    params: Mapping[str, Tensor],
    num_probes: int,
    *,
    groups: Sequence[Sequence[str]] | None = None,
    chunk_size: int = 16,
    generator: torch.Generator | None = None,
) -> HessianTrace:
    """Estimate tr H with probes that are zero outside one block of parameters at a time.

        tr H = Σ_blocks tr H_bb,   tr H_bb ≈ (1/m) Σ vᵀH_bb v,   v = ±1 on block b

    A probe over all parameters also picks up every entry that couples two layers, which is pure noise for
    the trace; blocked probes do not. A block of at most m parameters is summed exactly instead, by unit
    vectors. Only derivatives within the block are taken, so a block's product costs no more than a whole one.

    Args:
        loss: L(params), a scalar function of the parameter dict.
        params: θ, name to tensor.
        num_probes: m ≥ 1 probes a block; an error estimate needs two.
        groups: names that form a block together, each name once; one block a parameter when left out. Fewer
            blocks need fewer products and give more noise each.
        chunk_size: probes differentiated at once, ≥ 1.
        generator: draws the signs; torch's default generator when None.

    Returns:
        The trace, its standard error, and the part of every block.

    Raises:
        ValueError: groups do not hold every name once, an argument is out of range, or a product is not
            finite; also, as TypeError, what ``hessian_vector_product`` refuses.

    >>> params = {"x": torch.tensor([1.0, 2.0]), "y": torch.tensor(3.0)}
    >>> trace = hessian_trace(lambda p: (p["x"] ** 3).sum() * p["y"], params, 2)
    >>> trace.value, trace.standard_error, trace.blocks["y"].value
    (54.0, 0.0, 0.0)

    Michael F. Hutchinson, A stochastic estimator of the trace of the influence matrix (1990).
    """
    check_count("num_probes", num_probes, 1)
    check_count("chunk_size", chunk_size, 1)
    blocks = [[name] for name in params] if groups is None else [list(group) for group in groups]
    if sorted(name for block in blocks for name in block) != sorted(params):
        raise ValueError(f"groups must hold each of {list(params)} once, got {blocks}")
    graph = GradientGraph(loss, params)
    parts = {
        block[0]: _block_trace(graph, block, num_probes, chunk_size, generator) for block in blocks if block
    }
    return HessianTrace(
        math.fsum(part.value for part in parts.values()),
        math.sqrt(math.fsum(part.standard_error**2 for part in parts.values())),
        sum(part.num_matvecs for part in parts.values()),
        parts,
    )


def _block_trace(
    graph: GradientGraph,
    names: list[str],
    num_probes: int,
    chunk_size: int,
    generator: torch.Generator | None,
) -> TraceEstimate:
    like = graph.params[names[0]]
    size = sum(graph.blocks[name] for name in names)
    exact = size <= num_probes
    count, forms = (size if exact else num_probes), []
    for start in range(0, count, chunk_size):
        rows = min(chunk_size, count - start)
        if exact:
            probes = torch.eye(size, dtype=like.dtype, device=like.device)[start : start + rows]
        else:
            device = like.device if generator is None else generator.device
            signs = torch.randint(0, 2, (rows, size), generator=generator, device=device)
            probes = (2 * signs - 1).to(like)
        products = graph.row_products(names, names, probes, chunk_size)
        check_finite(f"the product with block {names}", products)
        forms.append(quadratic_forms(probes.mT, products.mT))
    samples = torch.cat(forms)
    return TraceEstimate(float(samples.sum()), 0.0, count) if exact else estimate_from(samples, count)
