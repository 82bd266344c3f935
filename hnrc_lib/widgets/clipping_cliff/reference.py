"""The clipping cliff's mathematics in NumPy; its ES modules are tested against these functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float

Vector = Float[np.ndarray, "2"]

RULES = ("none", "value", "norm", "rank_one", "root")
WINDOW = ((2.0, 7.0), (-4.4, 0.6))
UNROLLED = 50
FIRST = 0.5
TARGET = 0.7
THROWN = 1.0
_HALVINGS = 9
_LOWEST = -700.0  # of x, so that exp(−x) stays finite where a path has left the window


@dataclass(frozen=True)
class Evaluation:
    """Loss (…), gradient (…, 2)."""

    loss: float | np.ndarray
    gradient: np.ndarray


@dataclass(frozen=True)
class Run:
    """A descent of K steps: points (K+1, 2), losses (K+1,), gradients (K, 2) and moves (K, 2).

    ``thrown`` is the first step longer than ``THROWN``, counted from 1, or 0; ``left`` tells whether the last
    point lies outside the window, where the run ends.
    """

    points: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray
    moves: np.ndarray
    thrown: int
    left: bool

    @property
    def lengths(self) -> np.ndarray:
        """The length of each step (K,)."""
        return np.linalg.norm(self.moves, axis=1)

    @property
    def steepest(self) -> int:
        """The step with the largest gradient, counted from 1."""
        return int(np.linalg.norm(self.gradients, axis=1).argmax()) + 1


def output(point: Sequence[float] | Float[np.ndarray, "*grid 2"]) -> np.ndarray:
    """σ(x_T) of the net x_t = wσ(x_{t−1}) + b, at a point (w, b) or at a grid of points."""
    weight, bias = np.moveaxis(np.asarray(point, dtype=float), -1, 0)
    x = np.full(weight.shape, FIRST)
    for _ in range(UNROLLED):
        x = weight / (1 + np.exp(-np.maximum(x, _LOWEST))) + bias
    return np.asarray(1 / (1 + np.exp(-np.maximum(x, _LOWEST))))


def evaluate(point: Sequence[float] | Float[np.ndarray, "*grid 2"]) -> Evaluation:
    """Loss (σ(x_T) − 0.7)² and its exact gradient, of a one-unit recurrent net unrolled T = 50 steps.

    With x_0 = 0.5, x_t = wσ(x_{t−1}) + b and k_t = wσ′(x_{t−1}), the derivatives run along:
    ∂x_t/∂w = σ(x_{t−1}) + k_t ∂x_{t−1}/∂w and ∂x_t/∂b = 1 + k_t ∂x_{t−1}/∂b.
    Where k_t > 1 for many t, they explode: the cliff of Pascanu, Mikolov and Bengio (2013).

    Args:
        point: (w, b), or an array whose last axis is (w, b).

    Returns:
        The evaluation; its arrays begin with the axes of the grid.

    >>> here = evaluate([5.0, -1.0])
    >>> float(here.loss).__round__(4), here.gradient.round(4)
    (0.0785, array([0.0118, 0.0121]))
    """
    weight, bias = np.moveaxis(np.asarray(point, dtype=float), -1, 0)
    x = np.full(weight.shape, FIRST)
    by_weight = np.zeros(weight.shape)
    by_bias = np.zeros(weight.shape)
    for _ in range(UNROLLED):
        active = 1 / (1 + np.exp(-np.maximum(x, _LOWEST)))
        slope = weight * active * (1 - active)
        by_weight = active + slope * by_weight
        by_bias = 1 + slope * by_bias
        x = weight * active + bias
    active = 1 / (1 + np.exp(-np.maximum(x, _LOWEST)))
    factor = 2 * (active - TARGET) * active * (1 - active)
    return Evaluation((active - TARGET) ** 2, np.stack([factor * by_weight, factor * by_bias], -1))


def clipped(state: dict[str, Any], gradient: Vector) -> Vector:
    """What a rule makes of a gradient g, before the learning rate.

    none: g; value: each component clipped to [−c, c]; norm: g·min(1, c/‖g‖); rank one:
    (λI + ggᵀ)⁻¹g = g/(λ + ‖g‖²); root: (λI + ggᵀ)^(−½) g = g/√(λ + ‖g‖²).

    Args:
        state: ``rule threshold damping``, as the widget's traits.
        gradient: g.

    Raises:
        ValueError: no such rule.

    >>> clipped({"rule": "norm", "threshold": 1.0, "damping": 1.0}, np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    rule, threshold, damping = state["rule"], state["threshold"], state["damping"]
    square = float(gradient @ gradient)
    if rule == "none":
        return gradient
    if rule == "value":
        return np.clip(gradient, -threshold, threshold)
    if rule == "norm":
        norm = np.sqrt(square)
        return gradient if norm <= threshold else gradient * (threshold / norm)
    if rule == "rank_one":
        return gradient / (damping + square)
    if rule == "root":
        return gradient / np.sqrt(damping + square)
    raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}")


def angle(first: Vector, second: Vector) -> float:
    """The angle between two vectors in degrees; undefined (NaN) where one is zero.

    >>> angle(np.array([1.0, 0.0]), np.array([0.0, 2.0]))
    90.0
    """
    if not (first.any() and second.any()):
        return float("nan")
    cross = first[0] * second[1] - first[1] * second[0]
    return float(np.degrees(np.arctan2(abs(cross), first @ second)))


def inside(point: Vector) -> bool:
    """Whether a point lies in the window."""
    return all(low <= x <= high for x, (low, high) in zip(point, WINDOW, strict=True))


def descend(state: dict[str, Any]) -> Run:
    """Follow θ ← θ − η·clipped(g) from ``state["start"]`` for ``state["steps"]`` steps, or out of the window.

    Args:
        state: the widget's traits by name.

    Returns:
        The run; every number in it is finite.
    """
    points = [np.asarray(state["start"], dtype=float)]
    gradients, moves = [], []
    while len(moves) < state["steps"] and inside(points[-1]):
        gradients.append(evaluate(points[-1]).gradient)
        moves.append(-state["learning_rate"] * clipped(state, gradients[-1]))
        points.append(points[-1] + moves[-1])
    losses = (output(np.array(points)) - TARGET) ** 2
    thrown = np.flatnonzero(np.linalg.norm(moves, axis=1) > THROWN)
    first = int(thrown[0]) + 1 if len(thrown) else 0
    return Run(np.array(points), losses, np.array(gradients), np.array(moves), first, not inside(points[-1]))


def to_edge(start: Vector, end: Vector) -> Vector:
    """Where the segment from a point inside the window to one outside crosses the window's edge."""
    share = 1.0
    for a, z, (low, high) in zip(start, end, WINDOW, strict=True):
        if z > high:
            share = min(share, (high - a) / (z - a))
        elif z < low:
            share = min(share, (low - a) / (z - a))
    return start + share * (end - start)


def level_curve(
    wanted: float | Float[np.ndarray, "levels 1"], weights: Float[np.ndarray, "points"]
) -> np.ndarray:
    """b(w) at which σ(x_T) is ``wanted``: σ(x_T) grows with b where w ≥ 0, so halving finds it.

    Args:
        wanted: outputs in (0, 1), as a column when there are several.
        weights: w, not negative.

    Returns:
        b, interpolated in a bracket of 5/2⁹; at the window's lower or upper edge where no b inside will do.
    """
    shape = np.broadcast_shapes(np.shape(wanted), weights.shape)
    weights = np.broadcast_to(weights, shape)
    low, high = (np.full(shape, edge) for edge in WINDOW[1])
    lower, upper = (output(np.stack([weights, b], -1)) for b in (low, high))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        between = output(np.stack([weights, middle], -1))
        below = between < wanted
        low, lower = np.where(below, middle, low), np.where(below, between, lower)
        high, upper = np.where(below, high, middle), np.where(below, upper, between)
    rising = upper > lower
    share = np.where(rising, (wanted - lower) / np.where(rising, upper - lower, 1.0), 0.5)
    return low + np.clip(share, 0.0, 1.0) * (high - low)
