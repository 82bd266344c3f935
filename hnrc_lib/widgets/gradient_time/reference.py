"""The gradient through time in NumPy; the widget's ES modules are tested against these functions."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.widgets.packed import unpack_array

CELLS = ("linear", "tanh", "lstm")
NUM_UNITS, LARGEST_LENGTH = 6, 80
RADII, FORGET_BIASES, THRESHOLDS = (0.3, 2.0), (-2.0, 6.0), (0.01, 1000.0)
VANISHED, EXPLODED = 1e-3, 1e3
RECENT = 10
_NOISE = 0.5
_HALVINGS = 50
FIRST: dict[str, Any] = {
    "cell": "tanh",
    "radius": 0.9,
    "length": 60,
    "forget_bias": 1.0,
    "threshold": 1.0,
    "seed": 0,
}
# as torch orders an LSTM's gates; cells without gates take the candidate's weights and inputs
_INPUT, _FORGET, _CANDIDATE, _OUTPUT = range(4)

Jacobian = Float[np.ndarray, "size size"]


@dataclass(frozen=True)
class Inspection:
    """What the page shows of a state; n is the number of units, T the length.

    Attributes:
        gains: ‖∂h_τ/∂s_t‖_F/√n for τ in rows and t in columns, 0 ≤ t ≤ τ ≤ T, NaN elsewhere,
            shape (T + 1, T + 1).
        rate: r of the geometric line r^(τ−t): ρ, or an LSTM's forget gate at its bias alone.
        bound: ‖ρW‖ of the bound ‖ρW‖^(τ−t); None for an LSTM.
        lost: steps back from T at which the gain first leaves [10⁻³, 10³], and whether it ``vanishes`` or
            ``explodes`` there; None where it does neither.
        norm: of ∂L/∂h₁ … ∂L/∂h_T as one vector, root mean square over all ∂L/∂h_T of length 1.
        scale: min(1, c/norm), by which a clip at the norm c multiplies every one of them.
        recent: the share of norm² that the last ten steps hold, clipped or not.
    """

    gains: np.ndarray
    rate: float
    bound: float | None
    lost: tuple[int, str] | None
    norm: float
    scale: float
    recent: float


def cell_arrays(seed: int) -> dict[str, np.ndarray]:
    """An untrained cell's random weights, and noise to feed it.

    Args:
        seed: of NumPy's generator.

    Returns:
        ``recurrent``: W of each of the four gates, of spectral radius 1, shape (4, n, n); ``inputs``: what
        the input adds to each gate, normal with deviation ½, shape (4, steps, n). Both in float32.

    >>> weights = cell_arrays(0)["recurrent"]
    >>> weights.shape, bool(np.allclose(np.abs(np.linalg.eigvals(weights)).max(axis=1), 1, atol=1e-6))
    ((4, 6, 6), True)
    """
    generator = np.random.default_rng(seed)
    weights = generator.standard_normal((4, NUM_UNITS, NUM_UNITS))
    weights /= np.abs(np.linalg.eigvals(weights)).max(axis=1)[:, None, None]
    inputs = _NOISE * generator.standard_normal((4, LARGEST_LENGTH, NUM_UNITS))
    return {"recurrent": weights.astype(np.float32), "inputs": inputs.astype(np.float32)}


def step_jacobians(state: dict[str, Any]) -> list[Jacobian]:
    """∂s_t/∂s_{t−1} for t = 1 … T along the cell's own trajectory from s₀ = 0.

    s = h; for an LSTM s = (h, c), the cell state last.

    Args:
        state: the widget's traits by name.
    """
    weights = state["radius"] * _array(state["recurrent"])
    inputs = _array(state["inputs"])[:, : state["length"]]
    if state["cell"] == "lstm":
        return _lstm_jacobians(weights, inputs, state["forget_bias"])
    matrix, hidden, found = weights[_CANDIDATE], np.zeros(weights.shape[1]), []
    for noise in inputs[_CANDIDATE]:
        hidden = matrix @ hidden + noise
        if state["cell"] == "linear":
            found.append(matrix)
            continue
        hidden = np.tanh(hidden)
        found.append((1 - hidden**2)[:, None] * matrix)
    return found


def _array(packed: Any) -> np.ndarray:
    values = unpack_array(packed) if isinstance(packed, dict) else packed
    return np.asarray(values, dtype=float)


def _lstm_jacobians(weights: np.ndarray, inputs: np.ndarray, forget_bias: float) -> list[np.ndarray]:
    hidden = cell = np.zeros(weights.shape[1])
    bias = np.array([0.0, forget_bias, 0.0, 0.0])[:, None]
    found = []
    for noise in inputs.transpose(1, 0, 2):
        gates = weights @ hidden + noise + bias
        i, f, o = (1 / (1 + np.exp(-gates[k])) for k in (_INPUT, _FORGET, _OUTPUT))
        g, before = np.tanh(gates[_CANDIDATE]), cell
        cell = f * before + i * g
        squashed = np.tanh(cell)
        hidden = o * squashed
        slopes = {_INPUT: g * i * (1 - i), _FORGET: before * f * (1 - f), _CANDIDATE: i * (1 - g**2)}
        cell_hidden = sum(slope[:, None] * weights[k] for k, slope in slopes.items())
        opened = o * (1 - squashed**2)
        hidden_hidden = (squashed * o * (1 - o))[:, None] * weights[_OUTPUT] + opened[:, None] * cell_hidden
        found.append(np.block([[hidden_hidden, np.diag(opened * f)], [cell_hidden, np.diag(f)]]))
    return found


def gains(jacobians: list[Jacobian], num_units: int) -> Float[np.ndarray, "steps steps"]:
    """‖∂h_τ/∂s_t‖_F/√n for all 0 ≤ t ≤ τ ≤ T; NaN where t > τ.

    That is the factor by which a gradient at h_τ arrives at s_t, root mean square over its directions: 1 at
    t = τ, and for a cell without gates at most ‖ρW‖^(τ−t).

    Args:
        jacobians: ∂s_t/∂s_{t−1} for t = 1 … T.
        num_units: n; the first n coordinates of s are h.
    """
    length, size = len(jacobians), len(jacobians[0])
    found = np.full((length + 1, length + 1), np.nan)
    np.fill_diagonal(found, 1.0)
    stacked = np.stack(jacobians)
    products = np.broadcast_to(np.eye(size)[:num_units], (length + 1, num_units, size))
    for back in range(1, length + 1):  # the products that end at τ = back … T, each one step longer
        products = products[1:] @ stacked[: length + 1 - back]
        norms = np.sqrt(np.square(products).sum(axis=(1, 2)) / num_units)
        found[np.arange(back, length + 1), np.arange(length + 1 - back)] = norms
    return found


def inspect(state: dict[str, Any]) -> Inspection:
    """Everything that the views show.

    Args:
        state: the widget's traits by name.
    """
    weights = _array(state["recurrent"])
    whole = gains(step_jacobians(state), weights.shape[1])
    row = whole[-1]
    norm = float(np.sqrt((row[1:] ** 2).sum()))
    recent = float((row[max(1, len(row) - RECENT) :] ** 2).sum()) / norm**2
    bound = None
    if state["cell"] != "lstm":
        bound = state["radius"] * float(np.linalg.norm(weights[_CANDIDATE], 2))
    scale = min(1.0, state["threshold"] / norm)
    return Inspection(whole, rate(state), bound, _lost(row), norm, scale, recent)


def rate(state: dict[str, Any]) -> float:
    """r of the geometric line: ρ, or σ(b) for an LSTM whose forget gate has the bias b."""
    return 1 / (1 + math.exp(-state["forget_bias"])) if state["cell"] == "lstm" else state["radius"]


def _lost(row: np.ndarray) -> tuple[int, str] | None:
    for back, gain in enumerate(row[::-1].tolist()):
        if gain < VANISHED:
            return back, "vanishes"
        if gain > EXPLODED:
            return back, "explodes"
    return None


def balance(state: dict[str, Any]) -> dict[str, float] | None:
    """The ρ, or an LSTM's forget bias, at which the gain over the whole length is 1; None without one."""
    name, (low, high) = ("forget_bias", FORGET_BIASES) if state["cell"] == "lstm" else ("radius", RADII)

    def excess(value: float) -> float:
        jacobians = step_jacobians({**state, name: value})
        product = np.linalg.multi_dot(jacobians[::-1]) if len(jacobians) > 1 else jacobians[0]
        return float(np.linalg.norm(product[:NUM_UNITS])) - math.sqrt(NUM_UNITS)

    if (excess(low) > 0) == (excess(high) > 0):
        return None
    rising = excess(high) > 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if (excess(middle) > 0) == rising else (middle, high)
    return {name: round(low, 3)}
