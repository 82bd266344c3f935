"""Products with the Hessian of a loss, and the Hessian as a linear operator."""

from collections.abc import Callable, Mapping
from typing import Any, Unpack

from torch import Tensor

from hnrc_lib.curvature.graph import GradientGraph, Loss
from hnrc_lib.curvature.operator import CurvatureOperator, OperatorOptions
from hnrc_lib.curvature.vectors import check_params, check_vector


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
    check_params(params)
    check_vector(vector, params)
    graph = GradientGraph(loss, params)
    return graph.gradient, graph.last_product(vector)


class HessianLinearOperator(CurvatureOperator):
    """The Hessian of a loss as an operator on dicts, flat vectors (n,) and blocks (n, k).

    The loss is evaluated and differentiated once, here; every product then costs one backward pass through
    that graph, and k columns share one batched pass. Stock layers may stand in the loss as they are; see
    ``rerouted``.

    Args:
        loss: L(params), a scalar function of the parameter dict; with data L(params, batch), what one batch
            adds to the whole. For a mean over N examples divide each batch's sum by N.
        params: θ, name to tensor; copied.
        data: batches, an iterable that can be walked again and again: H = Σ_b H_b, exactly.
        keep_graphs: keep the graph of every batch of the data instead of making it anew for each product.
        process_group: of ``torch.distributed``: value, gradient and products are averaged over it.
        chunk_size: columns that a block product puts on the graph at once, ≥ 1.
        check_deterministic: evaluate the loss twice, once, and refuse it if the two differ.

    Attributes:
        value: L(θ), a scalar tensor.
        gradient: ∇L(θ), name to tensor.
        blocks: number of entries per parameter, in the order of the flat vector.

    Raises:
        ValueError, TypeError: as for ``hessian_vector_product``; also where the loss is not the same
            function at each call, or the data can be walked only once.

    >>> import torch
    >>> H = HessianLinearOperator(lambda p: (p["x"] ** 2).prod(), {"x": torch.tensor([1.0, 2.0])})
    >>> H @ torch.tensor([1.0, 0.0]), H.damped(1.0) @ {"x": torch.tensor([0.0, 1.0])}
    (tensor([8., 8.]), {'x': tensor([8., 3.])})
    >>> data = [torch.tensor([1.0]), torch.tensor([2.0])]
    >>> HessianLinearOperator(lambda p, b: (p["x"] * b).pow(2).sum(), {"x": torch.ones(1)}, data=data).diag()
    tensor([10.])
    """

    def __init__(
        self,
        loss: Callable[..., Tensor],
        params: Mapping[str, Tensor],
        **options: Unpack[OperatorOptions],
    ) -> None:
        def graph(index: int, *batch: Any, check_deterministic: bool) -> GradientGraph:
            return GradientGraph(lambda p: loss(p, *batch), params, check_deterministic=check_deterministic)

        super().__init__(graph, params, **options)
