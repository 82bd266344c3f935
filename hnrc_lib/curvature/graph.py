"""A loss and its gradient on a kept graph, from which products with the Hessian are taken."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.vectors import check_params, flatten, parameter_blocks

Loss = Callable[[dict[str, Tensor]], Tensor]


class GradientGraph:
    """The gradient of a loss at given parameters, still attached to its graph.

        Hv = ∂(∇L·v)/∂θ   (reverse over reverse)

    The loss is evaluated once. The parameters are copied, so that a later update in place moves neither
    the graph nor the products.

    Args:
        loss: L(params), a scalar; it must use the dict that it is given (``torch.func.functional_call``).
        params: name to tensor θ.

    Attributes:
        params: the copies, detached.
        value: L, a detached scalar.
        gradient: ∇L, name to tensor, detached.

    Raises:
        ValueError: the loss is not a finite scalar, or does not depend on some parameter.
        TypeError: a parameter is not real floating point, or the loss is not a tensor.
    """

    def __init__(self, loss: Loss, params: Mapping[str, Tensor]) -> None:
        check_params(params)
        with _recording():
            self._leaves = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
            value = loss(dict(self._leaves))
            _check_loss(value)
            leaves = list(self._leaves.values())
            if not value.requires_grad:
                raise ValueError(f"loss must depend on params, but uses none of {list(params)}")
            self._gradients = torch.autograd.grad(value, leaves, create_graph=True, allow_unused=True)
        unused = [name for name, part in zip(params, self._gradients, strict=True) if part is None]
        if unused:
            raise ValueError(f"loss must depend on every parameter, but does not use {unused}")
        self.value = value.detach()
        self.params = {name: leaf.detach() for name, leaf in self._leaves.items()}
        self.gradient = {name: part.detach() for name, part in zip(params, self._gradients, strict=True)}
        self.blocks = parameter_blocks(self.params)
        self.size = sum(self.blocks.values())

    def product(self, vector: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """H v for one flat vector."""
        names = list(self.blocks)
        parts = self._backward(names, names, self._shaped(names, vector.split(list(self.blocks.values()))))
        return flatten(dict(zip(names, parts, strict=True)))

    def products(self, rows: Float[Tensor, "k n"], chunk_size: int) -> Float[Tensor, "k n"]:
        """k products at once, one vector a row, at most ``chunk_size`` on the graph at a time."""
        names = list(self.blocks)
        return self.row_products(names, names, rows, chunk_size)

    def row_products(
        self, outputs: Sequence[str], inputs: Sequence[str], rows: Float[Tensor, "k m"], chunk_size: int
    ) -> Float[Tensor, "k q"]:
        """rows · H[outputs, inputs]: k vectors over some blocks, differentiated by some blocks."""

        def product(*parts: Tensor) -> tuple[Tensor, ...]:
            return self._backward(outputs, inputs, parts)

        pieces = rows.split([self.blocks[name] for name in outputs], dim=1)
        # vmap over autograd.grad: is_grads_batched would skip the vmap rules of custom functions.
        batched = torch.func.vmap(product, chunk_size=chunk_size)(*self._shaped(outputs, pieces))
        return torch.cat([part.reshape(len(rows), -1) for part in batched], dim=1)

    def _shaped(self, names: Sequence[str], pieces: Sequence[Tensor]) -> list[Tensor]:
        """Flat pieces, or rows of them, in the shapes of their parameters."""
        shapes = [self.params[name].shape for name in names]
        return [piece.reshape((*piece.shape[:-1], *s)) for piece, s in zip(pieces, shapes, strict=True)]

    def _backward(
        self, outputs: Sequence[str], inputs: Sequence[str], vectors: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        leaves = [self._leaves[name] for name in inputs]
        by_name = dict(zip(self.blocks, self._gradients, strict=True))
        # Where the loss is linear in a parameter its gradient is a constant, off the graph.
        attached = [
            (by_name[n], v) for n, v in zip(outputs, vectors, strict=True) if by_name[n].requires_grad
        ]
        if not attached:
            return tuple(torch.zeros_like(leaf) for leaf in leaves)
        parts, weights = zip(*attached, strict=True)
        with _recording():
            return torch.autograd.grad(
                parts, leaves, weights, retain_graph=True, allow_unused=True, materialize_grads=True
            )


@contextlib.contextmanager
def _recording() -> Iterator[None]:
    """Derivatives are taken whatever the caller's grad or inference mode."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def _check_loss(value: object) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(f"loss must return a tensor, got {type(value).__name__}")
    if value.ndim != 0:
        raise ValueError(f"loss must return a scalar, got shape {tuple(value.shape)}")
    if not value.is_floating_point():
        raise TypeError(f"loss must return real floating point, got {value.dtype}")
    if not bool(torch.isfinite(value)):
        raise ValueError(f"loss must be finite, got {float(value.detach())}")
