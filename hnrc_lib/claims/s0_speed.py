"""Claim 0.18: what small and large curvature do to the steps of gradient descent."""

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, seeded, settled, speech_features
from hnrc_lib.curvature import flatten, unflatten


def curvature_and_speed() -> Numbers:
    """Gradient descent about the minimum of a convex speech classifier, begun along eigenvectors of H."""
    features, labels = speech_features(num_frames=1)
    problem = SpeechProblem(seeded(ReferenceClass(features.shape[1]), 0), features, labels)
    rested = _minimum(problem)
    values, vectors = torch.linalg.eigh(problem.operator(rested).to_dense())
    steepest, rate = float(values[-1]), 1.0 / float(values[-1])
    worst = 0.0
    for place in (0, len(values) // 2, len(values) - 1):
        measured = _contraction(problem, rested, vectors[:, place], rate, steps=1)
        worst = max(worst, abs(measured - abs(1 - rate * float(values[place]))))
    return {
        "smallest": float(values[0]),
        "largest": steepest,
        "largest_difference": worst,
        "flat_contraction": _contraction(problem, rested, vectors[:, 0], rate, steps=1),
        "below_after_40": _contraction(problem, rested, vectors[:, -1], 1.9 / steepest, steps=40),
        "above_after_40": _contraction(problem, rested, vectors[:, -1], 2.1 / steepest, steps=40),
    }


def judge_curvature_and_speed(numbers: Numbers) -> Verdict:
    """Contraction is |1 − ηh| within 0.01, slow where h is small; η h_max = 2 parts falling from growing."""
    as_stated = numbers["largest_difference"] <= 0.01 and numbers["flat_contraction"] >= 0.9
    return HOLDS if as_stated and numbers["below_after_40"] < 1 < numbers["above_after_40"] else FAILS


def _minimum(problem: SpeechProblem) -> dict[str, Tensor]:
    """L-BFGS, then three steps of Newton's, after which the gradient is zero to rounding."""
    params = settled(problem, num_iterations=60)
    for _ in range(3):
        operator = problem.operator(params)
        newton = torch.linalg.solve(operator.to_dense(), operator.flatten(operator.gradient))
        params = operator.unflatten(operator.flatten(params) - newton)
    return params


def _contraction(
    problem: SpeechProblem, rested: dict[str, Tensor], direction: Tensor, rate: float, *, steps: int
) -> float:
    """Distance from the minimum after some steps over that before, begun 10⁻³ away along a direction."""
    slope = torch.func.grad(problem.loss)
    centre, start = flatten(rested), 1e-3
    theta = centre + start * direction
    for _ in range(steps):
        theta = theta - rate * flatten(slope(unflatten(theta, rested)))
    return float((theta - centre).norm() / start)


CLAIMS = (
    Claim(
        id="0.18",
        source="S0",
        section="§2",
        quote="二阶导数逐渐趋近于零，导致梯度下降算法的收敛速度很慢。",
        translation="Second derivatives that tend to zero make gradient descent converge slowly.",
        predicate=(
            "About the minimum of a convex speech classifier: holds iff a step of gradient descent shrinks "
            "the distance along eigenvectors of H by |1 − ηh| within 0.01, by less than a tenth along the "
            "flattest, and forty steps along the steepest shrink it at ηh = 1.9 and stretch it at 2.1; "
            "otherwise fails."
        ),
        evidence=curvature_and_speed,
        judge=judge_curvature_and_speed,
        sentences={
            "holds": (
                "H has eigenvalues from {smallest:.1e} to {largest:.2g}. With η = 1/{largest:.2g} a step "
                "leaves {flat_contraction:.3f} of the distance along the flattest; three eigenvectors "
                "agree with |1 − ηh| within {largest_difference:.0e}. Forty steps at ηh = 1.9 leave "
                "{below_after_40:.3f}, at 2.1 {above_after_40:.1f} of it. The statement is right; "
                "vanishing gradients, the name it has in the source, are something else (claim 0.2)."
            ),
            "fails": (
                "Contractions differ from |1 − ηh| by up to {largest_difference:.2g}; forty steps at ηh = "
                "1.9 leave {below_after_40:.3f} and at 2.1 {above_after_40:.3f} of the distance."
            ),
        },
        lead="Holds, misnamed.",
    ),
)
