"""A loss and its gradient on a kept graph, from which products with the Hessian are taken."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.evaluation import Evaluation, check_loss, recording
from hnrc_lib.curvature.product_graph import ProductGraph
from hnrc_lib.curvature.vectors import parameter_blocks

Loss = Callable[[dict[str, Tensor]], Tensor]


class GradientGraph(ProductGraph):
    """The gradient of a loss at given parameters, still attached to its graph.

        Hv = ∂(∇L·v)/∂θ   (reverse over reverse)

    The loss is evaluated once. The parameters are copied, so that a later update in place moves neither
    the graph nor the products.

    Args:
        loss: L(params), a scalar; it must use the dict that it is given (``torch.func.functional_call``).
        params: name to tensor θ.
        check_deterministic: evaluate the loss twice and compare.

    Attributes:
        params: the copies, detached.
        value: L, a detached scalar.
        gradient: ∇L, name to tensor, detached.

    Raises:
        ValueError: the loss is not a finite scalar, not the same at each call, or does not depend on some
            parameter.
        TypeError: a parameter is not real floating point, or the loss is not a tensor.
    """

    def __init__(
        self, loss: Loss, params: Mapping[str, Tensor], *, check_deterministic: bool = False
    ) -> None:
        evaluation = Evaluation(_scalar(loss), params, check_deterministic=check_deterministic)
        self._record(evaluation.output, evaluation.leaves, spare_unused=False)

    @classmethod
    def on(cls, value: Tensor, leaves: Mapping[str, Tensor]) -> "GradientGraph":
        """The same for a loss that was evaluated already, under ``rerouted``.

        Args:
            value: L, a scalar on its graph.
            leaves: θ, the very tensors that it was computed from; not copied, so that products end where
                one of them changes. One that was not used has gradient and curvature zero.

        >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> GradientGraph.on((x**3).sum(), {"x": x}).product(torch.tensor([1.0, 1.0]))
        tensor([ 6., 12.])
        """
        check_loss(value)
        graph = cls.__new__(cls)
        graph._record(value, leaves, spare_unused=True)
        return graph

    def _record(self, value: Tensor, leaves: Mapping[str, Tensor], *, spare_unused: bool) -> None:
        self._leaves = dict(leaves)
        with recording():
            gradients = torch.autograd.grad(
                value,
                list(leaves.values()),
                create_graph=True,
                allow_unused=True,
                materialize_grads=spare_unused,
            )
        self._gradients = dict(zip(leaves, gradients, strict=True))
        unused = [name for name, part in self._gradients.items() if part is None]
        if unused:
            raise ValueError(f"loss must depend on every parameter, but does not use {unused}")
        self.value = value.detach()
        self.params = {name: leaf.detach() for name, leaf in self._leaves.items()}
        self.gradient = {name: part.detach() for name, part in self._gradients.items()}
        self.blocks = parameter_blocks(self.params)
        self.size = sum(self.blocks.values())

    def multiply(
        self,
        outputs: Sequence[str],
        inputs: Sequence[str],
        vectors: Sequence[Float[Tensor, "..."]],
        *,
        keep: bool = True,
    ) -> tuple[Tensor, ...]:
        """vᵀ H[outputs, inputs] for a vector over some parameters, by one backward pass."""
        leaves = [self._leaves[name] for name in inputs]
        # Where the loss is linear in a parameter its gradient is a constant, off the graph.
        attached = [
            (self._gradients[name], vector)
            for name, vector in zip(outputs, vectors, strict=True)
            if self._gradients[name].requires_grad
        ]
        if not attached:
            return tuple(torch.zeros_like(leaf) for leaf in leaves)
        parts, weights = zip(*attached, strict=True)
        with recording():
            return torch.autograd.grad(
                parts, leaves, weights, retain_graph=keep, allow_unused=True, materialize_grads=True
            )


def _scalar(loss: Loss) -> Loss:
    def checked(params: dict[str, Tensor]) -> Tensor:
        value = loss(params)
        check_loss(value)
        return value

    return checked
