"""Claims 2.4 and 2.15: the corrected gradient of S2, and the inverse that is to feed it."""

import ast
import re

import torch
from torch import Tensor, nn

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.s2_correction import (
    curvature_penalty_gradient,
    diagonal_correction,
    printed_correction,
    resting_point,
)
from hnrc_lib.claims.s2_source import PROGRAM
from hnrc_lib.claims.s2_text import FORMULAS, STEPS, made_in_steps, symbols
from hnrc_lib.claims.subjects import (
    ReferenceClass,
    SpeechProblem,
    perceptron,
    seeded,
    settled,
    speech_features,
)

PARABOLA, UNITS = 2.0, (1e-2, 1e2)


def corrected_gradient() -> Numbers:
    """The printed sum and its diagonal variant, on a parabola and on small classifiers of spoken digits.

    Shape, and the entries' sum beside the penalty ‖H‖²_F and its gradient: a tanh perceptron. Fixed points:
    the parabola ½hθ² with h = 2, and a linear classifier with one minimum, from there twenty steps along the
    diagonal variant. Units: the angle that the variant turns by when the loss is multiplied by 10⁴.
    """
    features, labels = speech_features(num_frames=2)
    features = features[:, :4]  # few enough for third derivatives
    problem = SpeechProblem(perceptron(features.shape[1], 2), features, labels)
    operator = problem.operator()
    H, g = operator.to_dense(), operator.flatten(operator.gradient)
    theta = operator.flatten(problem.params())
    flat_loss = lambda x: problem.loss(operator.unflatten(x))  # noqa: E731 - the loss of a vector
    penalty = curvature_penalty_gradient(flat_loss, theta) - g
    square = H.diagonal() ** 2
    small, large = (diagonal_correction(c * g, c * H.diagonal()) for c in UNITS)
    curvature = torch.tensor([PARABOLA], dtype=torch.float64)
    rest = resting_point(
        lambda x: diagonal_correction(curvature * x, curvature), torch.ones_like(curvature),
        rate=0.25, num_steps=100,
    )  # fmt: skip
    return {
        "n": len(g),
        "printed_entries": printed_correction(g, H).numel(),
        "entries_sum": float((H * H).sum()),
        "penalty_value": float(torch.linalg.matrix_norm(H)) ** 2,
        "cosine_to_penalty": float(torch.cosine_similarity(square, penalty, dim=0)),
        "parabola": PARABOLA,
        "parabola_rest": float(rest),
        "turned_by_units": _angle(small, large),
        **_at_a_minimum(features, labels),
    }


def judge_corrected_gradient(numbers: Numbers) -> Verdict:
    """A vector, at rest where the gradient is, whose direction no unit turns."""
    rests = numbers["minimum_correction"] <= 1e-6 and abs(numbers["parabola_rest"]) <= 1e-6
    if not (rests and numbers["turned_by_units"] <= 1.0):
        return FAILS
    return (
        HOLDS if numbers["printed_entries"] == numbers["n"] else holds_if("only the diagonal of H is meant")
    )


def inverse_unused() -> Numbers:
    """What S2's steps make, what its formula reads, what its program calls; and a Hessian without inverse.

    The formula is evaluated on the Hessian of a tanh perceptron, which softmax makes singular: step 4 has no
    result there and the formula has all of its n² entries.
    """
    found, made = symbols(FORMULAS[1]), made_in_steps()
    calls = [
        ast.unparse(node.func) for node in ast.walk(ast.parse(PROGRAM.text)) if isinstance(node, ast.Call)
    ]
    features, labels = speech_features(num_frames=2)
    operator = SpeechProblem(perceptron(features.shape[1], 4), features, labels).operator()
    H, g = operator.to_dense(), operator.flatten(operator.gradient)
    corrected = printed_correction(g, H)
    return {
        "inverse_step": made["inverse"],
        "corrected_step": made["corrected gradient"],
        "steps_that_name_an_inverse": len(re.findall("逆", STEPS)),
        "inverses_in_formula": found["inverse"],
        "hessians_in_formula": found["Hessian"],
        "calls_in_program": len(calls),
        "inverses_in_program": sum("inv" in name.lower() or "solve" in name.lower() for name in calls),
        "n": len(g),
        "rank": int(torch.linalg.matrix_rank(H)),
        "finite_entries": int(torch.isfinite(corrected).sum()),
    }


def judge_inverse_unused(numbers: Numbers) -> Verdict:
    """Step 4 before step 5, and an inverse in the formula of step 5, or else in the program."""
    if not 0 < numbers["inverse_step"] < numbers["corrected_step"]:
        return FAILS
    if numbers["inverses_in_formula"] > 0:
        return HOLDS
    return holds_if("the program is meant, not the formula") if numbers["inverses_in_program"] > 0 else FAILS


def _at_a_minimum(features: Tensor, labels: Tensor) -> Numbers:
    """Norms of gradient and correction where L is least, and the loss after leaving along both."""
    model: nn.Module = seeded(ReferenceClass(features.shape[1]), 0)
    problem = SpeechProblem(model, features, labels)
    params = settled(problem, 100)
    operator = problem.operator(params)
    g, diagonal = operator.flatten(operator.gradient), operator.to_dense().diagonal()

    def slope(theta: Tensor) -> Tensor:
        here = problem.operator(operator.unflatten(theta))
        return diagonal_correction(here.flatten(here.gradient), here.to_dense().diagonal())

    end = resting_point(slope, operator.flatten(params), rate=2.0, num_steps=20)
    return {
        "minimum_gradient": float(torch.linalg.vector_norm(g)),
        "minimum_correction": float(torch.linalg.vector_norm(diagonal**2)),
        "minimum_loss": float(operator.value),
        "loss_after_correction": float(problem.loss(operator.unflatten(end))),
    }


def _angle(a: Tensor, b: Tensor) -> float:
    """Degrees between two vectors."""
    return float(torch.rad2deg(torch.arccos(torch.cosine_similarity(a, b, dim=0).clamp(-1, 1))))


CLAIMS = (
    Claim(
        id="2.4",
        source="S2",
        section="§3.3",
        quote=(
            "修正梯度计算的公式如下：\n\n$$\n"
            "\\nabla L' = \\nabla L + \\frac{\\partial^2 L}{\\partial \\theta^2} "
            "\\odot \\frac{\\partial^2 L}{\\partial \\theta^2}\n$$"
        ),
        translation=(
            "The formula for computing the corrected gradient is: ∇L′ = ∇L + ∂²L/∂θ² ⊙ ∂²L/∂θ², with ⊙ the "
            "element-wise product."
        ),
        predicate=(
            "Fails unless the formula's diagonal variant ∇L + diag(H)² is at rest where the gradient is (to "
            "10⁻⁶, on a parabola and at the minimum of a linear classifier of spoken digits) and turns by no "
            "more than a degree when the loss is multiplied by 10⁴. Then it holds if only the diagonal is "
            "meant; it holds when the printed sum has as many entries as the gradient."
        ),
        evidence=corrected_gradient,
        judge=judge_corrected_gradient,
        sentences={
            "holds": (
                "The sum had {printed_entries:.0f} entries for {n:.0f} parameters and was "
                "{minimum_correction:.1g} at a minimum."
            ),
            "holds if": (
                "The printed sum has {printed_entries:.0f} entries for {n:.0f} parameters. With the diagonal "
                "alone it was {minimum_correction:.1g} at a minimum and turned by {turned_by_units:.1g}° "
                "with the unit of the loss."
            ),
            "fails": (
                "The printed sum has {printed_entries:.0f} entries for {n:.0f} parameters. Its diagonal "
                "variant rests on ½·{parabola:g}θ² at θ = {parabola_rest:.3g}; at the minimum of a linear "
                "classifier of spoken digits, where the gradient was {minimum_gradient:.1g}, it was "
                "{minimum_correction:.2g} long, and twenty steps along it raised the loss from "
                "{minimum_loss:.3f} to {loss_after_correction:.3f}. Multiplying the loss by 10⁴ turned it by "
                "{turned_by_units:.0f}°. The entries of H ⊙ H sum to {entries_sum:.4g}, the value of "
                "‖H‖²_F ({penalty_value:.4g}); they are not the gradient of ½‖H‖²_F (cosine of diag(H)² to "
                "it {cosine_to_penalty:.2f})."
            ),
        },
        lead="Not a vector; sums to the value of a penalty, not its gradient; on ½hθ² it rests at −h.",
        revised=(
            "The features and the length of the approach to the minimum were changed after the first "
            "run; the verdict did not change."
        ),
    ),
    Claim(
        id="2.15",
        source="S2",
        section="§3.2, steps 4 and 5",
        quote="4. 对于每个参数，计算其Hessian矩阵的逆。\n5. 对于每个参数，计算其修正梯度。",
        translation=(
            "Step 4: for each parameter, compute the inverse of its Hessian matrix. Step 5: for each "
            "parameter, compute its corrected gradient."
        ),
        predicate=(
            "Holds iff the inverse is made in a step before that of the corrected gradient and the formula "
            "for it, parsed, reads an inverse. Where the formula reads none and the printed program calls "
            "one, it holds if the program is meant; otherwise fails."
        ),
        evidence=inverse_unused,
        judge=judge_inverse_unused,
        sentences={
            "holds": (
                "Step {inverse_step:.0f} makes the inverse and the formula of step {corrected_step:.0f} "
                "reads it {inverses_in_formula:.0f} times."
            ),
            "holds if": (
                "The formula reads {inverses_in_formula:.0f} inverses, the program calls "
                "{inverses_in_program:.0f}."
            ),
            "fails": (
                "Step {inverse_step:.0f} makes the inverse; the formula of step {corrected_step:.0f} reads "
                "the Hessian {hessians_in_formula:.0f} times and an inverse {inverses_in_formula:.0f} times, "
                "and of the {calls_in_program:.0f} calls in the printed program {inverses_in_program:.0f} "
                "invert anything. On a perceptron whose Hessian has rank {rank:.0f} of {n:.0f}, so that step "
                "{inverse_step:.0f} has no result, the formula still gave {finite_entries:.0f} finite "
                "numbers."
            ),
        },
        lead="Never used.",
    ),
)
