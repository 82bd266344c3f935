"""Trace of the Hessian of a loss, parameter block by parameter block."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

from hnrc_lib.curvature.graph import GradientGraph, Loss
from hnrc_lib.curvature.trace_probes import BlockProbes
from hnrc_lib.linalg.checks import check_count
from hnrc_lib.linalg.trace_estimate import TraceEstimate

_WORTH = 4  # a deflation may cost at most a quarter of the probes that are still wanted without it


@dataclass(frozen=True)
class HessianTrace:
    """Result of ``hessian_trace``.

    Attributes:
        value: the estimate of tr H.
        standard_error: its standard deviation, from the scatter of the probes; 0 if all blocks are exact.
        num_products: products with a block of the Hessian that it took.
        blocks: the part of each block, under the name of its first parameter; the parts are independent
            and sum to the whole.
        degrees_of_freedom: ν, how well the probes know their own scatter; infinite if all blocks are exact.
    """

    value: float
    standard_error: float
    num_products: int
    blocks: dict[str, TraceEstimate]
    degrees_of_freedom: float = math.inf

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Ends of the interval that holds tr H with this probability, if probes scatter normally.

            value ± t_ν · standard_error

        with t_ν the quantile of Student's distribution: few probes know their own scatter badly, and the
        interval says so by its width.

        Args:
            confidence: 0 … 1, both ends excluded.

        Raises:
            ValueError: it lies outside.

        >>> low, high = HessianTrace(1.0, 0.1, 9, {}, degrees_of_freedom=8.0).interval()
        >>> print(f"{low:.2f} … {high:.2f}")
        0.77 … 1.23
        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
        margin = _student(confidence, self.degrees_of_freedom) * self.standard_error
        return self.value - margin, self.value + margin


def hessian_trace(
    loss: Loss,
    params: Mapping[str, Tensor],
    num_probes: int,
    *,
    rtol: float | None = None,
    max_products: int = 10_000,
    groups: Sequence[Sequence[str]] | None = None,
    chunk_size: int = 16,
    generator: torch.Generator | None = None,
) -> HessianTrace:
    """Estimate tr H with probes that are zero outside one block of parameters at a time.

        tr H = Σ_blocks tr H_bb,   tr H_bb ≈ (1/m_b) Σ vᵀH_bb v,   v = ±1 on block b

    A probe over all parameters also picks up every entry that couples two layers, which is pure noise for
    the trace; blocked probes do not. A block of at most m parameters is summed exactly instead, by unit
    vectors. Only derivatives within the block are taken, so a block's product costs no more than a whole one.

    With ``rtol``, the first m probes a block say how much each scatters, and the rest go where they help
    most, m_b ∝ the deviation of block b, until the standard error is small enough. A block that wants many
    is deflated on the way: its trace on the span of the products so far is taken exactly, as in
    ``hutch_plus_plus``, which pays where few eigenvalues carry the trace. An untrained Elman network of 2 058
    parameters takes 560 products to 3 % and 1 600 to 1 %, plain probes 2 500 and 40 000; a tanh network of
    2 670 takes 860 and 2 100, plain probes 530 and 4 500 (``benchmarks/trace.py``).

    A network that is piecewise linear needs no probes: see ``piecewise_linear_trace``.

    Args:
        loss: L(params), a scalar function of the parameter dict.
        params: θ, name to tensor.
        num_probes: m ≥ 1 probes a block; an error estimate needs two, and one that can be trusted eight.
        rtol: standard error to reach, relative to the trace, > 0; None for m probes a block and no more.
        max_products: with ``rtol``, products after which it stops short of that, ≥ 1; the first m probes of
            every block are drawn all the same.
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

    Michael F. Hutchinson, A stochastic estimator of the trace of the influence matrix (1990); Jerzy Neyman,
    On the two different aspects of the representative method (1934), for the division of the probes.
    """
    check_count("num_probes", num_probes, 1 if rtol is None else 2)
    check_count("chunk_size", chunk_size, 1)
    check_count("max_products", max_products, 1)
    if rtol is not None and not 0 < rtol < math.inf:
        raise ValueError(f"rtol must be positive and finite, got {rtol}")
    names = [[name] for name in params] if groups is None else [list(group) for group in groups]
    if sorted(name for group in names for name in group) != sorted(params):
        raise ValueError(f"groups must hold each of {list(params)} once, got {names}")
    graph = GradientGraph(loss, params)
    blocks = {group[0]: BlockProbes(graph, group, chunk_size, generator) for group in names if group}
    for block in blocks.values():
        block.draw(num_probes)
    if rtol is not None:
        _refine(list(blocks.values()), num_probes, rtol, max_products)
    return _sum(blocks)


def _refine(blocks: list[BlockProbes], pilot: int, rtol: float, max_products: int) -> None:
    """Draw until the sum of the blocks is known to ``rtol`` or the products are used up."""
    while True:
        target = rtol * abs(math.fsum(block.estimate().value for block in blocks))
        left = max_products - sum(block.num_products for block in blocks)
        inexact = [block for block in blocks if not block.exact]
        # A scatter that is by chance small must not stop the search: each is taken at its own upper end.
        deviations = [block.deviation() * (1 + (2 * block.count - 2) ** -0.5) for block in inexact]
        errors = [d / math.sqrt(block.count) for d, block in zip(deviations, inexact, strict=True)]
        if math.hypot(*errors) <= target or left <= 0:
            return
        for block, deviation in zip(inexact, deviations, strict=True):
            wanted = deviation * sum(deviations) / target**2 - block.count if target else math.inf
            if wanted <= 0 or left <= 0:
                continue
            stage = block.sketch_size + pilot
            if block.sketch_size and _WORTH * stage < min(wanted, block.size, left):
                block.deflate()
                block.draw(pilot)
                left -= stage
                continue
            # Twice as many at most: a deviation from few probes may be far too large.
            count = block.size if wanted >= block.size <= left else math.ceil(min(wanted, block.count, left))
            block.draw(count)
            left -= count


def _sum(blocks: Mapping[str, BlockProbes]) -> HessianTrace:
    parts = {name: block.estimate() for name, block in blocks.items()}
    error = math.hypot(*(part.standard_error for part in parts.values()))
    # Welch (1947): 1/ν = Σ (s_b/s)⁴ / (m_b − 1) for the standard errors s_b of blocks with m_b probes.
    shares = [
        (parts[name].standard_error / error) ** 4 / (block.count - 1)
        for name, block in blocks.items()
        if parts[name].standard_error > 0
    ]
    return HessianTrace(
        math.fsum(part.value for part in parts.values()),
        error,
        sum(part.num_matvecs for part in parts.values()),
        parts,
        1 / math.fsum(shares) if shares else math.inf,
    )


def _student(confidence: float, degrees: float) -> float:
    """Two-sided quantile of Student's distribution, expanded in 1/ν: three digits from ν = 3 on."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / degrees**power for power, term in enumerate(terms))
