"""Newton's step "for each parameter": a diagonal of the curvature matrix from random probes."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.operators import LinearOperator
from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.curvature_optimizer import CurvatureOptimizer
from hnrc_lib.optim.damping import DampingRule
from hnrc_lib.optim.problem import Closure, Problem
from hnrc_lib.optim.proposal import Proposal, rayleigh_quotient


def hutchinson_diagonal(
    operator: LinearOperator, num_probes: int, generator: torch.Generator
) -> Float[Tensor, " n"]:
    """Estimate of the diagonal of a matrix, exact where the matrix is diagonal.

        diag(M) ≈ (1/S) Σ z ⊙ Mz,   z of random signs

    Its variance is Σ_{j≠i} M_ij²/S at entry i.

    Args:
        operator: M, symmetric (n, n).
        num_probes: S ≥ 1.
        generator: draws z, on the CPU.

    >>> from hnrc_lib.linalg import DenseOperator
    >>> M = DenseOperator(torch.diag(torch.tensor([4.0, -1.0])))
    >>> hutchinson_diagonal(M, 1, torch.Generator().manual_seed(0))
    tensor([ 4., -1.])

    Costas Bekas, Effrosyni Kokiopoulou and Yousef Saad, An estimator for the diagonal of a matrix (2007).
    """
    if num_probes < 1:
        raise ValueError(f"num_probes must be at least 1, got {num_probes}")
    signs = torch.randint(0, 2, (operator.shape[1], num_probes), generator=generator)
    probes = (2 * signs - 1).to(dtype=operator.dtype, device=operator.device)
    return (probes * (operator @ probes)).mean(dim=1)


class DiagonalNewton(CurvatureOptimizer):
    """Every parameter divided by its own curvature, with |·| and damping that make it a descent.

        θ_i ← θ_i − α m_i/(|d_i| + λ),   d ← γd + (1 − γ) ẑ,  ẑ the Hutchinson estimate of diag(M)

    d is freed of its start at zero by 1 − γᵗ.

    Args:
        params, lr, damping, weight_decay, curvature: as for ``CurvatureOptimizer``; λ > 0.
        momentum: β in [0, 1): m ← βm + g.
        memory: γ in [0, 1); 0 takes each estimate as it is.
        num_probes: products at each refresh, ≥ 1.

    Raises:
        ValueError: an argument is out of range.

    >>> x = torch.tensor([3.0, 1.0], requires_grad=True)
    >>> optimizer = DiagonalNewton([x], lr=1.0, damping=1.0, curvature=Curvature("hessian"))
    >>> loss = optimizer.step(lambda: 2 * x[0] ** 2 - x[1] ** 2 / 2)
    >>> x.detach()
    tensor([0.6000, 1.5000])

    Zhewei Yao and others, AdaHessian (2021), which takes root mean squares of ẑ in place of |d|.
    """

    _curvature_key: ClassVar[str | None] = "diagonal"
    _zero_damping: ClassVar[bool] = False

    def __init__(
        self,
        params: Any,
        lr: float | int,
        damping: float | int | str | DampingRule = 1.0,
        *,
        curvature: Curvature | None = None,
        momentum: float | int = 0.0,
        memory: float | int = 0.0,
        num_probes: int = 1,
        weight_decay: float | int = 0.0,
    ) -> None:
        for name, value in (("momentum", momentum), ("memory", memory)):
            if not 0 <= value < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {value}")
        if num_probes < 1:
            raise ValueError(f"num_probes must be at least 1, got {num_probes}")
        self.memory, self.num_probes = float(memory), num_probes
        super().__init__(params, lr, damping, weight_decay, curvature, momentum=float(momentum))

    def _propose(self, problem: Problem, closure: Closure) -> Proposal:
        memory, gradient, products = dict(self.shared), problem.gradient, 0
        if problem.graph is not None:
            operator = self._operator(problem)
            found = hutchinson_diagonal(operator, self.num_probes, self._generator())
            if not operator.finite:
                return Proposal(found, products=operator.products, matrix_finite=False)
            memory["diagonal"] = self.memory * memory.get("diagonal", 0.0) + (1 - self.memory) * found
            memory["estimates"] = memory.get("estimates", 0) + 1
            products = operator.products
        diagonal = memory["diagonal"] / (1 - self.memory ** memory["estimates"])
        memory["momentum"] = self._values("momentum") * memory.get("momentum", 0.0) + gradient
        damping = self._flat.per_entry(self._damping_values())
        step = -self._values("lr") * memory["momentum"] / (diagonal.abs() + damping)
        along = rayleigh_quotient(step, float((diagonal * step) @ step))
        reason = "negative curvature turned around" if bool((diagonal < 0).any()) else None
        return Proposal(step, along, memory, products=products, reason=reason)
