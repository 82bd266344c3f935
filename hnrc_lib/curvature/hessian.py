"""Products with the Hessian of a loss, and the Hessian as a linear operator."""

from collections.abc import Mapping

from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.dense import hessian_from_graph
from hnrc_lib.curvature.graph import GradientGraph, Loss
from hnrc_lib.curvature.vectors import check_vector, flatten, unflatten
from hnrc_lib.linalg.operators import MAX_DENSE_BYTES, LinearOperator, require_room


def hessian_vector_product(
    loss: Loss, params: Mapping[str, Tensor], vector: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Hessian times a vector, without the Hessian.

        H v = ∂(∇L(θ)·v)/∂θ

    Args:
        loss: L(params), a scalar function of the parameter dict; a torch model enters through
            ``torch.func.functional_call(model, params, inputs)``.
        params: θ, name to tensor, as in ``dict(model.named_parameters())``.
        vector: v, the same names, shapes, dtype and device.

    Returns:
        Hv, a dict like ``params``.

    Raises:
        ValueError: the vector does not match, the loss is not a finite scalar, or a parameter is unused.
        TypeError: dtypes differ or are not real floating point.

    >>> import torch
    >>> params = {"x": torch.tensor([1.0, 2.0])}
    >>> hessian_vector_product(lambda p: (p["x"] ** 3).sum(), params, {"x": torch.tensor([1.0, 1.0])})
    {'x': tensor([ 6., 12.])}

    Barak A. Pearlmutter, Fast exact multiplication by the Hessian (1994).
    """
    return gradient_and_hvp(loss, params, vector)[1]


def gradient_and_hvp(
    loss: Loss, params: Mapping[str, Tensor], vector: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """∇L and Hv from one evaluation of the loss.

    Args:
        loss: L(params), a scalar function of the parameter dict.
        params: θ, name to tensor.
        vector: v, the same names, shapes, dtype and device.

    Returns:
        The gradient and the product, dicts like ``params``.

    Raises:
        ValueError, TypeError: as for ``hessian_vector_product``.

    >>> import torch
    >>> gradient_and_hvp(lambda p: p["x"] ** 2, {"x": torch.tensor(3.0)}, {"x": torch.tensor(1.0)})
    ({'x': tensor(6.)}, {'x': tensor(2.)})
    """
    operator = HessianLinearOperator(loss, params)
    return operator.gradient, operator @ vector


class HessianLinearOperator(LinearOperator):
    """The Hessian of a loss as an operator on dicts, flat vectors (n,) and blocks (n, k).

    The loss is evaluated and differentiated once, here; every product then costs one backward pass through
    that graph, and k columns share one batched pass.

    Args:
        loss: L(params), a scalar function of the parameter dict.
        params: θ, name to tensor; copied.
        chunk_size: columns that a block product puts on the graph at once, ≥ 1.

    Attributes:
        value: L(θ), a scalar tensor.
        gradient: ∇L(θ), name to tensor.
        blocks: number of entries per parameter, in the order of the flat vector.

    Raises:
        ValueError, TypeError: as for ``hessian_vector_product``.

    >>> import torch
    >>> H = HessianLinearOperator(lambda p: (p["x"] ** 2).prod(), {"x": torch.tensor([1.0, 2.0])})
    >>> H @ torch.tensor([1.0, 0.0]), H.damped(1.0) @ {"x": torch.tensor([0.0, 1.0])}
    (tensor([8., 8.]), {'x': tensor([8., 3.])})
    """

    structured = True

    def __init__(self, loss: Loss, params: Mapping[str, Tensor], *, chunk_size: int = 64) -> None:
        self._graph = GradientGraph(loss, params)
        first = next(iter(self._graph.params.values()))
        super().__init__((self._graph.size, self._graph.size), first.dtype, first.device)
        self.chunk_size = chunk_size
        self.value, self.gradient, self.blocks = self._graph.value, self._graph.gradient, self._graph.blocks

    def flatten(self, vector: Mapping[str, Tensor]) -> Float[Tensor, " n"]:
        """A dict like the parameters as one vector (n,), in the operator's order."""
        check_vector(vector, self._graph.params)
        return flatten({name: vector[name] for name in self.blocks})

    def unflatten(self, vector: Float[Tensor, " n"]) -> dict[str, Tensor]:
        """A vector (n,) as a dict like the parameters."""
        return unflatten(vector, self._graph.params)

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        if block.shape[1] == 1:  # plain backward: it also serves functions without a vmap rule
            return self._graph.product(block[:, 0]).unsqueeze(1)
        return self._graph.products(block.mT, self.chunk_size).mT

    def to_dense(
        self, *, chunk_size: int | None = None, max_bytes: int = MAX_DENSE_BYTES
    ) -> Float[Tensor, "n n"]:
        """The exact Hessian, symmetric by construction; see ``dense_hessian``."""
        require_room(self.shape, self.dtype, max_bytes)
        return hessian_from_graph(self._graph, symmetrize=True, chunk_size=chunk_size or self.chunk_size)
