"""What is measured at one step of a training: the gradient, how it changes along the step, the Hessian."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import Module

from hnrc_lib._shapes import Float
from hnrc_lib.curvature import HessianLinearOperator, flatten
from hnrc_lib.experiments.optimisers.track import Track
from hnrc_lib.linalg import top_eigenpairs
from hnrc_lib.models import CNN, output_lengths

Params = Mapping[str, Tensor]
Loss = Callable[[Params], Tensor]
_MAX_PRODUCTS = 100
_DIVERGED = 1e6  # a loss from which no run comes back


@dataclass(frozen=True)
class Look:
    """One step from θ to θ + d, seen on a fixed batch.

    Attributes:
        loss: L(θ), in nats.
        norm: ‖∇L(θ)‖.
        quotients: ‖∇L(θ + γd) − ∇L(θ)‖/(γ‖d‖) at γ = 1/k, 2/k, … 1; the largest is the local smoothness.
        along: ‖H d‖/‖d‖ at θ, to which the quotient tends as γ → 0.
        top: the eigenvalue of H at θ of largest magnitude, with its sign; NaN where Lanczos' method did not
            converge.
        length: ‖d‖.
    """

    loss: float
    norm: float
    quotients: tuple[float, ...]
    along: float
    top: float
    length: float


def fixed_loss(track: Track, model: Module, num_utterances: int) -> Loss:
    """The mean loss of a model on some training utterances, as a function of its parameters.

    Args:
        track: the task; its evaluated utterances are spread over the training part, and these over those.
        model: in evaluation mode where it has one.
        num_utterances: how many, 1 … 256.

    Raises:
        ValueError: more than there are.
    """
    corpus, resident, targets = track.seen
    if not 1 <= num_utterances <= len(corpus):
        raise ValueError(f"num_utterances must lie in 1 … {len(corpus)}, got {num_utterances}")
    chosen = torch.arange(num_utterances) * (len(corpus) // num_utterances)
    features, frames = resident.front_end.features(*resident.spectra(chosen))
    lengths = output_lengths(model, frames)
    inputs = (features,) if isinstance(model, CNN) else (features, frames)

    def loss(params: Params) -> Tensor:
        logits = functional_call(model, dict(params), inputs)
        return track.task.losses(logits, lengths, targets, chosen).mean()

    return loss


def path_quotients(loss: Loss, start: Params, end: Params, num_points: int) -> Float[Tensor, " points"]:
    """How much the gradient changes along a step, per length.

        ‖∇L(θ + γd) − ∇L(θ)‖/(γ‖d‖),  γ = 1/k, 2/k, … 1,  d the step

    Args:
        loss: L(params).
        start: θ.
        end: θ + d, another point.
        num_points: k ≥ 1.

    Returns:
        The quotients, shape (k,).

    >>> path_quotients(lambda p: 3 * p["x"].square().sum(), {"x": torch.ones(2)}, {"x": torch.zeros(2)}, 2)
    tensor([6., 6.])

    Jingzhao Zhang, Tianxing He, Suvrit Sra and Ali Jadbabaie, Why gradient clipping accelerates training
    (2020): the largest of these is their estimate of the local smoothness.
    """
    here = _slope(loss, start)
    length = (flatten(end) - flatten(start)).norm()
    quotients = []
    for k in range(1, num_points + 1):
        point = {name: start[name] + k / num_points * (end[name] - start[name]) for name in start}
        quotients.append((_slope(loss, point) - here).norm() / (k / num_points * length))
    return torch.stack(quotients)


def look(
    loss: Loss, start: Params, end: Params, *, num_points: int, rtol: float, generator: torch.Generator
) -> Look | None:
    """Measure a step.

    Args:
        loss: L(params).
        start, end: θ and θ + d.
        num_points: of the path.
        rtol: residual of the eigenpair, relative to its eigenvalue.
        generator: draws Lanczos' start vector.

    Returns:
        None where the two points are one, or the run has diverged there.
    """
    length = float((flatten(end) - flatten(start)).norm())
    with torch.no_grad():
        bounded = bool((torch.stack([loss(start), loss(end)]) < _DIVERGED).all())  # NaN is not
    if length == 0 or not bounded:
        return None
    quotients = path_quotients(loss, start, end, num_points)
    if not bool(torch.isfinite(quotients).all()):
        return None
    operator = HessianLinearOperator(loss, start)
    top = top_eigenpairs(
        operator,
        1,
        which="magnitude",
        rtol=rtol,
        max_products=_MAX_PRODUCTS,
        missed_probability=None,
        generator=generator,
    )
    return Look(
        loss=float(operator.value),
        norm=float(flatten(operator.gradient).norm()),
        quotients=tuple(quotients.tolist()),
        along=float((operator @ (flatten(end) - flatten(start))).norm()) / length,
        top=float(top.eigenvalues[0]) if top.converged else math.nan,
        length=length,
    )


def _slope(loss: Loss, params: Params) -> Float[Tensor, " n"]:
    leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
    slopes = torch.autograd.grad(loss(leaves), list(leaves.values()))
    return torch.cat([slope.flatten() for slope in slopes])
