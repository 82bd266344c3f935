"""A curvature matrix as a linear operator: over one batch, over a data loader, over several processes."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypedDict

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.dense import hessian_from_graph
from hnrc_lib.curvature.processes import average
from hnrc_lib.curvature.product_graph import ProductGraph
from hnrc_lib.curvature.vectors import check_params, check_vector, flatten, parameter_blocks, unflatten
from hnrc_lib.linalg.operators import MAX_DENSE_BYTES, LinearOperator, require_room


class OperatorOptions(TypedDict, total=False):
    """Keywords that every curvature operator takes; see ``CurvatureOperator``."""

    data: Iterable[Any] | None
    keep_graphs: bool
    process_group: Any
    chunk_size: int
    check_deterministic: bool


class CurvatureOperator(LinearOperator):
    """What the Hessian, Gauss–Newton and Fisher operators share: products on dicts, vectors and blocks.

    Without data the graph is made once, here, and kept until the operator goes. With data the matrix is the
    exact sum over its batches, M = Σ_b M_b; every pass makes each batch's graph and drops it again, unless
    it is asked to keep them all. With a process group, value, gradient and products are averaged over its
    processes, as data-parallel training averages gradients; all processes must then do the same products.

    Args:
        graph: makes the graph of one batch; called with the batch's number and the batch, or with 0 alone
            where there is no data, and with ``check_deterministic``, true at the first call only.
        params: θ, name to tensor; copied by the graphs.
        data: batches, an iterable that can be walked again and again, such as a ``DataLoader``.
        keep_graphs: keep the graph of every batch; memory grows with the data.
        process_group: of ``torch.distributed``; None for this process alone.
        chunk_size: columns that a block product puts on a graph at once, ≥ 1.
        check_deterministic: evaluate the first graph's function twice and refuse it if the two differ.

    Attributes:
        value: L(θ), a scalar tensor.
        gradient: ∇L(θ), name to tensor.
        blocks: number of entries per parameter, in the order of the flat vector.
    """

    structured = True

    def __init__(
        self,
        graph: Callable[..., ProductGraph],
        params: Mapping[str, Tensor],
        *,
        data: Iterable[Any] | None = None,
        keep_graphs: bool = False,
        process_group: Any = None,
        chunk_size: int = 64,
        check_deterministic: bool = True,
    ) -> None:
        check_params(params)
        if chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1, got {chunk_size}")
        if data is not None and iter(data) is data:
            raise ValueError(
                "data must be an iterable that starts anew each time, such as a list or a DataLoader, "
                f"got a {type(data).__name__} that can be walked once"
            )
        self._make, self._data, self._process_group = graph, data, process_group
        self.params = {name: value.detach() for name, value in params.items()}
        self.blocks, self.chunk_size = parameter_blocks(self.params), chunk_size
        size, first = sum(self.blocks.values()), next(iter(params.values()))
        super().__init__((size, size), first.dtype, first.device)
        self._kept: list[ProductGraph] | None = None
        self._checked = not check_deterministic
        if data is None:
            self._kept = [graph(0, check_deterministic=check_deterministic)]
            self.params = self._kept[0].params
        elif keep_graphs:
            self._kept = list(self._graphs())

    @cached_property
    def _start(self) -> tuple[Tensor, Tensor]:
        """Value and gradient, from one pass."""
        value, gradient = torch.zeros((), dtype=self.dtype, device=self.device), self._zeros(1)[:, 0]
        for graph in self._graphs():
            value = value + graph.value.to(self.dtype)
            gradient = gradient + flatten({name: graph.gradient[name] for name in self.blocks})
        return average(value, self._process_group), average(gradient, self._process_group)

    @property
    def value(self) -> Float[Tensor, ""]:
        """L(θ)."""
        return self._start[0]

    @property
    def gradient(self) -> dict[str, Tensor]:
        """∇L(θ), name to tensor."""
        return self.unflatten(self._start[1])

    def restrict(self, names: Sequence[str]) -> "CurvatureOperator":
        """The principal block of some parameters, M[names, names], on the same graphs.

        Args:
            names: parameters to keep, each once, in any order; the block has the operator's own order.

        Raises:
            ValueError: a name is unknown or comes twice, or none is given.

        >>> from hnrc_lib.curvature import HessianLinearOperator
        >>> params = {"x": torch.tensor([1.0]), "y": torch.tensor([3.0])}
        >>> H = HessianLinearOperator(lambda p: (p["x"] ** 2 * p["y"]).sum(), params)
        >>> H.restrict(["x"]).to_dense()
        tensor([[6.]])
        """
        unknown = [name for name in names if name not in self.blocks]
        if unknown or not names or len(set(names)) != len(names):
            raise ValueError(f"names must be some of {list(self.blocks)}, each once, got {list(names)}")
        part = copy.copy(self)
        vars(part).pop("_start", None)
        part.blocks = {name: count for name, count in self.blocks.items() if name in names}
        part.params = {name: self.params[name] for name in part.blocks}
        size = sum(part.blocks.values())
        part.shape = (size, size)
        return part

    def only_graph(self) -> ProductGraph:
        """The graph of the one batch.

        Raises:
            ValueError: the operator has data or a process group.
        """
        if self._data is not None or self._kept is None or self._process_group is not None:
            raise ValueError("operator must be of one batch in one process, got data or a process group")
        return self._kept[0]

    def flatten(self, vector: Mapping[str, Tensor]) -> Float[Tensor, " n"]:
        """A dict like the parameters as one vector (n,), in the operator's order."""
        check_vector(vector, self.params)
        return flatten({name: vector[name] for name in self.blocks})

    def unflatten(self, vector: Float[Tensor, " n"]) -> dict[str, Tensor]:
        """A vector (n,) as a dict like the parameters."""
        return unflatten(vector, self.params)

    def to_dense(
        self, *, chunk_size: int | None = None, max_bytes: int = MAX_DENSE_BYTES
    ) -> Float[Tensor, "n n"]:
        """The matrix in full, symmetric by construction: only one triangle of blocks is computed.

        Args:
            chunk_size: rows differentiated at once; the operator's own when None.
            max_bytes: the largest matrix allowed, in bytes.

        Raises:
            MemoryError: the matrix would be larger than ``max_bytes``; nothing was computed.
        """
        require_room(self.shape, self.dtype, max_bytes)
        dense = torch.zeros(self.shape, dtype=self.dtype, device=self.device)
        for graph in self._graphs():
            dense += hessian_from_graph(
                graph, symmetrize=True, chunk_size=chunk_size or self.chunk_size, names=list(self.blocks)
            )
        return average(dense, self._process_group)

    def diag(self) -> Float[Tensor, " n"]:
        """The diagonal, exactly, by n products within the parameters' own blocks; no n × n matrix.

        >>> from hnrc_lib.curvature import HessianLinearOperator
        >>> H = HessianLinearOperator(lambda p: (p["x"] ** 3).sum(), {"x": torch.tensor([1.0, 2.0])})
        >>> H.diag()
        tensor([ 6., 12.])
        """
        total = self._zeros(1)[:, 0]
        for graph in self._graphs():
            parts = [self._block_diagonal(graph, name) for name in self.blocks]
            total = total + torch.cat(parts)
        return average(total, self._process_group)

    def _block_diagonal(self, graph: ProductGraph, name: str) -> Tensor:
        size, parts = self.blocks[name], []
        for start in range(0, size, self.chunk_size):
            rows = torch.arange(start, min(start + self.chunk_size, size), device=self.device)
            units = torch.zeros(len(rows), size, dtype=self.dtype, device=self.device)
            units[torch.arange(len(rows), device=self.device), rows] = 1
            products = graph.row_products([name], [name], units, self.chunk_size)
            parts.append(products.gather(1, rows.unsqueeze(1)).squeeze(1))
        return torch.cat(parts)

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        names, total = list(self.blocks), self._zeros(block.shape[1])
        for graph in self._graphs():
            total = total + graph.row_products(names, names, block.mT, self.chunk_size).mT
        return average(total, self._process_group)

    def _zeros(self, columns: int) -> Tensor:
        return torch.zeros(self.shape[0], columns, dtype=self.dtype, device=self.device)

    def _graphs(self) -> Iterator[ProductGraph]:
        if self._kept is not None:
            yield from self._kept
            return
        assert self._data is not None
        index = -1
        for index, batch in enumerate(self._data):
            check, self._checked = not self._checked, True
            yield self._make(index, batch, check_deterministic=check)
        if index < 0:
            raise ValueError("data must hold at least one batch, got none")
