"""The damping explorer's mathematics in NumPy; its ES modules are tested against these functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float

Vector = Float[np.ndarray, "2"]
Matrix = Float[np.ndarray, "2 2"]

SURFACES = ("quadratic", "saddle", "rosenbrock")
METHODS = ("gradient_descent", "newton", "damped_newton", "rank_one", "levenberg_marquardt")
WINDOW = ((-2.2, 2.2), (-1.2, 3.2))
CENTRE = np.array([0.0, 1.0])
ANGLE = np.pi / 6
ACROSS, ALONG, HALF_DISTANCE = 4.0, 2.0, 1.5
STEEPNESS = 100.0
CONVERGED = 1e-8
ESCAPED = 1e6
SINGULAR = 1e-13
SMALLEST_DAMPING = 1e-6
FACTOR = 4.0

_TURN = np.array([[np.cos(ANGLE), np.sin(ANGLE)], [-np.sin(ANGLE), np.cos(ANGLE)]])


@dataclass(frozen=True)
class Evaluation:
    """Loss (…), gradient (…, 2) and Hessian (…, 2, 2)."""

    loss: float | np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray


@dataclass(frozen=True)
class Run:
    """A descent: points (K+1, 2), losses (K+1,), the λ of each step (K+1,), why and at which step it ended.

    ``outcome`` is one of ``ran converged saddle diverged singular undamped rank_one_indefinite``.
    """

    points: np.ndarray
    losses: np.ndarray
    dampings: np.ndarray
    outcome: str
    step: int


class NoStepError(ArithmeticError):
    """The method has no step here; the message is the outcome's name."""


def evaluate(
    surface: str, point: Sequence[float] | Float[np.ndarray, "*grid 2"], condition_number: float = 1.0
) -> Evaluation:
    """Loss, gradient and Hessian of one of the three surfaces, at a point or at a grid of points.

    With (u, v) the coordinates from (0, 1) turned by 30°: quadratic ½(κu² + v²); saddle
    ½·4u² + 2(v² − s²)²/4s² with s = 1.5; Rosenbrock (1 − x)² + 100(y − x²)².

    Args:
        surface: a name from ``SURFACES``.
        point: (x, y), or an array whose last axis is (x, y).
        condition_number: κ ≥ 1, of the quadratic alone.

    Returns:
        The evaluation; its arrays begin with the axes of the grid.

    Raises:
        ValueError: no such surface.

    >>> float(evaluate("rosenbrock", [1.0, 1.0]).loss)
    0.0
    """
    where = np.asarray(point, dtype=float)
    if surface == "rosenbrock":
        return _rosenbrock(where[..., 0], where[..., 1])
    u, v = np.moveaxis((where - CENTRE) @ _TURN.T, -1, 0)
    flat = np.ones_like(v)
    if surface == "quadratic":
        loss = 0.5 * (condition_number * u**2 + v**2)
        slopes, curvatures = (condition_number * u, v), (condition_number * flat, flat)
    elif surface == "saddle":
        square = HALF_DISTANCE**2
        loss = 0.5 * ACROSS * u**2 + ALONG * (v**2 - square) ** 2 / (4 * square)
        slopes = (ACROSS * u, ALONG * v * (v**2 - square) / square)
        curvatures = (ACROSS * flat, ALONG * (3 * v**2 - square) / square)
    else:
        raise ValueError(f"surface must be one of {', '.join(SURFACES)}, got {surface!r}")
    return Evaluation(
        loss, np.stack(slopes, -1) @ _TURN, _TURN.T @ (np.stack(curvatures, -1)[..., None] * _TURN)
    )


def _rosenbrock(x: np.ndarray, y: np.ndarray) -> Evaluation:
    above = y - x**2
    gradient = np.stack([-2 * (1 - x) - 4 * STEEPNESS * x * above, 2 * STEEPNESS * above], -1)
    corner = 2 - 4 * STEEPNESS * above + 8 * STEEPNESS * x**2
    side = -4 * STEEPNESS * x
    rows = [np.stack([corner, side], -1), np.stack([side, 2 * STEEPNESS * np.ones_like(x)], -1)]
    return Evaluation((1 - x) ** 2 + STEEPNESS * above**2, gradient, np.stack(rows, -2))


def minimisers(surface: str) -> Float[np.ndarray, "minima 2"]:
    """Every minimiser of a surface, one a row; all have loss 0."""
    if surface == "rosenbrock":
        return np.array([[1.0, 1.0]])
    if surface == "quadratic":
        return CENTRE[None]
    return CENTRE + np.outer([HALF_DISTANCE, -HALF_DISTANCE], _TURN[1])


def distance_to_minimum(surface: str, point: Sequence[float] | Vector) -> float:
    """‖θ − θ*‖ to the nearest minimiser θ*."""
    return float(np.linalg.norm(minimisers(surface) - np.asarray(point, dtype=float), axis=1).min())


def damped_direction(hessian: Matrix, gradient: Vector, damping: float) -> Vector:
    """(H + λI)⁻¹ g.

    Raises:
        NoStepError: H + λI is singular to working precision.
    """
    shifted = hessian + damping * np.eye(2)
    if abs(np.linalg.det(shifted)) <= SINGULAR * np.linalg.norm(shifted) ** 2:
        raise NoStepError("singular")
    return np.linalg.solve(shifted, gradient)


def rank_one_direction(hessian: Matrix, gradient: Vector, damping: float) -> Vector:
    """(λI + H₁)⁻¹ g with H₁ = uuᵀ/gᵀu and u = Hg: the curvature along the gradient alone.

    Raises:
        NoStepError: λ = 0, gᵀHg = 0 ≠ Hg, or λI + H₁ is not positive definite
            (gᵀHg < 0 and ‖Hg‖² ≥ λ|gᵀHg|).
    """
    if damping == 0:
        raise NoStepError("undamped")
    image = hessian @ gradient
    if not image.any():
        return gradient / damping
    curvature = gradient @ image
    if curvature == 0 or (curvature < 0 and image @ image >= damping * -curvature):
        raise NoStepError("rank_one_indefinite")
    return np.linalg.solve(damping * np.eye(2) + np.outer(image, image) / curvature, gradient)


def gain_ratio(surface: str, point: Vector, condition_number: float, move: Vector) -> float:
    """(f(θ) − f(θ + s)) / (m(0) − m(s)): the fall of the loss over the fall of the quadratic model."""
    here = evaluate(surface, point, condition_number)
    there = evaluate(surface, point + move, condition_number)
    promised = -(here.gradient @ move + 0.5 * move @ here.hessian @ move)
    return float((here.loss - there.loss) / promised)


def _adaptive_step(
    surface: str, point: Vector, condition_number: float, damping: float
) -> tuple[Vector, float]:
    """Levenberg–Marquardt: the move (zero when rejected) and the next λ."""
    here = evaluate(surface, point, condition_number)
    raised = damping * FACTOR
    rejected = np.zeros(2), raised
    if np.linalg.eigvalsh(here.hessian)[0] + damping <= 0:
        return rejected
    move = -damped_direction(here.hessian, here.gradient, damping)
    ratio = gain_ratio(surface, point, condition_number, move)
    if not ratio > 0:
        return rejected
    if ratio < 0.25:
        return move, raised
    return move, max(damping / FACTOR, SMALLEST_DAMPING) if ratio > 0.75 else damping


def propose(state: dict[str, Any], point: Sequence[float] | Vector, damping: float) -> tuple[Vector, float]:
    """What the method does at a point: its move and the λ of the next step.

    Args:
        state: ``surface method condition_number learning_rate``, as the widget's traits.
        point: θ_k.
        damping: λ of this step.

    Raises:
        NoStepError: there is no step; its message is the outcome.
    """
    where = np.asarray(point, dtype=float)
    here = evaluate(state["surface"], where, state["condition_number"])
    method = state["method"]
    if method == "levenberg_marquardt":
        return _adaptive_step(state["surface"], where, state["condition_number"], damping)
    if method == "gradient_descent":
        direction = here.gradient
    elif method == "rank_one":
        direction = rank_one_direction(here.hessian, here.gradient, damping)
    else:
        direction = damped_direction(here.hessian, here.gradient, 0.0 if method == "newton" else damping)
    return -state["learning_rate"] * direction, damping


def start_damping(state: dict[str, Any]) -> float:
    """λ of the first step: none for gradient descent and Newton's method."""
    if state["method"] == "levenberg_marquardt":
        return max(state["damping"], SMALLEST_DAMPING)
    return 0.0 if state["method"] in ("newton", "gradient_descent") else state["damping"]


def descend(state: dict[str, Any]) -> Run:
    """Follow a method from ``state["start"]`` for ``state["steps"]`` steps or until it ends.

    Args:
        state: the widget's traits by name.

    Returns:
        The run; every number in it is finite.
    """
    surface, condition_number = state["surface"], state["condition_number"]
    points, dampings = [np.asarray(state["start"], dtype=float)], [start_damping(state)]
    here = evaluate(surface, points[0], condition_number)
    losses, ended = [here.loss], None
    while ended is None:
        if np.linalg.norm(here.gradient) <= CONVERGED:
            ended = "saddle" if np.linalg.eigvalsh(here.hessian)[0] < 0 else "converged"
        elif len(points) > state["steps"]:
            ended = "ran"
        else:
            try:
                move, damping = propose(state, points[-1], dampings[-1])
            except NoStepError as reason:
                ended = str(reason)
                continue
            point = points[-1] + move
            if not distance_to_minimum(surface, point) <= ESCAPED:
                ended = "diverged"
                continue
            here = evaluate(surface, point, condition_number)
            points.append(point)
            losses.append(here.loss)
            dampings.append(damping)
    step = len(points) - (ended != "diverged")
    return Run(np.array(points), np.array(losses), np.array(dampings, dtype=float), ended, step)
