"""One damped Newton step from a dense Hessian: Cholesky, and a stated rule where it fails."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.optim.taylor import predicted_reduction

NotPositiveDefinite = Literal["refuse", "raise_damping", "absolute_eigenvalues"]


@dataclass(frozen=True)
class DampedNewtonStep:
    """Result of ``damped_newton_step``.

    Attributes:
        step: s, added to θ, shape (n,); zero where the step was refused.
        positive_definite: whether H + λI, with the damping asked for, is numerically positive definite.
        smallest_eigenvalue: of H + λI, with the damping asked for.
        condition_number: largest over smallest absolute eigenvalue of the matrix that was inverted, of
            H + λI where the step was refused; infinite when singular.
        predicted_reduction: what the undamped quadratic model says the loss falls by.
        damping: the λ that was used, larger than the one asked for where it was raised.
        reason: why the step is not −α(H + λI)⁻¹g with the λ asked for, or None.
    """

    step: Tensor
    positive_definite: bool
    smallest_eigenvalue: float
    condition_number: float
    predicted_reduction: float
    damping: float
    reason: str | None


def damped_newton_step(
    hessian: Float[Tensor, "n n"],
    gradient: Float[Tensor, " n"],
    damping: float | int,
    *,
    learning_rate: float | int = 1.0,
    not_positive_definite: NotPositiveDefinite = "refuse",
) -> DampedNewtonStep:
    """The step of damped Newton (Levenberg–Marquardt), by a Cholesky factorisation.

        s = −α (H + λI)⁻¹ g

    λ → 0 gives Newton's step where H is positive definite; α = λη with λ → ∞ gives gradient descent, −ηg.
    H + λI counts as positive definite when Cholesky succeeds and its smallest eigenvalue exceeds the
    rounding error n·ε·max|h|. Where it is not, the rule named by ``not_positive_definite`` is followed:
    ``refuse`` gives a zero step; ``raise_damping`` starts from the larger of 2λ and 10⁻³‖H‖_F and doubles
    until Cholesky succeeds (Nocedal & Wright 2006, algorithm 3.3); ``absolute_eigenvalues`` inverts
    |H| + λI, which keeps the eigenvectors and turns negative curvature around (Dauphin et al. 2014).

    Args:
        hessian: H, symmetric (n, n).
        gradient: g, shape (n,).
        damping: λ ≥ 0.
        learning_rate: α > 0.
        not_positive_definite: the rule for an indefinite or singular H + λI.

    Returns:
        The step and what is known about it.

    Raises:
        ValueError: shapes do not fit, H is not symmetric, a value is not finite, λ < 0 or α ≤ 0, an
            unknown rule.

    >>> H, g = torch.diag(torch.tensor([4.0, 1.0])), torch.tensor([4.0, 1.0])
    >>> damped_newton_step(H, g, damping=1.0).step
    tensor([-0.8000, -0.5000])

    Kenneth Levenberg, A method for the solution of certain non-linear problems in least squares (1944).
    """
    damping, learning_rate = float(damping), float(learning_rate)
    _check(hessian, gradient, damping, learning_rate, not_positive_definite)
    eigenvalues = torch.linalg.eigvalsh(hessian)
    solution = _cholesky_solve(hessian, gradient, eigenvalues, damping)
    if solution is not None:
        outcome = _Outcome(solution, eigenvalues + damping, damping, None)
    else:
        outcome = _RULES[not_positive_definite](hessian, gradient, eigenvalues, damping)
    step = -learning_rate * outcome.solution
    return DampedNewtonStep(
        step=step,
        positive_definite=solution is not None,
        smallest_eigenvalue=float(eigenvalues[0]) + damping,
        condition_number=_condition_number(outcome.spectrum),
        predicted_reduction=predicted_reduction(hessian, gradient, step),
        damping=outcome.damping,
        reason=outcome.reason,
    )


class _Outcome(NamedTuple):
    solution: Tensor
    spectrum: Tensor
    damping: float
    reason: str | None


def _cholesky_solve(hessian: Tensor, gradient: Tensor, eigenvalues: Tensor, damping: float) -> Tensor | None:
    """(H + λI)⁻¹g, or None where H + λI is not numerically positive definite."""
    rounding = len(eigenvalues) * torch.finfo(hessian.dtype).eps * float(eigenvalues.abs().max())
    if float(eigenvalues[0]) + damping <= rounding:
        return None
    damped = hessian + damping * torch.eye(len(gradient), dtype=hessian.dtype, device=hessian.device)
    factor, failed = torch.linalg.cholesky_ex(damped)
    if bool(failed):
        return None
    return torch.cholesky_solve(gradient.unsqueeze(1), factor).squeeze(1)


def _refuse(hessian: Tensor, gradient: Tensor, eigenvalues: Tensor, damping: float) -> _Outcome:
    reason = f"H + λI is not positive definite at λ = {damping:.3g}: no step"
    return _Outcome(torch.zeros_like(gradient), eigenvalues + damping, damping, reason)


def _raise_damping(hessian: Tensor, gradient: Tensor, eigenvalues: Tensor, damping: float) -> _Outcome:
    # A zero Hessian has no scale of its own; any positive damping then serves.
    raised = max(2 * damping, 1e-3 * (float(torch.linalg.matrix_norm(hessian)) or 1.0))
    while (solution := _cholesky_solve(hessian, gradient, eigenvalues, raised)) is None:
        raised *= 2
    reason = f"H + λI is not positive definite at λ = {damping:.3g}: raised to {raised:.3g}"
    return _Outcome(solution, eigenvalues + raised, raised, reason)


def _absolute_eigenvalues(hessian: Tensor, gradient: Tensor, eigenvalues: Tensor, damping: float) -> _Outcome:
    values, vectors = torch.linalg.eigh(hessian)
    spectrum = values.abs() + damping
    if float(spectrum.min()) <= len(values) * torch.finfo(values.dtype).eps * float(spectrum.max()):
        reason = f"|H| + λI is singular at λ = {damping:.3g}: no step"
        return _Outcome(torch.zeros_like(gradient), spectrum, damping, reason)
    reason = f"H + λI is not positive definite at λ = {damping:.3g}: inverted |H| + λI"
    return _Outcome(vectors @ ((vectors.mT @ gradient) / spectrum), spectrum, damping, reason)


_RULES = {
    "refuse": _refuse,
    "raise_damping": _raise_damping,
    "absolute_eigenvalues": _absolute_eigenvalues,
}


def _condition_number(spectrum: Tensor) -> float:
    smallest = float(spectrum.abs().min())
    return float(spectrum.abs().max()) / smallest if smallest > 0 else math.inf


def _check(hessian: Tensor, gradient: Tensor, damping: float, learning_rate: float, rule: str) -> None:
    if hessian.ndim != 2 or hessian.shape[0] != hessian.shape[1]:
        raise ValueError(f"hessian must be square, got shape {tuple(hessian.shape)}")
    if gradient.shape != hessian.shape[:1]:
        raise ValueError(f"gradient must have shape {tuple(hessian.shape[:1])}, got {tuple(gradient.shape)}")
    for name, value in (("hessian", hessian), ("gradient", gradient)):
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name} must be finite, got NaN or infinity")
    asymmetry = float((hessian - hessian.mT).abs().max())
    if asymmetry > math.sqrt(torch.finfo(hessian.dtype).eps) * float(hessian.abs().max()):
        raise ValueError(f"hessian must be symmetric, got an asymmetry of {asymmetry:.2e}")
    if not (damping >= 0 and math.isfinite(damping)):
        raise ValueError(f"damping must be finite and at least 0, got {damping}")
    if not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate}")
    if rule not in _RULES:
        raise ValueError(f"not_positive_definite must be one of {list(_RULES)}, got {rule!r}")
