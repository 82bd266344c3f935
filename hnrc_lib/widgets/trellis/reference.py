"""The trellis explorer's mathematics in NumPy; its ES modules are tested against these functions."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hnrc_lib._shapes import Float, Int
from hnrc_lib.widgets.trellis.lattice import REACH, Lattice, log_softmax

MODES = ("ctc", "hmm")
PASSES = ("viterbi", "forward", "backward", "posterior")

Grid = Float[np.ndarray, "frames states"]


@dataclass(frozen=True, eq=False)
class Passes:
    """Everything that the recursions give.

    Args:
        alpha: log of the sum over all paths that reach a cell, its own frame included, (T, S).
        beta: log of the sum over all ways on from a cell, its own frame left out, (T, S).
        delta: log-score of the best path that reaches a cell, (T, S).
        pointers: k of the arc from s − k that the best path takes into a cell; −1 where it begins, (T, S).
        posterior: γ, share of the paths through a cell, (T, S); 0 where no path exists.
        log_likelihood: log of the sum over all paths.
        best: log-score of the best path.
        path: its states, (T,); −1 where no path exists.
    """

    alpha: Grid
    beta: Grid
    delta: Grid
    pointers: Int[np.ndarray, "frames states"]
    posterior: Grid
    log_likelihood: float
    best: float
    path: Int[np.ndarray, " frames"]


class Term(NamedTuple):
    """One way into a cell, or on from it: state, value there, arc, score of the frame there, and the sum."""

    state: int
    value: float
    arc: float
    score: float
    total: float


@dataclass(frozen=True)
class Arithmetic:
    """How a cell's value comes about.

    Args:
        terms: what is summed or compared; of a posterior α, β and −log P.
        joined: log-sum or maximum of the terms.
        score: e_t(s), added after that; 0 in the backward pass.
        value: of the cell.
    """

    terms: tuple[Term, ...]
    joined: float
    score: float
    value: float


def logsumexp(values: Float[np.ndarray, "..."], axis: int = -1) -> Float[np.ndarray, "..."]:
    """log Σ exp, −inf for no path."""
    high = values.max(axis, keepdims=True)
    safe = np.where(np.isneginf(high), 0.0, high)
    with np.errstate(divide="ignore"):
        return (safe + np.log(np.exp(values - safe).sum(axis, keepdims=True))).squeeze(axis)


def run(lattice: Lattice) -> Passes:
    """Forward, backward, Viterbi and posteriors.

        α_t(s) = e_t(s) + log Σ_k exp(α_{t−1}(s − k) + a_k(s)),  δ the same with max,
        β_t(s) = log Σ_k exp(a_k(s + k) + e_{t+1}(s + k) + β_{t+1}(s + k)),  γ = exp(α + β − log P)

    Of equal arcs the best path takes the one from the nearer state.

    Args:
        lattice: of T ≥ 1 frames.
    """
    frames, size = lattice.scores.shape
    alpha, beta, delta = (np.empty((frames, size)) for _ in range(3))
    pointers = np.full((frames, size), -1)
    alpha[0] = delta[0] = lattice.initial + lattice.scores[0]
    for t in range(1, frames):
        alpha[t] = logsumexp(_arriving(lattice, alpha[t - 1]), 0) + lattice.scores[t]
        ways = _arriving(lattice, delta[t - 1])
        pointers[t] = ways.argmax(0)
        delta[t] = ways.max(0) + lattice.scores[t]
    beta[-1] = lattice.final
    for t in range(frames - 2, -1, -1):
        beta[t] = logsumexp(_leaving(lattice, beta[t + 1] + lattice.scores[t + 1]), 0)
    total = float(logsumexp(alpha[-1] + lattice.final))
    ends = delta[-1] + lattice.final
    best = float(ends.max())
    possible = total > -np.inf
    posterior = np.exp(alpha + beta - total) if possible else np.zeros_like(alpha)
    path = trace(pointers, frames - 1, int(ends.argmax())) if possible else np.full(frames, -1)
    return Passes(alpha, beta, delta, pointers, posterior, total, best, path)


def trace(pointers: Int[np.ndarray, "frames states"], frame: int, state: int) -> Int[np.ndarray, " reached"]:
    """The states of the best path into a cell, from frame 0 to the cell's own."""
    states = [state]
    for t in range(frame, 0, -1):
        states.append(states[-1] - int(pointers[t, states[-1]]))
    return np.array(states[::-1])


def ctc_gradient(
    logits: Float[np.ndarray, "frames classes"], lattice: Lattice, passes: Passes
) -> Float[np.ndarray, "frames classes"]:
    """∂L/∂a for L = −log P: softmax minus posterior, y_t(c) − Σ_{s of class c} γ_t(s).

    Zero where no path exists.

    Args:
        logits: a, shape (T, C).
        lattice: from these logits.
        passes: of the lattice.
    """
    if np.isneginf(passes.log_likelihood):
        return np.zeros_like(logits)
    return np.exp(log_softmax(logits)) - class_posteriors(lattice, passes, logits.shape[1])


def class_posteriors(lattice: Lattice, passes: Passes, size: int) -> Float[np.ndarray, "frames classes"]:
    """Posteriors of the states, added up over those that one output scores, (T, size)."""
    found = np.zeros((len(passes.posterior), size))
    np.add.at(found.T, lattice.classes, passes.posterior.T)
    return found


def arithmetic(lattice: Lattice, passes: Passes, what: str, frame: int, state: int) -> Arithmetic:
    """How the value of one cell comes about.

    Args:
        lattice: the lattice.
        passes: of it.
        what: a name from ``PASSES``.
        frame: t, 0 … T − 1.
        state: s, 0 … S − 1.
    """
    if what == "posterior":
        parts = passes.alpha[frame, state], passes.beta[frame, state], -passes.log_likelihood
        possible = passes.log_likelihood > -np.inf
        value = float(sum(parts)) if possible else -np.inf
        terms = tuple(Term(state, float(part), 0.0, 0.0, float(part)) for part in parts)
        return Arithmetic(terms, value, 0.0, value)
    terms = _terms_on(lattice, passes, frame, state) if what == "backward" else None
    score = 0.0 if what == "backward" else float(lattice.scores[frame, state])
    if terms is None:
        values = passes.delta if what == "viterbi" else passes.alpha
        terms = _terms_into(lattice, values, frame, state)
    totals = np.array([term.total for term in terms])
    joined = float(totals.max() if what == "viterbi" else logsumexp(totals))
    return Arithmetic(terms, joined, score, joined + score)


def _terms_into(lattice: Lattice, values: Grid, frame: int, state: int) -> tuple[Term, ...]:
    if frame == 0:
        start = float(lattice.initial[state])
        return (Term(state, 0.0, start, 0.0, start),)
    found = []
    for k in range(min(REACH, state + 1)):
        value, arc = float(values[frame - 1, state - k]), float(lattice.arcs[k, state])
        found.append(Term(state - k, value, arc, 0.0, value + arc))
    return tuple(found)


def _terms_on(lattice: Lattice, passes: Passes, frame: int, state: int) -> tuple[Term, ...]:
    frames, size = lattice.scores.shape
    if frame == frames - 1:
        end = float(lattice.final[state])
        return (Term(state, 0.0, end, 0.0, end),)
    found = []
    for k in range(min(REACH, size - state)):
        to = state + k
        value, arc = float(passes.beta[frame + 1, to]), float(lattice.arcs[k, to])
        score = float(lattice.scores[frame + 1, to])
        found.append(Term(to, value, arc, score, value + arc + score))
    return tuple(found)


def _arriving(lattice: Lattice, values: Float[np.ndarray, " states"]) -> Float[np.ndarray, "reach states"]:
    ways = np.full((REACH, len(values)), -np.inf)
    for k in range(min(REACH, len(values))):
        ways[k, k:] = values[: len(values) - k] + lattice.arcs[k, k:]
    return ways


def _leaving(lattice: Lattice, values: Float[np.ndarray, " states"]) -> Float[np.ndarray, "reach states"]:
    ways = np.full((REACH, len(values)), -np.inf)
    for k in range(min(REACH, len(values))):
        ways[k, : len(values) - k] = values[k:] + lattice.arcs[k, k:]
    return ways
