"""What the kept graphs of the curvature matrices share: products with vectors, rows and blocks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.vectors import flatten


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

    @abstractmethod
    def multiply(
        self, outputs: Sequence[str], inputs: Sequence[str], vectors: Sequence[Float[Tensor, "..."]]
    ) -> tuple[Tensor, ...]:
        """vᵀ M[outputs, inputs]: a vector over some parameters, in their shapes, gives parts over others."""

    def product(self, vector: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """M v for one flat vector."""
        names = list(self.blocks)
        parts = self.multiply(names, names, self._shaped(names, vector.split(list(self.blocks.values()))))
        return flatten(dict(zip(names, parts, strict=True)))

    def products(self, rows: Float[Tensor, "k n"], chunk_size: int) -> Float[Tensor, "k n"]:
        """k products at once, one vector a row, at most ``chunk_size`` on the graph at a time."""
        names = list(self.blocks)
        return self.row_products(names, names, rows, chunk_size)

    def row_products(
        self, outputs: Sequence[str], inputs: Sequence[str], rows: Float[Tensor, "k m"], chunk_size: int
    ) -> Float[Tensor, "k q"]:
        """rows · M[outputs, inputs]: k vectors over some blocks give k over others."""

        def product(*parts: Tensor) -> tuple[Tensor, ...]:
            return self.multiply(outputs, inputs, parts)

        pieces = self._shaped(outputs, rows.split([self.blocks[name] for name in outputs], dim=1))
        if len(rows) == 1:  # plain backward: it also serves functions without a vmap rule
            parts = product(*(piece.squeeze(0) for piece in pieces))
            return torch.cat([part.reshape(1, -1) for part in parts], dim=1)
        # vmap over autograd.grad: is_grads_batched would skip the vmap rules of custom functions.
        batched = torch.func.vmap(product, chunk_size=chunk_size)(*pieces)
        return torch.cat([part.reshape(len(rows), -1) for part in batched], dim=1)

    def _shaped(self, names: Sequence[str], pieces: Sequence[Tensor]) -> list[Tensor]:
        """Flat pieces, or rows of them, in the shapes of their parameters."""
        shapes = [self.params[name].shape for name in names]
        return [piece.reshape((*piece.shape[:-1], *s)) for piece, s in zip(pieces, shapes, strict=True)]
