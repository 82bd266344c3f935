"""Random probes of one diagonal block of a Hessian, drawn as they are wanted."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.graph import GradientGraph
from hnrc_lib.linalg.checks import check_finite
from hnrc_lib.linalg.trace_estimate import TraceEstimate, estimate_from, quadratic_forms

_MAX_COLUMNS = 64  # of one deflation
_MAX_NUMBERS = 2**26  # that the columns of a block may hold in all


class BlockProbes:
    """Estimate of tr H_bb that grows: vᵀH_bb v for signs v, or every unit vector once and no error.

        tr H_bb = tr QᵀH_bb Q + tr (I − QQᵀ)H_bb(I − QQᵀ)

    ``deflate`` turns the latest products into the orthonormal columns Q; the trace is exact on their span,
    and only the rest of it is left to later probes.

    Args:
        graph: the gradient whose derivative is H.
        names: parameters of the block b.
        chunk_size: probes differentiated at once.
        generator: draws the signs; torch's default generator when None.

    Attributes:
        size: rows of the block.
        count: probes drawn since the last deflation.
        num_products: products with the block so far.
        exact: whether the unit vectors were taken.

    Raphael A. Meyer and others, Hutch++: optimal stochastic trace estimation (2021); David Persson, Alice
    Cortinovis and Daniel Kressner, Improved variants of the Hutch++ algorithm (2022), for doing it in stages.
    """

    def __init__(
        self, graph: GradientGraph, names: list[str], chunk_size: int, generator: torch.Generator | None
    ) -> None:
        self.size = sum(graph.blocks[name] for name in names)
        self.count, self.num_products, self.exact = 0, 0, False
        self._graph, self._names, self._chunk_size, self._generator = graph, names, chunk_size, generator
        self._like = graph.params[names[0]]
        self._forms = torch.empty(0, dtype=torch.float64)
        self._sketch = self._basis = self._like.new_empty(0, self.size)
        self._known = 0.0

    def draw(self, count: int) -> None:
        """Add ``count`` probes; where the unit vectors are no more than that, take them instead."""
        if count >= self.size:
            self.exact, count, self._known, self._forms = True, self.size, 0.0, self._forms[:0]
        for start in range(0, count, self._chunk_size):
            rows = min(self._chunk_size, count - start)
            probes = self._units(start, rows) if self.exact else self._outside(self._signs(rows))
            products = self._multiply(probes)
            self._forms = torch.cat([self._forms, quadratic_forms(probes.mT, products.mT)])
            if not self.exact:
                columns = min(_MAX_COLUMNS, _MAX_NUMBERS // self.size - len(self._basis))
                self._sketch = torch.cat([self._sketch, products])[-columns:] if columns > 0 else products[:0]
        self.count += count

    @property
    def sketch_size(self) -> int:
        """Columns that ``deflate`` would add, one product each; 0 where there is no room for more."""
        return len(self._sketch)

    def deflate(self) -> None:
        """Take the trace on the span of the latest products exactly, and forget the probes so far."""
        columns, _ = torch.linalg.qr(self._outside(self._sketch).mT)
        columns, _ = torch.linalg.qr(self._outside(columns.mT).mT)  # twice is enough against rounding
        for rows in columns.mT.split(self._chunk_size):
            self._known += float(quadratic_forms(rows.mT, self._multiply(rows).mT).sum())
        self._basis = torch.cat([self._basis, columns.mT])
        self._sketch, self._forms, self.count = self._sketch[:0], self._forms[:0], 0

    def deviation(self) -> float:
        """Standard deviation of one probe, from two probes on."""
        return float(self._forms.std())

    def estimate(self) -> TraceEstimate:
        """What the probes say so far."""
        if self.exact:
            return TraceEstimate(math.fsum(self._forms.tolist()), 0.0, self.num_products)
        return estimate_from(self._forms, self.num_products, known=self._known)

    def _multiply(self, rows: Float[Tensor, "k size"]) -> Float[Tensor, "k size"]:
        products = self._graph.row_products(self._names, self._names, rows, self._chunk_size)
        check_finite(f"the product with block {self._names}", products)
        self.num_products += len(rows)
        return products

    def _outside(self, rows: Float[Tensor, "k size"]) -> Float[Tensor, "k size"]:
        return rows - rows @ self._basis.mT @ self._basis if len(self._basis) else rows

    def _units(self, start: int, rows: int) -> Float[Tensor, "rows size"]:
        units = torch.zeros(rows, self.size, dtype=self._like.dtype, device=self._like.device)
        units[torch.arange(rows), torch.arange(start, start + rows)] = 1
        return units

    def _signs(self, rows: int) -> Float[Tensor, "rows size"]:
        device = self._like.device if self._generator is None else self._generator.device
        signs = torch.randint(0, 2, (rows, self.size), generator=self._generator, device=device)
        return (2 * signs - 1).to(self._like)
