"""The mathematics of the inverse as a picture in NumPy; its ES modules are tested against these functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float

Vector = Float[np.ndarray, "2"]
Matrix = Float[np.ndarray, "2 2"]

EIGENVALUES = ((-2.0, 4.0), (-2.0, 4.0))
GRADIENTS = ((-2.0, 2.0), (-2.0, 2.0))
LARGEST_DAMPING = 8.0
ROUNDING = 1e-12


@dataclass(frozen=True)
class InverseMap:
    """An inverse as a map of the plane.

    Attributes:
        kind: ``positive definite``, ``not positive definite``, ``singular``; for the rank-one inverse also
            ``undefined`` (gᵀHg = 0 ≠ Hg) and ``undamped`` (λ = 0).
        matrix: the inverse, shape (2, 2); the pseudo-inverse's limit across Hg where the rank-one inverse
            breaks down; None where there is none.
        step: −matrix·g, shape (2,), or None.
    """

    kind: str
    matrix: np.ndarray | None
    step: np.ndarray | None


def eigenvectors(rotation: float) -> Matrix:
    """e₁ and e₂ as the columns, turned by ``rotation`` degrees."""
    angle = np.deg2rad(rotation)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def hessian(state: dict[str, Any]) -> Matrix:
    """H = h₁e₁e₁ᵀ + h₂e₂e₂ᵀ.

    Args:
        state: ``eigenvalues rotation``, as the widget's traits.

    >>> hessian({"eigenvalues": [2.0, -1.0], "rotation": 0.0})
    array([[ 2.,  0.],
           [ 0., -1.]])
    """
    vectors = eigenvectors(state["rotation"])
    return vectors @ np.diag(np.asarray(state["eigenvalues"], dtype=float)) @ vectors.T


def damped_map(state: dict[str, Any]) -> InverseMap:
    """(H + λI)⁻¹ and the step −(H + λI)⁻¹g.

    Args:
        state: the widget's traits by name.
    """
    damping = state["damping"]
    shifted = np.asarray(state["eigenvalues"], dtype=float) + damping
    if (np.abs(shifted) <= ROUNDING * (np.abs(state["eigenvalues"]) + damping)).any():
        return InverseMap("singular", None, None)
    matrix = np.linalg.inv(hessian(state) + damping * np.eye(2))
    kind = "positive definite" if (shifted > 0).all() else "not positive definite"
    return InverseMap(kind, matrix, -matrix @ np.asarray(state["gradient"], dtype=float))


def rank_one_eigenvalue(state: dict[str, Any]) -> float | None:
    """ρ = ‖Hg‖²/gᵀHg, the eigenvalue of H₁ along Hg; 0 where Hg = 0, None where H₁ is undefined."""
    gradient = np.asarray(state["gradient"], dtype=float)
    image = hessian(state) @ gradient
    length, curvature = np.linalg.norm(image), gradient @ image
    if length == 0:
        return 0.0
    if abs(curvature) <= ROUNDING * length * np.linalg.norm(gradient):
        return None
    return float(length**2 / curvature)


def rank_one_map(state: dict[str, Any]) -> InverseMap:
    """(λI + H₁)⁻¹ with H₁ = HggᵀH/(gᵀHg), and the step −(λI + H₁)⁻¹g.

    Where H₁ is undefined or λI + H₁ singular, the inverse keeps what lies across Hg, as
    :func:`hnrc_lib.linalg.rank_one_corrected_step` does: the limit and the pseudo-inverse respectively.

    Args:
        state: the widget's traits by name.
    """
    damping, gradient = state["damping"], np.asarray(state["gradient"], dtype=float)
    if damping == 0:
        return InverseMap("undamped", None, None)
    image = hessian(state) @ gradient
    eigenvalue = rank_one_eigenvalue(state)
    if eigenvalue == 0:
        return InverseMap("positive definite", np.eye(2) / damping, -gradient / damping)
    across = np.eye(2) - np.outer(image, image) / (image @ image)
    if eigenvalue is None:
        kind, matrix = "undefined", across / damping
    elif abs(damping + eigenvalue) <= ROUNDING * (damping + abs(eigenvalue)):
        kind, matrix = "singular", across / damping
    else:
        kind = "positive definite" if damping + eigenvalue > 0 else "not positive definite"
        matrix = np.linalg.inv(damping * np.eye(2) + np.outer(image, image) / (gradient @ image))
    return InverseMap(kind, matrix, -matrix @ gradient)


def step_lengths(
    state: dict[str, Any], sizes: float | Sequence[float] | Float[np.ndarray, " n"]
) -> dict[str, np.ndarray]:
    """Lengths of five steps for gradients of the given lengths along the present g.

    ``damped`` and ``rank_one`` are the curvature steps, both linear in ‖g‖; ``normalised`` is
    ‖(λI + ggᵀ)⁻¹g‖ = ‖g‖/(λ + ‖g‖²), ``smooth`` ‖(λI + ggᵀ)^(−1/2)g‖ = ‖g‖/√(λ + ‖g‖²), and ``clipped`` the
    norm clip with the same slope at 0 and the same limit, min(‖g‖/√λ, 1).

    Args:
        state: the widget's traits by name.
        sizes: ‖g‖ ≥ 0.

    Returns:
        Arrays of the shape of ``sizes``; NaN where a step does not exist.

    >>> at_the_peak = step_lengths({**FIRST, "damping": 0.25}, 0.5)
    >>> float(at_the_peak["normalised"]), float(at_the_peak["clipped"])
    (1.0, 1.0)
    """
    sizes = np.asarray(sizes, dtype=float)
    size = np.linalg.norm(state["gradient"])
    slopes = {}
    for name, made in (("damped", damped_map(state)), ("rank_one", rank_one_map(state))):
        slopes[name] = np.nan if made.step is None or size == 0 else np.linalg.norm(made.step) / size
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = {
            "damped": slopes["damped"] * sizes,
            "rank_one": slopes["rank_one"] * sizes,
            "normalised": sizes / (state["damping"] + sizes**2),
            "smooth": sizes / np.sqrt(state["damping"] + sizes**2),
            "clipped": np.minimum(sizes / np.sqrt(state["damping"]), 1.0),
        }
    return {name: np.asarray(length) for name, length in lengths.items()}


FIRST: dict[str, Any] = {
    "eigenvalues": [2.0, 0.2],
    "rotation": 30.0,
    "damping": 0.5,
    "gradient": [-0.4, -1.4],
}
