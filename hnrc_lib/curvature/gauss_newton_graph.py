"""A model's outputs and the curvature of a loss at them, kept for products JᵀH_out J v."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.evaluation import Evaluation, check_loss, recording
from hnrc_lib.curvature.product_graph import ProductGraph
from hnrc_lib.curvature.reroute import rerouted
from hnrc_lib.curvature.vectors import parameter_blocks

Outputs = Callable[[dict[str, Tensor]], Tensor]
OutputLoss = Callable[[Tensor], Tensor]
OutputProduct = Callable[[Tensor, Tensor], Tensor]


class GaussNewtonGraph(ProductGraph):
    """The generalised Gauss–Newton matrix at given parameters, on a graph that is kept.

        G v = Jᵀ H_out J v,   J = ∂z/∂θ,  H_out = ∂²L/∂z²,  J v = ∂(Jᵀu·v)/∂u

    The backward pass that gives Jᵀu is linear in u, so differentiating it by u gives J v: no forward
    differentiation is needed, which many kernels lack.

    Args:
        outputs: z(params), a tensor of any shape; it must use the dict that it is given.
        loss: L(z), a scalar.
        params: name to tensor θ.
        output_product: (z, u) → H_out u or a positive semi-definite stand-in; autograd's when None.
        check_deterministic: evaluate the outputs twice and compare.

    Raises:
        ValueError, TypeError: as for ``GradientGraph``.
    """

    def __init__(
        self,
        outputs: Outputs,
        loss: OutputLoss,
        params: Mapping[str, Tensor],
        *,
        output_product: OutputProduct | None = None,
        check_deterministic: bool = False,
    ) -> None:
        evaluation = Evaluation(outputs, params, "outputs", check_deterministic=check_deterministic)
        self._leaves, self._outputs = evaluation.leaves, evaluation.output
        self._output_product = output_product
        leaves = list(self._leaves.values())
        with recording():
            self._head = self._outputs.detach().requires_grad_()
            with rerouted():
                value = loss(self._head)
            check_loss(value)
            if not value.requires_grad:
                raise ValueError("loss must depend on the outputs that it is given")
            self._slope = torch.autograd.grad(value, self._head, create_graph=output_product is None)[0]
            self._seed = torch.zeros_like(self._head).requires_grad_()
            pulled = torch.autograd.grad(
                self._outputs, leaves, self._seed, create_graph=True, allow_unused=True
            )
        self._pulled = dict(zip(params, pulled, strict=True))
        unused = [name for name, part in self._pulled.items() if part is None]
        if unused:
            raise ValueError(f"outputs must depend on every parameter, but do not use {unused}")
        self.value = value.detach()
        self.params = {name: leaf.detach() for name, leaf in self._leaves.items()}
        self.blocks = parameter_blocks(self.params)
        self.size = sum(self.blocks.values())
        self.gradient = dict(zip(params, self._pull(list(params), self._slope.detach()), strict=True))

    def multiply(
        self,
        outputs: Sequence[str],
        inputs: Sequence[str],
        vectors: Sequence[Float[Tensor, "..."]],
        *,
        keep: bool = True,
    ) -> tuple[Tensor, ...]:
        """vᵀ G[outputs, inputs]: one pass forward, one through the loss, one backward."""
        parts = [self._pulled[name] for name in outputs]
        with recording():
            pushed = torch.autograd.grad(parts, self._seed, vectors, retain_graph=True)[0]
            if not keep:  # the backward pass as a function of its seed has served
                del parts
                self._pulled.clear()
            return self._pull(inputs, self._bend(pushed), keep=keep)

    def _bend(self, pushed: Tensor) -> Tensor:
        """H_out u."""
        if self._output_product is not None:
            return self._output_product(self._head.detach(), pushed)
        if not self._slope.requires_grad:  # the loss is linear in the outputs
            return torch.zeros_like(pushed)
        return torch.autograd.grad(
            self._slope, self._head, pushed, retain_graph=True, materialize_grads=True, allow_unused=True
        )[0]

    def _pull(self, names: Sequence[str], cotangent: Tensor, *, keep: bool = True) -> tuple[Tensor, ...]:
        """Jᵀu."""
        leaves = [self._leaves[name] for name in names]
        return torch.autograd.grad(self._outputs, leaves, cotangent, retain_graph=keep)
