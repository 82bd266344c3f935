"""The curvature matrix of a closure's batch as a linear operator that counts its products."""

from typing import Any

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.processes import average
from hnrc_lib.curvature.product_graph import ProductGraph
from hnrc_lib.linalg.operators import LinearOperator

_CHUNK = 32


class GraphOperator(LinearOperator):
    """M, or its block of one parameter tensor, on the graph of the step that is under way.

    Args:
        graph: of the batch; gone when the parameters move.
        process_group: to average products over.
        block: name of the parameter tensor whose diagonal block it is; the whole matrix when None.

    Attributes:
        products: columns multiplied so far.
        finite: whether all products so far were.

    >>> from hnrc_lib.curvature.graph import GradientGraph
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> operator = GraphOperator(GradientGraph.on((x**3).sum(), {"x": x}))
    >>> operator @ torch.ones(2), operator.products, operator.finite
    (tensor([ 6., 12.]), 1, True)
    """

    def __init__(self, graph: ProductGraph, process_group: Any = None, *, block: str | None = None) -> None:
        self._graph, self._process_group = graph, process_group
        self._names = list(graph.blocks) if block is None else [block]
        size = sum(graph.blocks[name] for name in self._names)
        first = next(iter(graph.params.values()))
        super().__init__((size, size), first.dtype, first.device)
        self.products, self.finite = 0, True

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        self.products += block.shape[1]
        rows = self._graph.row_products(self._names, self._names, block.mT.contiguous(), _CHUNK)
        found = average(rows, self._process_group).mT
        self.finite = self.finite and bool(torch.isfinite(found).all())
        return found
