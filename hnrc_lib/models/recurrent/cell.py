"""What a recurrent cell must supply so that a whole sequence can be differentiated twice.

Every tensor is time-major, (T, *K, B, features), where K are the dimensions that ``vmap`` added (none, as
a rule); weights and initial states carry K in front. A cell computes, with W the recurrent weight,

    p_t = z_t + W h_{t−1},   (h_t, c_t) = g(p_t, carry_{t−1})

Linearised around a run this is x = u + A x, x = (h, c, p): the tangent sweep is x = M u, M = (I − A)⁻¹,
the backward sweep y = Mᵀ b, and the second derivative of a weighted sum of the states is a symmetric form
T(y; x, ξ) that acts at each time and unit by itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

MaybeTensor = Tensor | None


class Cell(ABC):
    """One kind of recurrent cell, as the sweeps over a sequence that its derivatives need.

    States are (h, …, gates). The derivatives that the last one carries are taken with respect to the
    pre-activations p, not to the gates: that spares a multiplication by the slope on each way.

    Attributes:
        num_states: how many states a run returns.
        num_record: the states and the coefficients of the linearisation: what ``run`` returns.
        curved: for each state, whether the second derivative reaches it.
    """

    num_states: int
    num_record: int
    curved: tuple[bool, ...]

    @abstractmethod
    def run(
        self, inputs: Tensor, weight: Tensor, carry: MaybeTensor, hidden: MaybeTensor
    ) -> tuple[Tensor, ...]:
        """The record of a sequence, from z, W, the initial carry and, where they are known, all h."""

    @abstractmethod
    def tangent(
        self, tangents: Tensor, carry: MaybeTensor, weight: Tensor, record: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        """x = M u: how the states move when z moves by u and the initial carry by ``carry``."""

    @abstractmethod
    def adjoint(
        self,
        cotangents: Sequence[MaybeTensor],
        carry: MaybeTensor,
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        """y = Mᵀ b: the parts for p and for the initial carry, and the factors of ``curvature`` if wanted."""

    @abstractmethod
    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], carry: MaybeTensor
    ) -> tuple[tuple[MaybeTensor, ...], MaybeTensor]:
        """T(y; x, ·): cotangents of the states and of the initial carry."""


def affine(bias: Tensor, hidden: Tensor, weight: Tensor) -> Tensor:
    """bias + hidden · weight, one kernel where no dimension was added by ``vmap``."""
    if bias.ndim == hidden.ndim == weight.ndim == 2:
        return torch.addmm(bias, hidden, weight)
    return bias + hidden @ weight


def shared(weight: Tensor) -> Tensor:
    """W without the dimensions of ``vmap`` where all of them have the same one."""
    return weight.reshape(weight.shape[-2:]) if weight.shape[:-2].numel() == 1 else weight


def add_recurrent(inputs: Tensor, hidden: Tensor, weight: Tensor) -> Tensor:
    """z_t + W h_{t−1} for a whole sequence at once, with h_{−1} = 0."""
    return affine_sequence(inputs, delayed(hidden, None), weight.mT)


def affine_sequence(bias: Tensor, hidden: Tensor, weight: Tensor) -> Tensor:
    """``affine`` for a whole sequence: one matrix product."""
    if bias.ndim == hidden.ndim == 3 and weight.ndim == 2:
        flat = torch.addmm(bias.flatten(0, 1), hidden.flatten(0, 1), weight)
        return flat.unflatten(0, bias.shape[:2])
    return bias + hidden @ weight


def weight_product(cotangents: Tensor, hidden: Tensor) -> Tensor:
    """Σ_t y_t h_{t−1}ᵀ: the gradient of W, one matrix product over the whole sequence (h_{−1} = 0)."""
    left, right = cotangents[1:], hidden[:-1]
    if left.ndim == right.ndim == 3:
        return left.reshape(-1, left.shape[-1]).mT @ right.reshape(-1, right.shape[-1])
    return _rows(left).mT @ _rows(right)


def _rows(sequence: Tensor) -> Tensor:
    """(T, *K, B, F) → (*K, T·B, F)."""
    return sequence.movedim(0, -3).flatten(-3, -2)


def delayed(sequence: Tensor, initial: MaybeTensor) -> Tensor:
    """The value one step before: (initial or 0, s_0, …, s_{T−2})."""
    first = torch.zeros_like(sequence[:1]) if initial is None else initial.unsqueeze(0)
    shape = torch.broadcast_shapes(first.shape[1:], sequence.shape[1:])
    return torch.cat((first.expand(1, *shape), sequence[:-1].expand(-1, *shape)))


def stack(steps: Sequence[Tensor]) -> Tensor:
    """Steps of a sequence, the first of which may lack dimensions that ``vmap`` gave to the others."""
    shape = torch.broadcast_shapes(*{step.shape for step in steps})
    return torch.stack([step if step.shape == shape else step.expand(shape) for step in steps])


def join(*parts: Tensor) -> Tensor:
    """Parts side by side in the last dimension, as for ``stack``."""
    if len({part.shape[:-1] for part in parts}) > 1:
        shape = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
        return torch.cat([part.expand(*shape, part.shape[-1]) for part in parts], -1)
    return torch.cat(parts, -1)
