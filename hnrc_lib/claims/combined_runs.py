"""Short trainings in which a curvature step and an adaptive method are combined in one order or another."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from hnrc_lib._shapes import Float
from hnrc_lib.claims.subjects import SpeechProblem
from hnrc_lib.curvature import GGNLinearOperator
from hnrc_lib.optim.diagonal_scaling import Scaling, diagonal_scaling
from hnrc_lib.optim.low_rank_model import LowRankModel, low_rank_model, solve_damped

Order = Literal["adaptive alone", "curvature alone", "before", "after", "in its metric"]
RANK, REFRESH = 8, 10


@dataclass(frozen=True)
class Combination:
    """How a direction is made from a gradient g; B = λI + V diag(μ) Vᵀ, D the adaptive diagonal.

        adaptive alone: D(g)⁻¹g          curvature alone: B⁻¹g
        before: D(c)⁻¹c with c = B⁻¹g    after: B⁻¹D(g)⁻¹g    in its metric: (λD(g) + V diag(μ) Vᵀ)⁻¹g

    Attributes:
        order: which of them.
        scaling: D, see ``diagonal_scaling``; ``"none"`` is the identity, gradient descent.
        damping: λ > 0.

    >>> Combination("adaptive alone", "none").direction(torch.tensor([2.0]), None, {})
    tensor([2.])
    """

    order: Order
    scaling: Scaling = "none"
    damping: float = 0.1

    def direction(
        self, gradient: Float[Tensor, " n"], model: LowRankModel | None, memory: dict[str, Any]
    ) -> Float[Tensor, " n"]:
        """What the learning rate multiplies.

        Args:
            gradient: g, shape (n,).
            model: V and μ; None for the adaptive method alone.
            memory: of the adaptive method; changed.
        """
        if model is None:
            return gradient / diagonal_scaling(self.scaling, gradient, memory)
        if self.order == "in its metric":
            metric = self.damping * diagonal_scaling(self.scaling, gradient, memory)
            return solve_damped(metric, model.vectors, model.values, gradient)
        if self.order == "after":
            gradient = gradient / diagonal_scaling(self.scaling, gradient, memory)
        corrected = solve_damped(self.damping, model.vectors, model.values, gradient)
        if self.order == "before":
            return corrected / diagonal_scaling(self.scaling, corrected, memory)
        return corrected


def descend(
    problem: SpeechProblem, combination: Combination, rate: float, num_steps: int
) -> tuple[list[float], Float[Tensor, " n"]]:
    """Losses along a run on the whole batch, and where it ended.

    The eight curvature directions of the Gauss–Newton matrix are found anew every ten steps, from those
    found before.

    Args:
        problem: starting point, features and labels.
        combination: of curvature and adaptive method.
        rate: η > 0.
        num_steps: ≥ 0.

    Returns:
        num_steps + 1 losses, and the last θ, shape (n,).
    """
    params, memory = problem.params(), {}
    model, losses = None, []
    for step in range(num_steps):
        leaves = {name: value.requires_grad_() for name, value in params.items()}
        loss = problem.loss(leaves)
        parts = torch.autograd.grad(loss, list(leaves.values()))
        losses.append(float(loss.detach()))
        gradient = torch.cat([part.flatten() for part in parts])
        params = {name: value.detach() for name, value in leaves.items()}
        if combination.order != "adaptive alone" and step % REFRESH == 0:
            model = _look(problem, params, model)
        move = -rate * combination.direction(gradient, model, memory)
        pieces = move.split([value.numel() for value in params.values()])
        params = {
            name: value + piece.view_as(value)
            for (name, value), piece in zip(params.items(), pieces, strict=True)
        }
    end = torch.cat([value.flatten() for value in params.values()])
    return [*losses, float(problem.loss(params))], end


def best_of(
    problem: SpeechProblem, combination: Combination, rates: tuple[float, ...], num_steps: int
) -> float:
    """The lowest final loss over some learning rates; a run that is not finite counts as no better than θ₀.

    Args:
        problem, combination, num_steps: as for ``descend``.
        rates: η, one run each.
    """
    runs = [descend(problem, combination, rate, num_steps)[0] for rate in rates]
    return min(losses[-1] if losses[-1] < losses[0] else losses[0] for losses in runs)


def _look(problem: SpeechProblem, params: dict[str, Tensor], model: LowRankModel | None) -> LowRankModel:
    """Eight directions of the Gauss–Newton matrix at θ."""
    operator = GGNLinearOperator(
        lambda p: functional_call(problem.model, p, (problem.features,)),
        lambda scores: F.cross_entropy(scores, problem.labels),
        params,
    )
    if model is not None:
        return low_rank_model(operator, model.vectors)
    generator = torch.Generator().manual_seed(0)
    size = operator.shape[0]
    return low_rank_model(operator, torch.randn(size, RANK, generator=generator, dtype=operator.dtype))
