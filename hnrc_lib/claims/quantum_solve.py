"""A quantum computer's linear solve, simulated: every amplitude of its state, in NumPy."""

import math
from dataclasses import dataclass

import numpy as np

from hnrc_lib._shapes import Float


@dataclass(frozen=True)
class QuantumSolution:
    """What the simulated register holds after the ancilla was read as 1.

    Attributes:
        state: the amplitudes of x, shape (n,), of length 1: x itself only up to a factor.
        success_probability: that a run gives the state; 1/p runs give one on average.
        fidelity: |⟨x|state⟩|², x being numpy's solution over its norm; 1 is exact.
    """

    state: np.ndarray
    success_probability: float
    fidelity: float


def quantum_solve(
    A: Float[np.ndarray, "n n"], b: Float[np.ndarray, " n"], num_bits: int, *, bound: float | None = None
) -> QuantumSolution:
    """Simulate the linear solver of Harrow, Hassidim and Lloyd on a symmetric positive definite matrix.

        |b⟩ = Σⱼ βⱼ|qⱼ⟩ → Σⱼ βⱼ Σₖ aₖⱼ|k⟩|qⱼ⟩ → rotate by C/k → undo → Σⱼ βⱼ/ĥⱼ |qⱼ⟩

    Phase estimation writes eigenvalue hⱼ into a register of m bits as the integer k nearest to 2ᵐ hⱼ/bound,
    smeared over its neighbours where hⱼ does not fall on the grid. The ancilla is rotated so that it is 1
    with amplitude min(1, C/k), C being the integer of the smallest eigenvalue, which must be known; k = 0
    is left alone. Then the estimation is run backwards, and the ancilla and the register are read: an
    answer counts where they are 1 and 0.
    The gates are matrices, exact to rounding: no noise, no error of simulating exp(iA), no cost of loading
    b, and the answer is read off the amplitudes, which no quantum computer permits.

    Args:
        A: symmetric positive definite, n a power of two.
        b: right-hand side, not zero.
        num_bits: m, 1 to 10.
        bound: greater than the largest eigenvalue; the trace, which needs no eigenvalue, when None.

    Raises:
        ValueError: A is not symmetric positive definite or no power of two, b is zero, or an argument is
            out of range.

    >>> A = np.diag([1.0, 2.0])
    >>> found = quantum_solve(A, np.array([1.0, 1.0]), 3, bound=8.0)
    >>> found.state.round(4), round(found.fidelity, 6)
    (array([0.8944, 0.4472]), 1.0)

    Aram W. Harrow, Avinatan Hassidim and Seth Lloyd, Quantum algorithm for linear systems of equations
    (2009).
    """
    values = _check(A, b, num_bits)
    size = 2**num_bits
    top = float(values.sum() if bound is None else bound)
    if not values[-1] < top:
        raise ValueError(f"bound must exceed the largest eigenvalue, {values[-1]:g}, got {top:g}")
    places = np.arange(size)
    evolutions = _evolutions(A, 2 * math.pi / top, places)
    hadamard = (-1.0) ** np.bitwise_count(places[:, None] & places) / math.sqrt(size)
    fourier = np.exp(-2j * math.pi * np.outer(places, places) / size) / math.sqrt(size)
    least = max(1, math.floor(size * values[0] / top))
    rotation = np.minimum(1.0, least / np.maximum(places, 1)) * (places > 0)
    state = np.zeros((size, len(b)), dtype=complex)
    state[0] = b / np.linalg.norm(b)
    # Phase estimation: exp(iAt) controlled by the register, between two transforms of it.
    state = fourier @ np.einsum("kij,kj->ki", evolutions, hadamard @ state)
    state = rotation[:, None] * state
    state = hadamard @ np.einsum("kji,kj->ki", evolutions.conj(), fourier.conj().T @ state)
    answer = state[0]
    probability = float((np.abs(answer) ** 2).sum())
    exact = np.linalg.solve(A, b)
    # A state has no sign: that of the exact solution is given to it.
    overlap = exact @ answer / (np.linalg.norm(exact) * math.sqrt(probability))
    state = (answer * np.exp(-1j * np.angle(overlap))).real / math.sqrt(probability)
    return QuantumSolution(state, probability, float(np.abs(overlap) ** 2))


def _check(A: np.ndarray, b: np.ndarray, num_bits: int) -> np.ndarray:
    """Ascending eigenvalues of A."""
    if A.shape[0] != A.shape[1] or not np.allclose(A, A.T, rtol=1e-12, atol=0):
        raise ValueError(f"A must be symmetric, got shape {A.shape}")
    if len(b) != len(A) or len(A) & (len(A) - 1) or len(A) == 0:
        raise ValueError(f"A and b must have one size, a power of two, got {len(A)} and {len(b)}")
    if not np.abs(b).max() > 0:
        raise ValueError("b must not be zero")
    if not 1 <= num_bits <= 10:
        raise ValueError(f"num_bits must lie in 1 to 10, got {num_bits}")
    values = np.linalg.eigvalsh(A)
    if not values[0] > 0:
        raise ValueError(f"A must be positive definite, got a smallest eigenvalue of {values[0]:g}")
    return values


def _evolutions(A: np.ndarray, time: float, places: np.ndarray) -> np.ndarray:
    """exp(iAtk) for every k, shape (places, n, n)."""
    values, vectors = np.linalg.eigh(A)
    phases = np.exp(1j * time * np.outer(places, values))
    return np.einsum("ij,kj,lj->kil", vectors, phases, vectors)
