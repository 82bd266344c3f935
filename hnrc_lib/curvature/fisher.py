"""The Fisher information of a model, from the labels of the data or from labels that it draws itself."""

from collections.abc import Callable, Mapping
from typing import Any, Unpack

from torch import Tensor

from hnrc_lib.curvature.gauss_newton_graph import GaussNewtonGraph
from hnrc_lib.curvature.likelihoods import sampled_losses
from hnrc_lib.curvature.operator import CurvatureOperator, OperatorOptions


class FisherLinearOperator(CurvatureOperator):
    """The empirical Fisher matrix, the second moment of the gradients of single examples.

        F = (1/N) Σ_n ∇ℓ_n ∇ℓ_nᵀ,   ℓ_n the negative log-likelihood of example n

    As Gauss–Newton matrix of the N losses it needs no gradient of a single example. With the data's own
    labels it is *not* the Fisher information unless the model is right; ``monte_carlo`` draws the labels from
    the model, and its mean is the Fisher information, for softmax and squared error the Gauss–Newton matrix.

    Args:
        losses: ℓ(params), one entry an example, (N,); with data ℓ(params, batch).
        params: θ, name to tensor; copied.
        reduction: ``"mean"`` over the examples of a batch, as of a mean loss; ``"sum"`` for their sum, which
            over data adds up exactly.
        data, keep_graphs, process_group, chunk_size, check_deterministic: as for ``HessianLinearOperator``.

    Attributes:
        value: mean or sum of the losses, a scalar tensor.
        gradient: its gradient, name to tensor.
        blocks: number of entries per parameter, in the order of the flat vector.

    Raises:
        ValueError, TypeError: as for ``HessianLinearOperator``; also where ``losses`` is no vector.

    >>> import torch
    >>> F = FisherLinearOperator(lambda p: p["x"] * torch.tensor([1.0, 3.0]), {"x": torch.tensor([5.0])})
    >>> F.to_dense()
    tensor([[5.]])

    Shun-ichi Amari, Natural gradient works efficiently in learning (1998); on the empirical one: Frederik
    Kunstner, Lukas Balles and Philipp Hennig, Limitations of the empirical Fisher approximation (2019).
    """

    def __init__(
        self,
        losses: Callable[..., Tensor],
        params: Mapping[str, Tensor],
        *,
        reduction: str = "mean",
        **options: Unpack[OperatorOptions],
    ) -> None:
        def graph(index: int, *batch: Any, check_deterministic: bool) -> GaussNewtonGraph:
            return _moments(lambda p: losses(p, *batch), params, reduction, 1, check_deterministic)

        _check_reduction(reduction)
        super().__init__(graph, params, **options)

    @classmethod
    def monte_carlo(
        cls,
        outputs: Callable[..., Tensor],
        params: Mapping[str, Tensor],
        *,
        likelihood: str = "categorical",
        num_samples: int = 1,
        seed: int = 0,
        reduction: str = "mean",
        **options: Unpack[OperatorOptions],
    ) -> "FisherLinearOperator":
        """The Fisher matrix with labels drawn from the model, F = (1/SN) Σ ∇ℓ(y) ∇ℓ(y)ᵀ, y ~ p(· | z_n).

        Args:
            outputs: z(params), examples first: logits (…, C) for ``"categorical"``, logits for
                ``"bernoulli"``, means for ``"normal"`` (unit variance); with data z(params, batch).
            params: θ, name to tensor; copied.
            likelihood: what the outputs are the parameters of.
            num_samples: S labels an example, ≥ 1.
            seed: of the labels; they stay the same in all products, so the data's order must too.
            reduction, data, keep_graphs, process_group, chunk_size, check_deterministic: as for the class.

        Raises:
            ValueError: no such likelihood, or ``num_samples`` below 1; and as for the class.

        >>> import torch
        >>> params = {"x": torch.zeros(2)}
        >>> F = FisherLinearOperator.monte_carlo(lambda p: p["x"].unsqueeze(0), params, num_samples=4000)
        >>> (F.to_dense() - torch.tensor([[0.25, -0.25], [-0.25, 0.25]])).abs().max() < 1e-4
        tensor(True)
        """

        def graph(index: int, *batch: Any, check_deterministic: bool) -> GaussNewtonGraph:
            def losses(p: dict[str, Tensor]) -> Tensor:
                return sampled_losses(outputs(p, *batch), likelihood, num_samples, seed + index)

            return _moments(losses, params, reduction, num_samples, check_deterministic)

        _check_reduction(reduction)
        operator = cls.__new__(cls)
        CurvatureOperator.__init__(operator, graph, params, **options)
        return operator


def _moments(
    losses: Callable[[dict[str, Tensor]], Tensor],
    params: Mapping[str, Tensor],
    reduction: str,
    num_samples: int,
    check_deterministic: bool,
) -> GaussNewtonGraph:
    """Σ w ∇ℓ ∇ℓᵀ with w = 1/N for a mean, and 1/S for a sum over examples with S samples each."""

    def weight(values: Tensor) -> float:
        return 1 / (len(values) if reduction == "mean" else num_samples)

    def checked(p: dict[str, Tensor]) -> Tensor:
        values = losses(p)
        if not isinstance(values, Tensor) or values.ndim != 1 or len(values) == 0:
            got = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
            raise ValueError(f"losses must return one entry an example, shape (N,), got {got}")
        return values

    return GaussNewtonGraph(
        checked,
        lambda values: values.sum() * weight(values),
        params,
        output_product=lambda values, pushed: pushed * weight(values),
        check_deterministic=check_deterministic,
    )


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}")
