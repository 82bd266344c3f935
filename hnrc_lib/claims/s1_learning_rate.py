"""Claim 1.13: Newton's step with a learning rate, or without."""

import math

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, seeded, settled, speech_features
from hnrc_lib.curvature import flatten, unflatten

PRINTED_RATE = 0.01
RATES = (PRINTED_RATE, 0.1, 0.5, 1.5)
NUM_STEPS = 20
NEAR_STEPS, NEAR_RATE = 3, 0.5
FAR_SCALE, FAR_STEPS, FAR_RATE = 3.0, 5, 0.1


def learning_rate() -> Numbers:
    """Newton's step with and without a rate: on a quadratic, near a minimum, and far from it.

    The quadratic is the model of a convex speech classifier at its minimum; near means 40 iterations of
    L-BFGS short of the minimum, far means its initial weights, tripled.
    """
    features, labels = speech_features(num_frames=1)
    problem = SpeechProblem(seeded(ReferenceClass(features.shape[1]), 0), features, labels)
    near = settled(problem, num_iterations=40)
    far = {name: FAR_SCALE * value for name, value in problem.params().items()}
    slope_near = _slope(problem, near)
    full = _newton(problem, near, 1.0, NEAR_STEPS)
    rated = _newton(problem, near, NEAR_RATE, NEAR_STEPS)
    return {
        "law_error": _law_error(problem.operator(near).to_dense()),
        "num_steps": NUM_STEPS,
        "steps_to_a_hundredth": math.ceil(math.log(0.01) / math.log(1 - PRINTED_RATE)),
        "near_steps": NEAR_STEPS,
        "near_full": _slope(problem, full) / slope_near,
        "near_rated": _slope(problem, rated) / slope_near,
        "near_law": (1 - NEAR_RATE) ** NEAR_STEPS,
        "far_start_loss": float(problem.loss(far)),
        "far_full_loss": float(problem.loss(_newton(problem, far, 1.0, 1))),
        "far_rated_loss": float(problem.loss(_newton(problem, far, FAR_RATE, FAR_STEPS))),
    }


def judge_learning_rate(numbers: Numbers) -> Verdict:
    """A rate helps where the full step raises the loss; it hinders where the full step is far better."""
    if numbers["law_error"] > 1e-6:
        return FAILS
    start = numbers["far_start_loss"]
    helps_far = numbers["far_full_loss"] > start > numbers["far_rated_loss"]
    hinders_near = numbers["near_full"] < 0.1 * numbers["near_rated"]
    if not helps_far:
        return FAILS
    return holds_if("the step is longer than the quadratic model is right for") if hinders_near else HOLDS


def _law_error(hessian: Tensor) -> float:
    """Largest relative distance of the error after some Newton steps on ½xᵀHx from |1 − α|ᵏ‖x₀‖."""
    start = torch.randn(len(hessian), generator=torch.Generator().manual_seed(0), dtype=hessian.dtype)
    factor = torch.linalg.cholesky(hessian)
    worst = 0.0
    for rate in RATES:
        x = start
        for step in range(1, NUM_STEPS + 1):
            x = x - rate * torch.cholesky_solve((hessian @ x).unsqueeze(1), factor).squeeze(1)
            law = abs(1 - rate) ** step * float(start.norm())
            worst = max(worst, abs(float(x.norm()) / law - 1))
    return worst


def _newton(
    problem: SpeechProblem, params: dict[str, Tensor], rate: float, num_steps: int
) -> dict[str, Tensor]:
    for _ in range(num_steps):
        operator = problem.operator(params)
        gradient = flatten(operator.gradient)
        step = torch.linalg.solve(operator.to_dense(), gradient)
        params = unflatten(flatten(params) - rate * step, params)
    return params


def _slope(problem: SpeechProblem, params: dict[str, Tensor]) -> float:
    return float(flatten(torch.func.grad(problem.loss)(params)).norm())


CLAIMS = (
    Claim(
        id="1.13",
        source="S1",
        section="§3.1",
        quote="具体来说，我们需要计算参数更新方向（即逆Hessian矩阵乘以参数梯度），并将参数更新方向乘以一个学习率来更新参数。",
        translation=(
            "That is, we compute the direction of the update (the inverse Hessian times the gradient) and "
            "multiply it by a learning rate to update the parameters. Section 3.3 of the same text adds "
            "the step without one; the program of section 4 has 0.01."
        ),
        predicate=(
            "A rate is said to belong to the step. First, on a quadratic the error after k steps must be "
            "|1 − α|ᵏ to six digits for four rates. Then, on a convex speech classifier: far from the "
            "minimum a full step raises the loss and five steps at α = 0.1 lower it (helps); near it three "
            "full steps leave less than a tenth of the gradient that three at α = 0.5 leave (hinders). "
            "Holds if it helps and does not hinder, with a condition if both, fails if it does not help."
        ),
        evidence=learning_rate,
        judge=judge_learning_rate,
        sentences={
            "holds": (
                "Far from the minimum one full step took the loss from {far_start_loss:.2f} to "
                "{far_full_loss:.3g}, five at α = 0.1 to {far_rated_loss:.2f}; near it the rate cost little."
            ),
            "holds if": (
                "On a quadratic the error after k steps is |1 − α|ᵏ of the first (to {law_error:.0e}): one "
                "step without a rate, {steps_to_a_hundredth:.0f} at the printed 0.01 for a hundredth. Near "
                "the minimum of a speech classifier {near_steps:.0f} full steps left {near_full:.1e} of the "
                "gradient, as many at α = 0.5 left {near_rated:.3f}, and 0.5³ = {near_law:.3f}. Far from it "
                "one full step took the loss from {far_start_loss:.2f} to {far_full_loss:.3g}, five at α = "
                "0.1 to {far_rated_loss:.2f}. So both sections are right, each in its place, and neither "
                "says which."
            ),
            "fails": (
                "One full step took the loss from {far_start_loss:.2f} to {far_full_loss:.3g}, five at "
                "α = 0.1 to {far_rated_loss:.2f}; the law |1 − α|ᵏ held to {law_error:.0e}."
            ),
        },
        lead="The error after k steps is (1 − α)ᵏ.",
    ),
)
