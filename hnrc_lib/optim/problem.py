"""What a closure returns, evaluated once: loss, gradient, and where it is asked for the curvature matrix."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.gauss_newton_graph import GaussNewtonGraph
from hnrc_lib.curvature.graph import GradientGraph
from hnrc_lib.curvature.processes import average
from hnrc_lib.curvature.product_graph import ProductGraph
from hnrc_lib.curvature.reroute import rerouted
from hnrc_lib.optim.flat_parameters import all_finite

Matrix = Literal["hessian", "ggn", "fisher"]
Closure = Callable[[], Any]


@dataclass(frozen=True, eq=False)
class Problem:
    """A loss at the parameters as they stand.

    Attributes:
        loss: L(θ), on no graph, the mean over the processes.
        gradient: ∇L(θ), flat, likewise.
        graph: products with the curvature matrix of this process's batch; None where none was asked for.
            It ends when the parameters move.
    """

    loss: Tensor
    gradient: Float[Tensor, " n"]
    graph: ProductGraph | None

    @property
    def finite(self) -> bool:
        """Whether loss and gradient are."""
        return bool(torch.isfinite(self.loss)) and all_finite(self.gradient)


def evaluate(
    closure: Closure, parameters: Sequence[Tensor], matrix: Matrix | None, process_group: Any = None
) -> Problem:
    """Call a closure once and differentiate what it returns.

    Without a matrix the stock kernels run, as for any first-order optimiser; with one, stock layers are
    sent to their twice differentiable twins.

    Args:
        closure: returns the loss, or loss and outputs, or loss, outputs and the product u → H_out u of the
            loss's matrix in the outputs; for ``"fisher"`` loss and the losses of the examples, (N,). It
            calls no ``backward``.
        parameters: θ, in the order of the flat gradient.
        matrix: whose products are wanted: ``"hessian"``, ``"ggn"`` (needs the outputs), ``"fisher"`` (needs
            the losses of the examples), or None.
        process_group: of ``torch.distributed``, to average loss and gradient over.

    Raises:
        TypeError: the closure returns no loss that can be differentiated, or not what the matrix needs.
        ValueError: autocast is on, or dropout is met where a matrix is asked for.

    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> evaluate(lambda: (x**3).sum(), [x], "hessian").graph.product(torch.ones(2))
    tensor([ 6., 12.])
    """
    _refuse_autocast(parameters[0].device.type)
    with torch.enable_grad(), _watched() if matrix else contextlib.nullcontext():
        loss, outputs, product = _parts(closure())
    _check_loss(loss)
    value, graph = average(loss.detach(), process_group), None
    # Decided from the mean, so that all processes go the same way.
    if matrix is not None and bool(torch.isfinite(value)):
        graph = _graph(matrix, loss, outputs, product, {str(i): p for i, p in enumerate(parameters)})
        gradients = list(graph.gradient.values())
    else:
        gradients = torch.autograd.grad(loss, list(parameters), allow_unused=True, materialize_grads=True)
    flat = torch.cat([part.detach().reshape(-1) for part in gradients])
    return Problem(value, average(flat, process_group), graph)


def loss_now(closure: Closure, process_group: Any = None) -> Tensor:
    """L at the parameters as they stand now, without derivatives; no running statistics move."""
    with torch.no_grad(), rerouted():
        loss = _parts(closure())[0]
    return average(loss.detach(), process_group)


def _parts(returned: Any) -> tuple[Any, Any, Any]:
    parts = tuple(returned) if isinstance(returned, tuple | list) else (returned,)
    if not 1 <= len(parts) <= 3:
        raise TypeError(
            f"closure must return loss, outputs and output_product at most, got {len(parts)} values"
        )
    loss, outputs, product = (*parts, None, None)[:3]
    if not isinstance(loss, Tensor):
        raise TypeError(f"closure must return the loss as a tensor on its graph, got {type(loss).__name__}")
    return loss, outputs, product


def _check_loss(loss: Tensor) -> None:
    if loss.ndim != 0 or not loss.requires_grad:
        raise TypeError(
            f"closure must return a scalar loss on its graph, got shape {tuple(loss.shape)}, "
            f"requires_grad={loss.requires_grad}: compute it with gradients on and do not detach it"
        )
    if loss.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"closure must return a float32 or float64 loss, got {loss.dtype}")


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Stock layers sent to their twins, running statistics moving, autocast refused also inside."""
    with rerouted(move_statistics=True), _NoAutocast():
        yield


class _NoAutocast(TorchFunctionMode):
    """Sees whether the closure turns autocast on for itself, which its float32 loss would not tell."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for device in ("cpu", "cuda"):
            _refuse_autocast(device)
        return func(*args, **(kwargs or {}))


def _refuse_autocast(device: str) -> None:
    if torch.is_autocast_enabled(device):
        raise ValueError(
            f"autocast must be off, got it on for {device!r}: products of second derivatives need float32"
        )


def _graph(
    matrix: Matrix, loss: Tensor, outputs: Any, product: Any, leaves: dict[str, Tensor]
) -> ProductGraph:
    if matrix == "hessian":
        return GradientGraph.on(loss, leaves)
    if not isinstance(outputs, Tensor):
        wanted = "outputs" if matrix == "ggn" else "losses of the examples"
        raise TypeError(f"closure must return (loss, {wanted}) for matrix {matrix!r}, got the loss alone")
    if matrix == "fisher":
        if outputs.ndim != 1:
            raise TypeError(
                f"closure must return losses of shape (N,) for 'fisher', got {tuple(outputs.shape)}"
            )
        return GaussNewtonGraph.on(loss, outputs, leaves, lambda pushed: pushed / len(pushed))
    return GaussNewtonGraph.on(loss, outputs, leaves, product)
