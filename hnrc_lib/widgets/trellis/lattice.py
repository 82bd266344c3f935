"""One lattice for both: a hidden Markov model from left to right, and CTC's alignments of a label."""

from dataclasses import dataclass

import numpy as np

from hnrc_lib._shapes import Float, Int

BLANK = 0
BLANK_NAME = "blank"
REACH = 3  # a state is entered from itself, the one before, or the one before that


@dataclass(frozen=True, eq=False)
class Lattice:
    """States in a row, each entered from itself or from one of the two before it.

    Args:
        names: of the states.
        scores: e_t(s), log-score of frame t in state s, shape (T, S).
        initial: log-score of beginning in s, shape (S,).
        arcs: log-score of the arc into s from s − k, shape (3, S); −inf where there is none.
        final: log-score of ending in s, shape (S,).
        classes: index of the output that scores each state, shape (S,).
    """

    names: tuple[str, ...]
    scores: Float[np.ndarray, "frames states"]
    initial: Float[np.ndarray, " states"]
    arcs: Float[np.ndarray, "reach states"]
    final: Float[np.ndarray, " states"]
    classes: Int[np.ndarray, " states"]


def ctc_lattice(logits: Float[np.ndarray, "frames classes"], symbols: str, label: str) -> Lattice:
    """CTC's lattice of a label: blank, l₁, blank, …, l_L, blank.

    A frame scores log y_t of the state's class, y being the softmax of the logits. A state is entered from
    itself and from the one before; a letter also from the letter before, unless both are the same.

    Args:
        logits: a, any real scores, class 0 the blank, shape (T, C).
        symbols: of the classes 1 … C − 1.
        label: at least one of these symbols.

    Raises:
        ValueError: a symbol that the model lacks, or an empty label.

    Alex Graves, Santiago Fernández, Faustino Gomez, Jürgen Schmidhuber, Connectionist temporal
    classification (2006).
    """
    unknown = sorted(set(label) - set(symbols))
    if unknown or not label:
        raise ValueError(f"label must hold some of {symbols!r}, got {label!r}")
    size = 2 * len(label) + 1
    classes = np.full(size, BLANK)
    classes[1::2] = [symbols.index(letter) + 1 for letter in label]
    log_probs = log_softmax(logits)
    arcs = np.zeros((REACH, size))
    arcs[1, 0] = arcs[2] = -np.inf
    skips = np.arange(3, size, 2)
    arcs[2, skips] = np.where(classes[skips] == classes[skips - 2], -np.inf, 0.0)
    ends = np.full(size, -np.inf)
    ends[:2] = 0
    names = tuple(BLANK_NAME if index == BLANK else symbol_name(symbols[index - 1]) for index in classes)
    return Lattice(names, log_probs[:, classes], ends, arcs, ends[::-1], classes)


def hmm_lattice(
    scores: Float[np.ndarray, "frames states"], model: Float[np.ndarray, "states columns"]
) -> Lattice:
    """A hidden Markov model's lattice, from left to right.

    Args:
        scores: log b_s(x_t), shape (T, S).
        model: π, the columns of A, and f, probabilities, shape (S, S + 2).

    Raises:
        ValueError: a transition backwards, or over more than one state.
    """
    size = scores.shape[1]
    initial, transitions, final = model[:, 0], model[:, 1:-1], model[:, -1]
    with np.errstate(divide="ignore"):
        steps = np.log(transitions)
        arcs = np.full((REACH, size), -np.inf)
        for k in range(min(REACH, size)):
            arcs[k, k:] = np.diagonal(steps, k)
        bounds = np.log(initial), np.log(final)
    near = np.abs(np.subtract.outer(np.arange(size), np.arange(size)) + 1) <= 1
    if (transitions[~near] > 0).any():
        raise ValueError("model must lead from left to right, over one state at most")
    names = tuple(str(index + 1) for index in range(size))
    return Lattice(names, scores, bounds[0], arcs, bounds[1], np.arange(size))


def log_softmax(logits: Float[np.ndarray, "*rows classes"]) -> Float[np.ndarray, "*rows classes"]:
    """log y, y_c = exp a_c / Σ exp a."""
    high = logits.max(-1, keepdims=True)
    return logits - high - np.log(np.exp(logits - high).sum(-1, keepdims=True))


def symbol_name(symbol: str) -> str:
    """A symbol as it is written beside a row; the space has a name."""
    return "space" if symbol == " " else symbol
