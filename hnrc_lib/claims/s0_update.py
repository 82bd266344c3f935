"""Claim 0.7: the update θ ← θ − α(H + λI)⁻¹∇L, whether it descends, and its two limits."""

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, perceptron, seeded, speech_features
from hnrc_lib.curvature import flatten, unflatten
from hnrc_lib.optim import damped_newton_step

MARGINS = (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2)
MAX_HALVINGS = 20
FAR = 1e8


def update_rule() -> Numbers:
    """Whether the update descends above and below λ = −h_min, and what it becomes for λ → 0 and λ → ∞.

    Descent: an untrained tanh perceptron, λ = −h_min + m·max|h| for six margins m from 10⁻³ to 100 and
    λ = −h_min(1 − m) for the margins below one. The slope is −∇Lᵀ(H + λI)⁻¹∇L; that the loss follows
    it is confirmed at some α among 1, ½, ¼, …, 2⁻¹⁹.
    Limits: a linear softmax classifier whose last score is fixed, so that H is positive definite,
    λ = 10⁻⁸·h_min against Newton's step and λ = 10⁸·h_max with α = λ against the gradient.
    """
    features, labels = speech_features()
    problem = SpeechProblem(perceptron(features.shape[1], 6), features, labels)
    operator = problem.operator()
    hessian, g = operator.to_dense(), operator.flatten(operator.gradient)
    eigenvalues = torch.linalg.eigvalsh(hessian)
    threshold, scale = -float(eigenvalues[0]), float(eigenvalues.abs().max())
    above = [_trial(problem, hessian, g, threshold + margin * scale) for margin in MARGINS]
    positive = [threshold * (1 - margin) for margin in MARGINS if margin < 1 and threshold > 0]
    below = [_trial(problem, hessian, g, damping) for damping in positive]
    ascents = [trial for trial in below if trial[0] > 0]
    return {
        "n": len(hessian),
        "threshold": threshold,
        "num_above": len(above),
        "descents_above": sum(slope < 0 for slope, _, _ in above),
        "reached_above": sum(reached for _, reached, _ in above),
        "overshoots_above": sum(not full for _, _, full in above),
        "num_below": len(below),
        "ascents_below": len(ascents),
        "rises_confirmed": sum(reached for _, reached, _ in ascents),
        **_limits(features, labels),
    }


def judge_update_rule(numbers: Numbers) -> Verdict:
    """Limits to 10⁻⁶, descent at every λ above −h_min; the conditions are those that a trial needed."""
    limits = max(numbers["newton_error"], numbers["gradient_error"]) < 1e-6
    descends = numbers["descents_above"] == numbers["reached_above"] == numbers["num_above"]
    if not (limits and descends):
        return FAILS
    conditions = []
    if numbers["rises_confirmed"] > 0:
        conditions.append("λ > −h_min(H)")
    if numbers["overshoots_above"] > 0:
        conditions.append("α is small enough")
    return holds_if(" and ".join(conditions)) if conditions else HOLDS


def _trial(problem: SpeechProblem, hessian: Tensor, g: Tensor, damping: float) -> tuple[float, bool, bool]:
    """Slope along the printed update; whether some α confirms it; whether α = 1 lowers the loss.

    The formula is solved as printed, definite or not: the library's ``damped_newton_step`` would refuse.
    Confirmed is a change of the loss of at least half of α·slope, and of its sign.
    """
    identity = torch.eye(len(g), dtype=g.dtype)
    step = -torch.linalg.solve(hessian + damping * identity, g)
    slope = float(g @ step)
    params = problem.params()
    theta, before = flatten(params), float(problem.loss(params))
    alphas = [0.5**halvings for halvings in range(MAX_HALVINGS)]
    changes = [float(problem.loss(unflatten(theta + alpha * step, params))) - before for alpha in alphas]
    confirmed = any(change / (alpha * slope) > 0.5 for alpha, change in zip(alphas, changes, strict=True))
    return slope, confirmed, changes[0] < 0


def _limits(features: Tensor, labels: Tensor) -> Numbers:
    """Relative distances of the damped step from Newton's and from the gradient's."""
    operator = SpeechProblem(seeded(ReferenceClass(features.shape[1]), 0), features, labels).operator()
    hessian, g = operator.to_dense(), operator.flatten(operator.gradient)
    eigenvalues = torch.linalg.eigvalsh(hessian)
    near, far = float(eigenvalues[0]) / FAR, float(eigenvalues[-1]) * FAR
    newton = -torch.linalg.solve(hessian, g)
    small = damped_newton_step(hessian, g, near).step
    large = damped_newton_step(hessian, g, far, learning_rate=far).step
    return {
        "limit_n": len(hessian),
        "limit_smallest_eigenvalue": float(eigenvalues[0]),
        "limit_largest_eigenvalue": float(eigenvalues[-1]),
        "newton_error": float((small - newton).norm() / newton.norm()),
        "gradient_error": float((large + g).norm() / g.norm()),
    }


CLAIMS = (
    Claim(
        id="0.7",
        source="S0",
        section="§3",
        quote=(
            "通过修正后的Hessian矩阵，可以更新模型参数：\n\n$$\n"
            "\\theta_{new} = \\theta_{old} - \\alpha \\tilde{H}^{-1} "
            "\\frac{\\partial L}{\\partial \\theta_{old}}\n$$"
        ),
        translation=(
            "With the corrected Hessian matrix the parameters of the model can be updated: θ_new = θ_old − "
            "α H̃⁻¹ ∂L/∂θ_old."
        ),
        predicate=(
            "Fails unless the update approaches Newton's for λ → 0 and, with α = λ, gradient descent for λ "
            "→ ∞ (both to 10⁻⁶), and descends at every one of six λ above −h_min, confirmed by the loss at "
            "some α. Then holds if λ > −h_min where a λ below it gives a direction along which the loss "
            "rises, and if α is small enough where α = 1 raised the loss at some λ above it; holds where "
            "neither happened."
        ),
        evidence=update_rule,
        judge=judge_update_rule,
        sentences={
            "holds": (
                "The update lowered the loss at all {num_above:.0f} values of λ, with α = 1; its limits are "
                "Newton's step ({newton_error:.0e}) and gradient descent ({gradient_error:.0e})."
            ),
            "holds if": (
                "The update pointed downhill at {descents_above:.0f} of {num_above:.0f} values of λ above "
                "−h_min = {threshold:.4f}, where α = 1 nevertheless raised the loss at "
                "{overshoots_above:.0f}; below, it pointed uphill at {ascents_below:.0f} of "
                "{num_below:.0f}, confirmed by the loss at {rises_confirmed:.0f}. λ → 0 gave Newton's step "
                "(to {newton_error:.0e}), α = λ → ∞ gradient descent (to {gradient_error:.0e})."
            ),
            "fails": (
                "The update pointed downhill at {descents_above:.0f} of {num_above:.0f} values of λ above "
                "−h_min; it missed Newton's step by {newton_error:.0e} and gradient descent by "
                "{gradient_error:.0e}."
            ),
        },
        lead=(
            "Newton (H invertible) and, as λ·step → αg, gradient descent as limits; descent needs H + λI ≻ 0."
        ),
    ),
)
