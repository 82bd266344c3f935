"""The weight decay explorer's mathematics in NumPy; its ES modules are tested against these functions."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float

PENALTIES = ("l1", "l2", "decoupled")
STEPS = ("gradient", "newton")
OPTIMA = ((-1.5, 1.5), (-1.5, 1.5))
LARGEST_STRENGTH, LARGEST_RATIO = 2.5, 9.0
NUM_STEPS = 100
ROUNDING = 1e-12
FIRST: dict[str, Any] = {
    "penalty": "l1",
    "steps": "gradient",
    "optimum": [1.3, 0.5],
    "strength": 0.75,
    "learning_rate": 0.3,
    "ratio": 4.0,
    "angle": -40.0,
}
_METHODS = {"l1": ("subgradient", "proximal"), "l2": ("l2",), "decoupled": ("decoupled",)}
# the sparser first: where rounding cannot tell two patterns apart, a coordinate counts as 0
_PATTERNS = sorted(itertools.product((-1.0, 0.0, 1.0), repeat=2), key=lambda s: abs(s[0]) + abs(s[1]))

Vector = Float[np.ndarray, "2"]
Matrix = Float[np.ndarray, "2 2"]


@dataclass(frozen=True)
class Run:
    """Steps of one method from the loss's own minimum θ*.

    Attributes:
        points: θ₀ … θ_K, shape (K + 1, 2).
        zero_since: for each coordinate the step from which it is exactly 0, or None.
        crossings: for each coordinate how often its sign changed from a step to the next.
        rest: where the steps come to rest if they do: the fixed point, shape (2,).
    """

    points: np.ndarray
    zero_since: tuple[int | None, int | None]
    crossings: tuple[int, int]
    rest: np.ndarray


def hessian(state: dict[str, Any]) -> Matrix:
    """H of the loss ½(θ − θ*)ᵀH(θ − θ*): 1/ratio along the flat direction, 1 across it.

    Args:
        state: ``ratio angle``, as the widget's traits; the angle is the flat direction's, in degrees.

    >>> hessian({"ratio": 4.0, "angle": 0.0})
    array([[0.25, 0.  ],
           [0.  , 1.  ]])
    """
    angle = np.deg2rad(state["angle"])
    flat, steep = (np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)]))
    return np.outer(flat, flat) / state["ratio"] + np.outer(steep, steep)


def l1_minimiser(matrix: Matrix, optimum: Vector, strength: float) -> Vector:
    """The minimiser of ½(θ − θ*)ᵀH(θ − θ*) + λ(|θ₁| + |θ₂|), by cases.

    For each of the nine patterns of signs the coordinates with a sign solve their linear equations; the
    pattern is right when those signs come out and every other coordinate i has |∂L/∂θᵢ| ≤ λ.

    Args:
        matrix: H, positive definite.
        optimum: θ*.
        strength: λ ≥ 0.

    >>> l1_minimiser(np.eye(2), np.array([2.0, -0.5]), 1.0)
    array([1., 0.])

    Robert Tibshirani, Regression shrinkage and selection via the lasso (1996).
    """
    pull = matrix @ optimum
    allowed = ROUNDING * (np.abs(pull).max() + strength)
    found = [_on_pattern(matrix, pull, strength, np.array(signs)) for signs in _PATTERNS]
    good = [theta for theta, violation in found if violation <= allowed]
    return good[0] if good else min(found, key=lambda pair: pair[1])[0]


def _on_pattern(
    matrix: np.ndarray, pull: np.ndarray, strength: float, signs: np.ndarray
) -> tuple[np.ndarray, float]:
    """The stationary point with these signs, and by how much it violates the conditions of a minimum."""
    theta, active = np.zeros(2), signs != 0
    if active.any():
        right = (pull - strength * signs)[active]
        theta[active] = np.linalg.solve(matrix[np.ix_(active, active)], right)
    slope = np.abs(pull - matrix @ theta) - strength
    wrong_side = -signs * theta * matrix.diagonal()
    return theta, float(np.where(active, wrong_side, slope).max(initial=0.0))


def soft_threshold(values: Vector, threshold: float) -> Vector:
    """Each entry shortened by the threshold, to 0 at most."""
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0.0)


def minimiser(state: dict[str, Any], strength: float | None = None) -> Vector:
    """Where the decay puts the minimum.

    L1 and L2 have a minimiser whatever the steps. Decoupled decay has what its steps make of it: beside
    gradient steps L2's minimiser, beside Newton's steps θ*/(1 + λ), as if θᵀHθ were the penalty.

    Args:
        state: the widget's traits by name.
        strength: λ, instead of the state's.
    """
    matrix, optimum = hessian(state), np.asarray(state["optimum"], dtype=float)
    used = float(state["strength"] if strength is None else strength)
    if state["penalty"] == "l1":
        return l1_minimiser(matrix, optimum, used)
    if state["penalty"] == "decoupled" and state["steps"] == "newton":
        return optimum / (1 + used)
    return np.linalg.solve(matrix + used * np.eye(2), matrix @ optimum)


def constraint(state: dict[str, Any]) -> tuple[str, float]:
    """The region over which the bare loss has the same minimiser: its kind and its radius.

    ``diamond``: |θ₁| + |θ₂| ≤ r; ``ball``: ‖θ‖ ≤ r; ``ellipse``: √(θᵀHθ) ≤ r.
    """
    theta = minimiser(state)
    if state["penalty"] == "l1":
        return "diamond", float(np.abs(theta).sum())
    if state["penalty"] == "decoupled" and state["steps"] == "newton":
        return "ellipse", float(np.sqrt(theta @ hessian(state) @ theta))
    return "ball", float(np.hypot(*theta))


def eigenvalues(state: dict[str, Any]) -> tuple[Vector, Vector]:
    """h of the loss, and of what is minimised: L2 adds λ to each, L1 and decoupled decay nothing."""
    bare = np.array([1.0, 1 / state["ratio"]])
    return bare, bare + (state["strength"] if state["penalty"] == "l2" else 0.0)


def breakpoints(state: dict[str, Any]) -> list[float]:
    """Every λ > 0 at which L1's path may bend: between two of them it is straight.

    A coordinate can leave 0 or reach it only where a pattern's conditions hold with equality.
    """
    matrix, optimum = hessian(state), np.asarray(state["optimum"], dtype=float)
    pull, inverse = matrix @ optimum, np.linalg.inv(matrix)
    found = [abs(x) for x in pull]
    with np.errstate(divide="ignore", invalid="ignore"):
        for signs in ((1.0, 1.0), (1.0, -1.0)):
            found += list(np.abs(optimum / (inverse @ signs)))
        for i in (0, 1):
            share = matrix[0, 1] / matrix[i, i]  # how much of θᵢ's pull reaches the other coordinate
            rest = pull[1 - i] - share * pull[i]
            found += list(np.abs(rest / (np.array([1.0, -1.0]) - share)))
    return sorted({float(x) for x in found if np.isfinite(x) and ROUNDING < x <= LARGEST_STRENGTH})


def zero_strengths(state: dict[str, Any]) -> list[float]:
    """Every λ > 0 at which one more coordinate of L1's minimiser becomes exactly 0, in order."""
    matrix, optimum = hessian(state), np.asarray(state["optimum"], dtype=float)
    bends = breakpoints(state)
    counts = [int((l1_minimiser(matrix, optimum, strength) == 0).sum()) for strength in [0.0, *bends]]
    grows = [after > before for before, after in itertools.pairwise(counts)]
    return list(itertools.compress(bends, grows))


def methods(state: dict[str, Any]) -> tuple[str, ...]:
    """The methods whose steps are shown: two for L1, one otherwise."""
    return _METHODS[state["penalty"]]


def take_step(method: str, theta: Vector, state: dict[str, Any]) -> Vector:
    """One step of a method, from θ.

        subgradient  θ − ηM(g + λ sign θ)        proximal   S(θ − ηMg, ηλ)
        l2           θ − ηM(g + λθ)              decoupled  θ − ηMg − ηλθ

    with g = H(θ − θ*); M is I for gradient steps, and for Newton's the inverse of the Hessian of what is
    minimised: (H + λI)⁻¹ for L2, H⁻¹ for the others.

    Args:
        method: one of the four names.
        theta: θ.
        state: the widget's traits by name.
    """
    matrix, strength, rate = hessian(state), state["strength"], state["learning_rate"]
    gradient = matrix @ (theta - np.asarray(state["optimum"], dtype=float))
    if method == "subgradient":
        gradient = gradient + strength * np.sign(theta)
    if method == "l2":
        gradient, matrix = gradient + strength * theta, matrix + strength * np.eye(2)
    if state["steps"] == "newton":
        gradient = np.linalg.solve(matrix, gradient)
    moved = theta - rate * gradient
    if method == "proximal":
        return soft_threshold(moved, rate * strength)
    return moved - rate * strength * theta if method == "decoupled" else moved


def run(method: str, state: dict[str, Any]) -> Run:
    """``NUM_STEPS`` steps from θ*, where the decay is switched on.

    >>> run("proximal", FIRST).zero_since
    (None, 4)
    """
    points = [np.asarray(state["optimum"], dtype=float)]
    for _ in range(NUM_STEPS):
        points.append(take_step(method, points[-1], state))
    path = np.array(points)
    signs = np.sign(path)
    crossings = (signs[1:] * signs[:-1] < 0).sum(axis=0)
    since = [_zero_since(path[:, i]) for i in (0, 1)]
    rest = minimiser(state)
    if method == "proximal" and state["steps"] == "newton":  # the threshold is not in Newton's metric
        rest = soft_threshold(points[0], state["strength"])
    return Run(path, (since[0], since[1]), (int(crossings[0]), int(crossings[1])), rest)


def _zero_since(values: np.ndarray) -> int | None:
    """The first index from which all values are exactly 0."""
    nonzero = np.flatnonzero(values)
    first = int(nonzero[-1]) + 1 if len(nonzero) else 0
    return first if first < len(values) else None


def growth(state: dict[str, Any]) -> float:
    """The factor by which a step lengthens the longest distance to rest, at worst; above 1 it diverges.

    That of the smooth part alone where the penalty is L1.
    """
    rate, strength = state["learning_rate"], state["strength"]
    decayed = 0.0 if state["penalty"] == "l1" else strength
    if state["steps"] == "gradient":
        return float(np.abs(1 - rate * (eigenvalues(state)[0] + decayed)).max())
    return abs(1 - rate * (1 + (decayed if state["penalty"] == "decoupled" else 0.0)))
