"""Which curvature matrix an optimiser takes, how often, over which processes, and what it does in trouble."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from hnrc_lib.optim.problem import Matrix

OnFailure = Literal["reject", "skip", "stop"]


@dataclass(frozen=True)
class Curvature:
    """Where the second derivatives come from.

    Attributes:
        matrix: ``"hessian"``; ``"ggn"``, the generalised Gauss–Newton matrix, for which the closure returns
            ``(loss, outputs)`` and, where the loss is not convex in the outputs, a positive semi-definite
            ``output_product``; ``"fisher"``, the empirical one, for which it returns ``(loss, losses)``.
        refresh: steps from one look at the curvature to the next, ≥ 1.
        seed: of random vectors; those of a step are a function of seed and step.
        on_failure: what happens where loss, gradient, curvature or step is not finite: ``"reject"`` raises λ
            tenfold, again and again until a step succeeds, and unless it was the step that failed undoes
            the last one, whose momentum goes with it; ``"skip"`` leaves θ and all state of the optimiser as
            they were; ``"stop"`` does too and raises ``FloatingPointError``.
        process_group: of ``torch.distributed``: loss, gradient and products are averaged over it.

    Raises:
        ValueError: a field out of range.

    >>> Curvature("hessian", refresh=5).refresh
    5
    """

    matrix: Matrix = "ggn"
    refresh: int = 1
    seed: int = 0
    on_failure: OnFailure = "reject"
    process_group: Any = None

    def __post_init__(self) -> None:
        for name, value, known in (
            ("matrix", self.matrix, get_args(Matrix)),
            ("on_failure", self.on_failure, get_args(OnFailure)),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        if self.refresh < 1:
            raise ValueError(f"refresh must be at least 1, got {self.refresh}")
