"""What a recurrent cell must supply so that a whole sequence can be differentiated twice.

Every sequence is time-major, (T, B, *K, features), where K are the dimensions that ``vmap`` added (none, as
a rule); initial states are (B, *K, features), weights carry K in front. A cell computes, with W the
recurrent weight,

    p_t = z_t + W h_{t−1},   (h_t, c_t) = g(p_t, carry_{t−1})

Linearised around a run this is x = u + A x, x = (h, c, p): the tangent sweep is x = M u, M = (I − A)⁻¹,
the backward sweep y = Mᵀ b, and the second derivative of a weighted sum of the states is a symmetric form
T(y; x, ξ) that acts at each time and unit by itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

MaybeTensor = Tensor | None


class Cell(ABC):
    """One kind of recurrent cell, as the sweeps over a sequence that its derivatives need.

    The states are h and one more. The derivatives that the latter carries are taken with respect to the
    pre-activations p, not to the gates: that spares a multiplication by the slope on each way. Where a cell
    carries c (or h past the gates), the second state has T + 1 rows (c_{t−1}, gates_t), so that what was
    carried and what came in stand side by side.

    Attributes:
        num_record: the states and the coefficients of the linearisation: what ``run`` returns.
        curved: for each state, whether the second derivative reaches it.
        slots: width of the second state in units of H, and rows that it has beyond T.
    """

    num_record: int
    curved: tuple[bool, bool]
    slots: tuple[int, int] = (5, 1)

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
        weight: Tensor,
        record: Sequence[Tensor],
        with_factors: bool,
    ) -> tuple[Tensor, MaybeTensor, tuple[Tensor, ...]]:
        """y = Mᵀ b: the parts for p and for the initial carry; the factors of ``curvature`` if wanted."""

    @abstractmethod
    def curvature(
        self, factors: Sequence[Tensor], tangents: Sequence[Tensor], record: Sequence[Tensor]
    ) -> tuple[MaybeTensor, MaybeTensor]:
        """T(y; x, ·): cotangents of the states."""

    def carried(self, states: Sequence[Tensor]) -> Sequence[Tensor]:
        """h and, where there is one, c at all times."""
        return states[:1]
