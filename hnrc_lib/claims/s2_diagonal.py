"""Claim 2.5: a gradient, a Hessian and an inverse "for each parameter"."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.combined_runs import Combination, best_of
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.optim.diagonal_newton import hutchinson_diagonal

NUM_STEPS, DAMPING = 20, 0.1
RATES = (1.0, 2.0, 4.0)
# Where a run has left every useful region its loss counts as this, so that the number stays finite.
LEFT = 1e6


def for_each_parameter() -> Numbers:
    """Losses of twenty steps of the diagonal Newton method in three forms, and of gradient descent.

        plain: gᵢ/dᵢ with dᵢ = ∂²L/∂θᵢ²     guarded: gᵢ/(|dᵢ| + λ)     from one random probe: d ≈ z ⊙ Hz

    A tanh perceptron on spoken digits, the whole batch, α = 1, λ = 0.1; gradient descent has the best of
    three rates.
    """
    features, labels = speech_features(num_frames=2)
    problem = SpeechProblem(perceptron(features.shape[1], 4), features, labels)
    operator = problem.operator()
    H, g = operator.to_dense(), operator.flatten(operator.gradient)
    diagonal = H.diagonal()
    generator = torch.Generator().manual_seed(0)
    exact = _run(problem, lambda here: here.to_dense().diagonal(), guarded=True)
    probed = _run(problem, lambda here: hutchinson_diagonal(here, 1, generator), guarded=True)
    plain = _run(problem, lambda here: here.to_dense().diagonal(), guarded=False)
    return {
        "n": len(g),
        "num_steps": NUM_STEPS,
        "num_negative": int((diagonal < 0).sum()),
        "descent_of_plain_step": float(g @ (g / diagonal)),
        "descent_of_guarded_step": float(g @ (g / (diagonal.abs() + DAMPING))),
        "start_loss": float(operator.value),
        "plain_loss": plain,
        "guarded_loss": exact,
        "probed_loss": probed,
        "gradient_loss": best_of(problem, Combination("adaptive alone"), RATES, NUM_STEPS),
        "inverse_of_diagonal_error": _inverse_error(H),
    }


def judge_for_each_parameter(numbers: Numbers) -> Verdict:
    """Ends at least a tenth lower than it started: plain, or with |·| and λ, exact and probed."""
    lower = {
        name: numbers[f"{name}_loss"] <= 0.9 * numbers["start_loss"]
        for name in ("plain", "guarded", "probed")
    }
    if lower["plain"]:
        return HOLDS
    if lower["guarded"] and lower["probed"]:
        return holds_if("|·| and λ guard each division")
    return FAILS


def _run(problem: SpeechProblem, diagonal_of: Callable[..., Tensor], *, guarded: bool) -> float:
    """The last loss; ``LEFT`` where it is larger or not finite."""
    params, loss = problem.params(), LEFT
    for _ in range(NUM_STEPS):
        operator = problem.operator(params)
        d, g = diagonal_of(operator), operator.flatten(operator.gradient)
        step = g / (d.abs() + DAMPING) if guarded else g / d
        params = operator.unflatten(operator.flatten(params) - step)
        if not math.isfinite(loss := float(problem.loss(params))) or loss > LEFT:
            return LEFT
    return loss


def _inverse_error(hessian: Tensor) -> float:
    """How far the inverse of diag(H) + λI lies from (H + λI)⁻¹ with |hᵢ| for hᵢ, relative to the latter."""
    h, Q = torch.linalg.eigh(hessian)
    full = Q @ torch.diag(1 / (h.abs() + DAMPING)) @ Q.mT
    own = torch.diag(1 / (hessian.diagonal().abs() + DAMPING))
    return float(torch.linalg.matrix_norm(own - full) / torch.linalg.matrix_norm(full))


CLAIMS = (
    Claim(
        id="2.5",
        source="S2",
        section="§3.2, steps 2 to 4",
        quote=(
            "2. 在训练过程中，对于每个参数，计算其梯度。\n3. 对于每个参数，计算其Hessian矩阵。\n"
            "4. 对于每个参数，计算其Hessian矩阵的逆。"
        ),
        translation=(
            "Step 2: during training, for each parameter, compute its gradient. Step 3: for each parameter, "
            "compute its Hessian matrix. Step 4: for each parameter, compute the inverse of its Hessian "
            "matrix."
        ),
        predicate=(
            "Read as a number for each parameter, dᵢ = ∂²L/∂θᵢ². Holds iff twenty steps gᵢ/dᵢ on a "
            "perceptron and spoken digits end at least a tenth below the loss at the start. Holds if |·| and "
            "λ guard each division, where only gᵢ/(|dᵢ| + λ) does, with the exact diagonal and with one "
            "random probe a step; otherwise fails."
        ),
        evidence=for_each_parameter,
        judge=judge_for_each_parameter,
        sentences={
            "holds": "{num_steps:.0f} steps gᵢ/dᵢ took the loss from {start_loss:.2f} to {plain_loss:.3g}.",
            "holds if": (
                "{num_negative:.0f} of {n:.0f} second derivatives dᵢ are negative at the start. From a loss "
                "of {start_loss:.2f}, {num_steps:.0f} steps gᵢ/dᵢ ended at {plain_loss:.3g} (10⁶ stands for "
                "anything larger), steps gᵢ/(|dᵢ| + λ) at {guarded_loss:.3f} with the exact diagonal and at "
                "{probed_loss:.3f} with one random probe a step; as many steps of gradient descent at the "
                "best of three rates ended at {gradient_loss:.3f}. The {n:.0f} inverses of single numbers "
                "are not the inverse of the matrix: they differ from it by {inverse_of_diagonal_error:.0%} "
                "of its norm."
            ),
            "fails": (
                "From a loss of {start_loss:.2f}, {num_steps:.0f} steps gᵢ/dᵢ ended at {plain_loss:.3g}, "
                "gᵢ/(|dᵢ| + λ) at {guarded_loss:.3g} and {probed_loss:.3g}."
            ),
        },
        lead="Works with |·| and damping.",
    ),
)
