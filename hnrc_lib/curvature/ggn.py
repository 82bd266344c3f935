"""Products with the generalised Gauss–Newton matrix, and the matrix as a linear operator."""

from collections.abc import Callable, Mapping
from typing import Any, Unpack

from torch import Tensor

from hnrc_lib.curvature.gauss_newton_graph import GaussNewtonGraph, OutputLoss, OutputProduct, Outputs
from hnrc_lib.curvature.operator import CurvatureOperator, OperatorOptions
from hnrc_lib.curvature.vectors import check_params, check_vector


def ggn_vector_product(
    outputs: Outputs,
    loss: OutputLoss,
    params: Mapping[str, Tensor],
    vector: Mapping[str, Tensor],
    *,
    output_product: OutputProduct | None = None,
) -> dict[str, Tensor]:
    """Generalised Gauss–Newton matrix times a vector, without the matrix.

        G v = Jᵀ H_out J v,   J = ∂z/∂θ,  H_out = ∂²L/∂z²

    The Hessian without the curvature of the model itself, H = G + Σ_k (∂L/∂z_k) ∂²z_k/∂θ². It is positive
    semi-definite where the loss is convex in the outputs.

    Args:
        outputs: z(params), a tensor of any shape; a torch model enters through
            ``torch.func.functional_call(model, params, inputs)``.
        loss: L(z), a scalar function of the outputs.
        params: θ, name to tensor.
        vector: v, the same names, shapes, dtype and device.
        output_product: (z, u) → H_out u in closed form, or a positive semi-definite stand-in where the loss
            is not convex, such as ``ctc_gauss_newton_product``; autograd's H_out when None.

    Returns:
        Gv, a dict like ``params``.

    Raises:
        ValueError, TypeError: as for ``hessian_vector_product``.

    >>> import torch
    >>> params, one = {"x": torch.tensor([2.0])}, {"x": torch.tensor([1.0])}
    >>> ggn_vector_product(lambda p: p["x"] ** 2, lambda z: (z**2).sum() / 2, params, one)
    {'x': tensor([16.])}

    Nicol N. Schraudolph, Fast curvature matrix-vector products for second-order gradient descent (2002).
    """
    check_params(params)
    check_vector(vector, params)
    graph = GaussNewtonGraph(outputs, loss, params, output_product=output_product)
    return graph.last_product(vector)


class GGNLinearOperator(CurvatureOperator):
    """The generalised Gauss–Newton matrix as an operator on dicts, flat vectors (n,) and blocks (n, k).

        G = Jᵀ H_out J

    The outputs and their backward pass are recorded once, here; a product is then one pass forward, one
    through the loss and one backward, none of which evaluates the model again.

    Args:
        outputs: z(params), a tensor of any shape; with data z(params, batch).
        loss: L(z), a scalar; with data L(z, batch), what one batch adds to the whole.
        params: θ, name to tensor; copied.
        output_product: (z, u) → H_out u, or (z, u, batch) with data; autograd's when None.
        data, keep_graphs, process_group, chunk_size, check_deterministic: as for ``HessianLinearOperator``.

    Attributes:
        value: L(θ), a scalar tensor.
        gradient: ∇L(θ), name to tensor.
        blocks: number of entries per parameter, in the order of the flat vector.

    Raises:
        ValueError, TypeError: as for ``HessianLinearOperator``.

    >>> import torch
    >>> G = GGNLinearOperator(
    ...     lambda p: p["x"] ** 2, lambda z: (z**2).sum() / 2, {"x": torch.tensor([2.0, 0.0])}
    ... )
    >>> G.to_dense()
    tensor([[16.,  0.],
            [ 0.,  0.]])
    """

    def __init__(
        self,
        outputs: Callable[..., Tensor],
        loss: Callable[..., Tensor],
        params: Mapping[str, Tensor],
        *,
        output_product: Callable[..., Tensor] | None = None,
        **options: Unpack[OperatorOptions],
    ) -> None:
        def graph(index: int, *batch: Any, check_deterministic: bool) -> GaussNewtonGraph:
            given = output_product
            product = None if given is None else lambda z, u: given(z, u, *batch)
            return GaussNewtonGraph(
                lambda p: outputs(p, *batch),
                lambda z: loss(z, *batch),
                params,
                output_product=product,
                check_deterministic=check_deterministic,
            )

        super().__init__(graph, params, **options)
