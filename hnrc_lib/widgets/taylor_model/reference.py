"""The Taylor model explorer's mathematics in NumPy; its ES modules are tested against these functions."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float

FUNCTIONS = ("well", "saddle", "cliff", "kink")
WINDOW = (-3.0, 3.0)
HEIGHTS = {"well": (-0.7, 2.9), "saddle": (-0.8, 4.0), "cliff": (-0.4, 5.0), "kink": (-0.5, 4.2)}
LEAST_RADIUS, GREATEST_RADIUS = 0.01, 3.0
POOR, GOOD, ACCEPTANCE = 0.25, 0.75, 0.15
SETTLED = 1e-12
STEEPNESS = 6.0
_SAMPLES, _HALVINGS = 400, 60

Values = Float[np.ndarray, "*grid"]


@dataclass(frozen=True)
class Evaluation:
    """Value, first and second derivative, each with the shape of the points."""

    value: Any
    slope: Any
    curvature: Any


@dataclass(frozen=True)
class Inspection:
    """What the page shows of a state.

    Args:
        here: the function at the point.
        step: s, the minimiser of the second-order model over |s| ≤ r.
        damping: λ ≥ 0 with (h + λ)s = −g.
        boundary: whether |s| = r.
        predicted: the fall that the model promises.
        actual: the fall of the function.
        ratio: actual over predicted; None where nothing is promised.
        verdict: ``shrink``, ``keep``, ``grow`` or ``settled``.
        next: the radius of the next step.
        accepted: whether the step is taken.
    """

    here: Evaluation
    step: float
    damping: float
    boundary: bool
    predicted: float
    actual: float
    ratio: float | None
    verdict: str
    next: float
    accepted: bool


def evaluate(function: str, point: float | Values) -> Evaluation:
    """One of the four functions with its derivatives.

    With u = x − 1, well 2(1 − exp(−u²/2)) + u²/40; with u = (x + 1)/1.5, saddle u⁴/4 − u³/2 + ½;
    cliff 0.15(x − 2.5)² + 3σ(6(x − 1)); kink ½exp(−x/2) + 1.2 max(0, x), whose derivative at 0 is that of
    the exponential alone, as automatic differentiation has it.

    Args:
        function: a name from ``FUNCTIONS``.
        point: x, one or many.

    Raises:
        ValueError: no such function.

    >>> evaluate("well", 1.0).curvature
    np.float64(2.05)
    """
    if function not in FUNCTIONS:
        raise ValueError(f"function must be one of {', '.join(FUNCTIONS)}, got {function!r}")
    return _FORMULAS[function](np.asarray(point, dtype=float))


def _well(x: np.ndarray) -> Evaluation:
    u = x - 1
    bell = np.exp(-(u**2) / 2)
    value = -2 * np.expm1(-(u**2) / 2) + u**2 / 40
    return Evaluation(value, 2 * u * bell + u / 20, 2 * (1 - u**2) * bell + 1 / 20)


def _saddle(x: np.ndarray) -> Evaluation:
    u = (x + 1) / 1.5
    return Evaluation(u**4 / 4 - u**3 / 2 + 0.5, (u**3 - 1.5 * u**2) / 1.5, (3 * u**2 - 3 * u) / 2.25)


def _cliff(x: np.ndarray) -> Evaluation:
    up, down = (1 / (1 + np.exp(-sign * STEEPNESS * (x - 1))) for sign in (1, -1))
    return Evaluation(
        0.15 * (x - 2.5) ** 2 + 3 * up,
        0.3 * (x - 2.5) + 3 * STEEPNESS * up * down,
        0.3 + 3 * STEEPNESS**2 * up * down * (down - up),
    )


def _kink(x: np.ndarray) -> Evaluation:
    smooth = np.exp(-x / 2) / 2
    return Evaluation(smooth + 1.2 * np.maximum(0, x), -smooth / 2 + 1.2 * (x > 0), smooth / 4)


_FORMULAS: dict[str, Callable[[np.ndarray], Evaluation]] = {
    "well": _well,
    "saddle": _saddle,
    "cliff": _cliff,
    "kink": _kink,
}


def first_order(here: Evaluation, step: float | Values) -> Any:
    """f + gΔ."""
    return here.value + here.slope * step


def second_order(here: Evaluation, step: float | Values) -> Any:
    """f + gΔ + ½hΔ²."""
    return here.value + here.slope * step + 0.5 * here.curvature * np.square(step)


def trust_step(here: Evaluation, radius: float) -> tuple[float, float, bool]:
    """The minimiser s of gs + ½hs² over |s| ≤ r, the λ ≥ 0 with (h + λ)s = −g, and whether |s| = r.

    Where g = 0 and h < 0 both ends are as good, and s = r.

    Args:
        here: g and h.
        radius: r > 0.

    >>> trust_step(Evaluation(0.0, 1.0, -1.0), 0.5)
    (-0.5, 3.0, True)

    Jorge J. Moré and Danny C. Sorensen, Computing a trust region step (1983).
    """
    slope, curvature = float(here.slope), float(here.curvature)
    if curvature > 0 and abs(slope) <= curvature * radius:
        return 0.0 - slope / curvature, 0.0, False
    if slope == 0 and curvature == 0:
        return 0.0, 0.0, False
    return -radius if slope > 0 else radius, abs(slope) / radius - curvature, True


def gain_ratio(function: str, point: float, step: float) -> tuple[float, float, float | None]:
    """Predicted fall, actual fall, and actual over predicted; None where nothing is promised."""
    here = evaluate(function, point)
    predicted = -float(here.slope * step + 0.5 * here.curvature * step**2)
    actual = float(here.value - evaluate(function, point + step).value)
    return predicted, actual, actual / predicted if predicted > SETTLED else None


def next_radius(radius: float, ratio: float | None, boundary: bool) -> tuple[str, float]:
    """What the rule does with the radius: ρ < ¼: r ← r/4; ρ > ¾ and |s| = r: r ← 2r; within the bounds.

    Jorge Nocedal and Stephen J. Wright, Numerical optimization (2006), algorithm 4.1.
    """
    if ratio is None:
        return "settled", radius
    if ratio < POOR:
        return "shrink", max(radius / 4, LEAST_RADIUS)
    if ratio > GOOD and boundary:
        return "grow", min(2 * radius, GREATEST_RADIUS)
    return "keep", radius


def inspect(state: dict[str, Any]) -> Inspection:
    """Everything that the views show.

    Args:
        state: the widget's traits by name.
    """
    function, point, radius = state["function"], state["point"], state["radius"]
    here = evaluate(function, point)
    step, damping, boundary = trust_step(here, radius)
    predicted, actual, ratio = gain_ratio(function, point, step)
    verdict, following = next_radius(radius, ratio, boundary)
    accepted = ratio is not None and ratio > ACCEPTANCE
    return Inspection(here, step, damping, boundary, predicted, actual, ratio, verdict, following, accepted)


def model_errors(function: str, point: float, sizes: float | Values) -> Float[np.ndarray, "2 *grid"]:
    """The larger error at x ± |Δ| of the first-order model, and of the second-order one.

    Args:
        function: a name from ``FUNCTIONS``.
        point: x.
        sizes: |Δ|, one or many.
    """
    here, sizes = evaluate(function, point), np.asarray(sizes, dtype=float)
    return np.stack(
        [
            np.max(
                [abs(evaluate(function, point + s).value - model(here, s)) for s in (-sizes, sizes)], axis=0
            )
            for model in (first_order, second_order)
        ]
    )


def error_slopes(function: str, point: float) -> Float[np.ndarray, "2"]:
    """The slopes of both errors on log–log axes between the least |Δ| and its double.

    >>> error_slopes("kink", 0.0).round(2)
    array([1., 1.])
    """
    near, far = model_errors(function, point, np.array([LEAST_RADIUS, 2 * LEAST_RADIUS])).T
    return np.log2(far / near)


def trust_end(function: str, point: float) -> float | None:
    """The largest radius up to which every step keeps ρ ≥ ¼; None where even the least radius fails.

    Beyond the Newton step the radius no longer binds; the search ends there or at the greatest radius.
    """
    here = evaluate(function, point)
    slope, curvature = float(here.slope), float(here.curvature)
    direction = -1.0 if slope > 0 else 1.0

    def trusted(radii: float | Values) -> Any:
        steps = direction * np.asarray(radii)  # up to the Newton step, every step is as long as the radius
        predicted = -(slope * steps + 0.5 * curvature * steps**2)
        actual = here.value - evaluate(function, point + steps).value
        return (predicted > SETTLED) & (actual >= POOR * predicted)

    newton = abs(slope) / curvature if curvature > 0 else math.inf
    last = min(newton, GREATEST_RADIUS)
    if last < LEAST_RADIUS or not trusted(LEAST_RADIUS):
        return None
    radii = np.linspace(LEAST_RADIUS, last, _SAMPLES + 1)
    failed = np.flatnonzero(~trusted(radii))
    if len(failed) == 0:
        return last
    return _bisect(trusted, float(radii[failed[0] - 1]), float(radii[failed[0]]))


def _bisect(trusted: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if trusted(middle) else (low, middle)
    return low
