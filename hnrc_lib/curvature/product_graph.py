"""What the kept graphs of the curvature matrices share: products with vectors, rows and blocks."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.replay import NotReplayable, ReplayedMap, replayed
from hnrc_lib.curvature.vectors import flatten

# Recording a product costs two of them and some milliseconds, and saves an eighth to a half of each.
_RECORDED_AFTER = 4


class ProductGraph(ABC):
    """A symmetric matrix over named parameters, known by its products on a graph that is kept.

    Attributes:
        params: θ, name to tensor, detached.
        value: the loss, a detached scalar.
        gradient: ∇L, name to tensor, detached.
        blocks: number of entries of every parameter.
        size: their sum n.
    """

    params: dict[str, Tensor]
    value: Tensor
    gradient: dict[str, Tensor]
    blocks: dict[str, int]
    size: int
    _multiplied: int = 0
    _replay: ReplayedMap | None = None

    @abstractmethod
    def multiply(
        self,
        outputs: Sequence[str],
        inputs: Sequence[str],
        vectors: Sequence[Float[Tensor, "..."]],
        *,
        keep: bool = True,
    ) -> tuple[Tensor, ...]:
        """vᵀ M[outputs, inputs]: a vector over some parameters, in their shapes, gives parts over others.

        Without ``keep`` the graph is freed while it is walked, and this was its last product.
        """

    def last_product(self, vector: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """M v for one vector like the parameters, after which the graph is gone."""
        names = list(self.blocks)
        parts = self.multiply(names, names, [vector[name] for name in names], keep=False)
        return dict(zip(names, parts, strict=True))

    def product(self, vector: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """M v for one flat vector."""
        names = list(self.blocks)
        pieces = self._shaped(names, vector.split(list(self.blocks.values())))
        if self._replay is not None:
            parts = self._replay(pieces)
        else:
            parts = self.multiply(names, names, pieces)
            self._record_when_due(1, pieces, parts)
        return flatten(dict(zip(names, parts, strict=True)))

    def row_products(
        self, outputs: Sequence[str], inputs: Sequence[str], rows: Float[Tensor, "k m"], chunk_size: int
    ) -> Float[Tensor, "k q"]:
        """rows · M[outputs, inputs]: k vectors over some blocks give k over others."""

        def product(*parts: Tensor) -> tuple[Tensor, ...]:
            return self.multiply(outputs, inputs, parts)

        pieces = self._shaped(outputs, rows.split([self.blocks[name] for name in outputs], dim=1))
        self._record_when_due(len(rows), list(self.params.values()))
        if self._replay is not None:
            part = self._replay.part(self._places(outputs), self._places(inputs))
            chunks = zip(*(piece.split(chunk_size) for piece in pieces), strict=True)
            return torch.cat([_side_by_side(part.rows(chunk)) for chunk in chunks])
        if len(rows) == 1:  # plain backward: it also serves functions without a vmap rule
            parts = product(*(piece.squeeze(0) for piece in pieces))
            return _side_by_side([part.unsqueeze(0) for part in parts])
        # vmap over autograd.grad: is_grads_batched would skip the vmap rules of custom functions.
        batched = torch.func.vmap(product, chunk_size=chunk_size)(*pieces)
        return _side_by_side(batched)

    def _record_when_due(
        self, count: int, like: Sequence[Tensor], image: Sequence[Tensor] | None = None
    ) -> None:
        """Turn the product into a list of kernel calls, once so many vectors have come that it pays."""
        due = self._multiplied < _RECORDED_AFTER <= self._multiplied + count
        self._multiplied += count
        if due and all(value.device.type == "cpu" for value in like):  # no card has run a recording yet
            names = list(self.blocks)
            with contextlib.suppress(NotReplayable):
                self._replay = replayed(lambda *v: self.multiply(names, names, v), like, image)

    def _places(self, names: Sequence[str]) -> list[int]:
        order = list(self.blocks)
        return [order.index(name) for name in names]

    def _shaped(self, names: Sequence[str], pieces: Sequence[Tensor]) -> list[Tensor]:
        """Flat pieces, or rows of them, in the shapes of their parameters."""
        shapes = [self.params[name].shape for name in names]
        return [piece.reshape((*piece.shape[:-1], *s)) for piece, s in zip(pieces, shapes, strict=True)]


def _side_by_side(parts: Sequence[Float[Tensor, "k ..."]]) -> Float[Tensor, "k q"]:
    return torch.cat([part.reshape(len(part), -1) for part in parts], dim=1)
