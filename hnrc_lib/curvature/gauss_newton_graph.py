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
        with recording():
            head = evaluation.output.detach().requires_grad_()
            with rerouted():
                value = loss(head)
            check_loss(value)
            if not value.requires_grad:
                raise ValueError("loss must depend on the outputs that it is given")
        self._record(value, evaluation.output, head, evaluation.leaves, output_product)
        unused = [name for name, part in self._pulled.items() if part is None]
        if unused:
            raise ValueError(f"outputs must depend on every parameter, but do not use {unused}")
        self.gradient = dict(zip(params, self._pull(list(params), self._slope.detach()), strict=True))

    @classmethod
    def on(
        cls,
        value: Tensor,
        outputs: Tensor,
        leaves: Mapping[str, Tensor],
        output_product: Callable[[Tensor], Tensor] | None = None,
    ) -> "GaussNewtonGraph":
        """The same for a loss that was evaluated already, under ``rerouted``.

        Args:
            value: L, a scalar on the graph of the outputs; what it owes to θ past them, such as a penalty,
                enters the gradient but not the matrix.
            outputs: z on its graph.
            leaves: θ, the very tensors that they were computed from; not copied, so that products end where
                one of them changes. One that was not used has gradient and curvature zero.
            output_product: u → H_out u; autograd's when None.

        Raises:
            ValueError: the loss is no finite scalar, or was not computed from these outputs.

        >>> x = torch.tensor([2.0], requires_grad=True)
        >>> z = x**2
        >>> GaussNewtonGraph.on((z**2).sum() / 2, z, {"x": x}).product(torch.tensor([1.0]))
        tensor([16.])
        """
        check_loss(value)
        graph = cls.__new__(cls)
        product = None if output_product is None else lambda _, pushed: output_product(pushed)
        graph._record(value, outputs, outputs, leaves, product)
        with recording():
            gradient = torch.autograd.grad(
                value, list(leaves.values()), retain_graph=True, allow_unused=True, materialize_grads=True
            )
        graph.gradient = dict(zip(leaves, gradient, strict=True))
        return graph

    def _record(
        self,
        value: Tensor,
        outputs: Tensor,
        head: Tensor,
        leaves: Mapping[str, Tensor],
        output_product: OutputProduct | None,
    ) -> None:
        """Slope of the loss at its head, and the backward pass from the outputs as a function of its seed."""
        self._leaves, self._outputs, self._head = dict(leaves), outputs, head
        self._output_product = output_product
        with recording():
            slope = torch.autograd.grad(
                value, head, create_graph=output_product is None, retain_graph=True, allow_unused=True
            )[0]
            if slope is None:
                raise ValueError("loss must be computed from the outputs that came with it")
            self._slope, self._seed = slope, torch.zeros_like(head).requires_grad_()
            pulled = torch.autograd.grad(
                outputs, list(leaves.values()), self._seed, create_graph=True, allow_unused=True
            )
        self._pulled: dict[str, Tensor] = dict(zip(leaves, pulled, strict=True))
        self.value = value.detach()
        self.params = {name: leaf.detach() for name, leaf in leaves.items()}
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
        """vᵀ G[outputs, inputs]: one pass forward, one through the loss, one backward."""
        pairs = zip([self._pulled[name] for name in outputs], vectors, strict=True)
        used = [(part, vector) for part, vector in pairs if part is not None and part.requires_grad]
        if not used:  # the outputs do not move with these parameters
            return tuple(torch.zeros_like(self._leaves[name]) for name in inputs)
        parts, weights = zip(*used, strict=True)
        with recording():
            pushed = torch.autograd.grad(parts, self._seed, weights, retain_graph=True)[0]
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
        return torch.autograd.grad(
            self._outputs, leaves, cotangent, retain_graph=keep, allow_unused=True, materialize_grads=True
        )
