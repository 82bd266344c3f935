"""Damped Newton for small models: the curvature matrix in full, factorised at every refresh."""

from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from hnrc_lib.curvature.dense import hessian_from_graph
from hnrc_lib.curvature.processes import average
from hnrc_lib.linalg.operators import MAX_DENSE_BYTES, require_room
from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.curvature_optimizer import CurvatureOptimizer
from hnrc_lib.optim.damping import DampingRule
from hnrc_lib.optim.newton_step import NotPositiveDefinite, damped_newton_step
from hnrc_lib.optim.problem import Closure, Problem
from hnrc_lib.optim.proposal import Proposal, rayleigh_quotient

_CHUNK = 64


class DampedNewton(CurvatureOptimizer):
    """The formula of the sources, with the exact matrix.

        θ ← θ − α (M + λI)⁻¹ g,   M the Hessian, Gauss–Newton or Fisher matrix

    It takes n products and n² numbers: for models of some thousands of parameters. Where M + λI is not
    positive definite the rule of ``damped_newton_step`` is followed.

    Args:
        params, lr, damping, weight_decay, curvature: as for ``CurvatureOptimizer``.
        not_positive_definite: ``"raise_damping"``, ``"absolute_eigenvalues"`` or ``"refuse"``, which gives
            a zero step.

    Raises:
        ValueError: an argument is out of range.
        MemoryError: at the first step, where n² numbers take more than 4 GiB.

    >>> x = torch.tensor([3.0, 1.0], requires_grad=True)
    >>> optimizer = DampedNewton([x], lr=1.0, damping=1.0, curvature=Curvature("hessian"))
    >>> loss = optimizer.step(lambda: 2 * x[0] ** 2 + x[1] ** 2 / 2)
    >>> x.detach(), loss, optimizer.last_step.predicted_reduction
    (tensor([0.6000, 0.5000]), tensor(18.5000), 17.65...)

    Kenneth Levenberg, A method for the solution of certain non-linear problems in least squares (1944).
    """

    _curvature_key: ClassVar[str | None] = "matrix"

    def __init__(
        self,
        params: Any,
        lr: float | int = 1.0,
        damping: float | int | str | DampingRule = 1e-3,
        *,
        curvature: Curvature | None = None,
        not_positive_definite: NotPositiveDefinite = "raise_damping",
        weight_decay: float | int = 0.0,
    ) -> None:
        if not_positive_definite not in get_args(NotPositiveDefinite):
            known = ", ".join(get_args(NotPositiveDefinite))
            raise ValueError(f"not_positive_definite must be one of {known}, got {not_positive_definite!r}")
        self.not_positive_definite: NotPositiveDefinite = not_positive_definite
        super().__init__(params, lr, damping, weight_decay, curvature)

    def _propose(self, problem: Problem, closure: Closure) -> Proposal:
        size, products, matrix = len(problem.gradient), 0, self.shared.get("matrix")
        if problem.graph is not None:
            require_room((size, size), problem.gradient.dtype, MAX_DENSE_BYTES)
            dense = hessian_from_graph(problem.graph, symmetrize=True, chunk_size=_CHUNK)
            matrix, products = average(dense, self.curvature.process_group), size
        assert matrix is not None
        if not bool(torch.isfinite(matrix).all()):
            return Proposal(torch.zeros_like(problem.gradient), products=products, matrix_finite=False)
        step, reason = self._solve(matrix, problem.gradient)
        along = rayleigh_quotient(step, float(step @ (matrix @ step)))
        memory = {"matrix": matrix} if self.curvature.refresh > 1 else {}
        return Proposal(step, along, memory, products=products, reason=reason)

    def _solve(self, matrix: Tensor, gradient: Tensor) -> tuple[Tensor, str | None]:
        dampings = self._damping_values()
        least = min(dampings)
        more = self._flat.per_entry([value - least for value in dampings])
        if isinstance(more, Tensor):  # what some damp beyond the least is a part of the matrix
            matrix = matrix + torch.diag(more)
        else:
            least += more
        found = damped_newton_step(matrix, gradient, least, not_positive_definite=self.not_positive_definite)
        return self._values("lr") * found.step, found.reason
