"""Claim 1.1: 次梯度, the word for a subgradient, as the name of the second-order Taylor method."""

import torch

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict

SLOPES = torch.linspace(-2, 2, 41, dtype=torch.float64)
PLACES = torch.linspace(-3, 3, 61, dtype=torch.float64)
NEAR, NEARER = 1e-3, 1e-4


def is_subgradient(slope: float) -> bool:
    """Whether f(y) ≥ f(0) + slope·y on a grid of y, for f(y) = |y|.

    >>> is_subgradient(0.5), is_subgradient(1.5)
    (True, False)
    """
    return bool((PLACES.abs() >= slope * PLACES - 1e-12).all())


def subgradient() -> Numbers:
    """What a subgradient knows and a Taylor model does not, and the other way round.

    |x| at 0, where slopes are tried and the second difference is taken at two distances; and two parabolas
    that agree at x = 1 in value and slope and differ in curvature.
    """

    def second_difference(distance: float) -> float:
        # Of a function with a second derivative this settles as the distance shrinks.
        return (abs(distance) + abs(-distance) - 2 * abs(0.0)) / distance**2

    found = [float(slope) for slope in SLOPES if is_subgradient(float(slope))]
    slopes, curvatures = zip(*(_derivatives(curvature) for curvature in (1.0, 10.0)), strict=True)
    return {
        "num_tried": len(SLOPES),
        "num_subgradients": len(found),
        "smallest_subgradient": min(found),
        "largest_subgradient": max(found),
        "curvature_growth": second_difference(NEARER) / second_difference(NEAR),
        "slope_difference": abs(slopes[0] - slopes[1]),
        "gentle_step": -slopes[0] / curvatures[0],
        "steep_step": -slopes[1] / curvatures[1],
    }


def judge_subgradient(numbers: Numbers) -> Verdict:
    """Fails where subgradients exist without a second derivative, or do not see it where there is one."""
    without = numbers["num_subgradients"] > 0 and numbers["curvature_growth"] > 5
    blind = numbers["slope_difference"] < 1e-9 and abs(numbers["gentle_step"] - numbers["steep_step"]) > 0.1
    return FAILS if without or blind else HOLDS


def _derivatives(curvature: float) -> tuple[float, float]:
    """f′(1) and f″(1) of f(x) = ½c(x − 1)² + x − 1."""
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    value = curvature * (x - 1) ** 2 / 2 + x - 1
    (slope,) = torch.autograd.grad(value, x, create_graph=True)
    (bend,) = torch.autograd.grad(slope, x)
    return float(slope.detach()), float(bend)


CLAIMS = (
    Claim(
        id="1.1",
        source="S1",
        section="§1",
        quote="本文将介绍一种名为“次梯度取值”（Second-order Taylor expansion）的优化方法",
        translation=(
            "This article introduces an optimisation method called “taking subgradients” (second-order "
            "Taylor expansion)."
        ),
        predicate=(
            "次梯度 is the word for a subgradient, a slope s with f(y) ≥ f(x) + s(y − x) for all y. The name "
            "fails if |x| has subgradients at 0 while its second difference grows more than fivefold when "
            "the distance is cut to a tenth, or if two functions have one subgradient at a point and Newton "
            "steps that differ by more than 0.1; otherwise it holds."
        ),
        evidence=subgradient,
        judge=judge_subgradient,
        sentences={
            "holds": (
                "The second difference of |x| settled ({curvature_growth:.1f}-fold at a tenth of the "
                "distance), and the subgradients of the two parabolas differed by {slope_difference:.1f}."
            ),
            "fails": (
                "At 0, |x| has subgradients, from {smallest_subgradient:.0f} to {largest_subgradient:.0f} "
                "({num_subgradients:.0f} of {num_tried:.0f} slopes tried), and no second-order model: its "
                "second difference grew {curvature_growth:.0f}-fold at a tenth of the distance. Two "
                "parabolas with the same subgradient at 1 had Newton steps of {gentle_step:.1f} and "
                "{steep_step:.1f}."
            ),
        },
        lead="The word means subgradient; it returns with L1.",
    ),
)
