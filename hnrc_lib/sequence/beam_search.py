"""CTC prefix beam search, with a language model inside the beam where one is given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.decoding_arguments import utterance_scores


@runtime_checkable
class SymbolScorer(Protocol):
    """A language model as the search uses it; ``WordFusion`` is one."""

    def start(self) -> Any:
        """State before the first symbol; hashable."""
        ...

    def extend(self, state: Any, symbol: int) -> tuple[Any, float]:
        """State after a symbol, and what it adds to the score."""
        ...

    def finish(self, state: Any) -> float:
        """What the end adds to the score."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """A labelling that the search kept.

    Attributes:
        symbols: indices, no blanks.
        score: ln of the summed probability of its paths, plus the language model's score.
        confidence: its share of exp(score) among the hypotheses returned with it, 0 … 1.
    """

    symbols: tuple[int, ...]
    score: float
    confidence: float


def beam_search(
    log_probs: Float[Tensor, "time batch classes"],
    lengths: Int[Tensor, "batch"] | Sequence[int],
    blank: int = 0,
    *,
    beam_width: int = 50,
    n_best: int = 10,
    min_probability: float = 1e-4,
    language_model: SymbolScorer | None = None,
) -> list[list[Hypothesis]]:
    """The labellings of highest score that a beam of prefixes reaches.

        score(y) = ln Σ_{π: B(π) = y} Π_t x_t(π_t) + ln P_model(y)

    Each prefix carries the mass of its paths that end in a blank and of those that do not, so all paths of
    one labelling count together. With a beam that holds every prefix and ``min_probability`` 0 the best is
    exact. Language-model scores enter as a prefix grows.

    Args:
        log_probs: ln x, log-probabilities, (T, N, C).
        lengths: frames of each utterance, 0 … T, (N,).
        blank: class of the blank.
        beam_width: prefixes kept after each frame, ≥ 1.
        n_best: hypotheses returned at most, ≥ 1.
        min_probability: a symbol grows prefixes only in frames where it is at least as probable, 0 … 1.
        language_model: adds its score to each labelling's.

    Returns:
        For each utterance its hypotheses, best first; none where the model allows no labelling.

    Raises:
        ValueError: naming the argument, what was expected and what came.

    >>> import torch
    >>> log_probs = torch.tensor([[0.6, 0.4], [0.6, 0.4]]).log().unsqueeze(1)  # best path: two blanks, 0.36
    >>> best, second = beam_search(log_probs, [2])[0]
    >>> best.symbols, round(best.confidence, 2), second.symbols, round(second.confidence, 2)
    ((1,), 0.64, (), 0.36)

    Alex Graves, Navdeep Jaitly, Towards end-to-end speech recognition with recurrent neural networks (2014);
    Awni Y. Hannun, Andrew L. Maas, Daniel Jurafsky, Andrew Y. Ng, First-pass large vocabulary continuous
    speech recognition using bi-directional recurrent DNNs (2014).
    """
    for name, value in (("beam_width", beam_width), ("n_best", n_best)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if not 0 <= min_probability <= 1:
        raise ValueError(f"min_probability must lie within 0 … 1, got {min_probability}")
    found = []
    for scores in utterance_scores(log_probs, lengths, blank):
        tree = _PrefixTree(blank, language_model)
        nodes, logs = _search(scores, blank, beam_width, min_probability, tree)
        found.append(_ranked(nodes, logs, tree, n_best))
    return found


class _PrefixTree:
    """Prefixes by number, 0 the empty one; each has one number, so equal prefixes meet in the beam."""

    def __init__(self, blank: int, language_model: SymbolScorer | None) -> None:
        self.model = language_model
        self.parents, self.symbols = [-1], [blank]
        self.states = [language_model.start() if language_model else None]
        self._children: dict[tuple[int, int], int] = {}
        self._steps: dict[tuple[Any, int], tuple[Any, float]] = {}

    def factor(self, node: int, symbol: int) -> float:
        """What the language model multiplies a prefix's mass by as it grows by a symbol."""
        return self._step(self.states[node], symbol)[1]

    def child(self, node: int, symbol: int) -> int:
        key = (node, symbol)
        if key not in self._children:
            self._children[key] = len(self.parents)
            self.parents.append(node)
            self.symbols.append(symbol)
            self.states.append(self._step(self.states[node], symbol)[0] if self.model else None)
        return self._children[key]

    def prefix(self, node: int) -> tuple[int, ...]:
        symbols = []
        while node:
            symbols.append(self.symbols[node])
            node = self.parents[node]
        return tuple(reversed(symbols))

    def _step(self, state: Any, symbol: int) -> tuple[Any, float]:
        assert self.model is not None
        key = (state, symbol)
        step = self._steps.get(key)
        if step is None:
            following, added = self.model.extend(state, symbol)
            step = self._steps[key] = following, math.exp(added)
        return step


def _search(
    scores: Float[np.ndarray, "frames classes"],
    blank: int,
    beam_width: int,
    min_probability: float,
    tree: _PrefixTree,
) -> tuple[list[int], Float[np.ndarray, "beam"]]:
    """Prefixes in the beam after the last frame, and the logarithm of each one's mass."""
    nodes = [0]
    ends_blank, ends_symbol = np.ones(1), np.zeros(1)
    scale = 0.0
    for frame in scores:
        # Masses are linear and held near 1: what underflows is out of the beam's reach anyway.
        peak = frame.max()
        probabilities = np.exp(frame - peak)
        columns = np.flatnonzero(frame >= (math.log(min_probability) if min_probability else -np.inf))
        columns = columns[columns != blank]
        ends_blank, ends_symbol, grown = _advance(
            nodes, ends_blank, ends_symbol, probabilities, columns, blank, tree
        )
        masses = np.concatenate([ends_blank + ends_symbol, grown.ravel()])
        keep = _largest(masses, beam_width)
        if not len(keep):
            return [], np.zeros(0)
        stay, grow = keep[keep < len(nodes)], keep[keep >= len(nodes)] - len(nodes)
        largest = masses[keep].max()
        zeros = np.zeros(len(grow))
        ends_blank = np.concatenate([ends_blank[stay], zeros]) / largest
        ends_symbol = np.concatenate([ends_symbol[stay], grown.ravel()[grow]]) / largest
        rows, chosen = np.divmod(grow, max(len(columns), 1))
        nodes = [nodes[i] for i in stay] + [
            tree.child(nodes[i], int(columns[k])) for i, k in zip(rows, chosen, strict=True)
        ]
        scale += peak + math.log(largest)
    return nodes, scale + np.log(ends_blank + ends_symbol)


def _advance(
    nodes: list[int],
    ends_blank: Float[np.ndarray, "beam"],
    ends_symbol: Float[np.ndarray, "beam"],
    probabilities: Float[np.ndarray, "classes"],
    columns: Int[np.ndarray, "grown"],
    blank: int,
    tree: _PrefixTree,
) -> tuple[Float[np.ndarray, "beam"], Float[np.ndarray, "beam"], Float[np.ndarray, "beam grown"]]:
    """Masses after one frame: prefixes that stay, by a blank or a symbol, and prefixes grown by a column."""
    total = ends_blank + ends_symbol
    last = np.array([tree.symbols[node] for node in nodes])
    grown = total[:, None] * probabilities[columns]
    # A symbol that repeats the last one is a new one only after a blank.
    rows, repeated = np.nonzero(last[:, None] == columns)
    grown[rows, repeated] = ends_blank[rows] * probabilities[columns[repeated]]
    if tree.model and len(columns):
        symbols = columns.tolist()
        grown *= np.array([[tree.factor(node, symbol) for symbol in symbols] for node in nodes])
    stays_blank = total * probabilities[blank]
    stays_symbol = ends_symbol * probabilities[last]
    # A prefix grown from one in the beam may be in the beam already.
    position = {node: index for index, node in enumerate(nodes)}
    column = {int(symbol): k for k, symbol in enumerate(columns)}
    for index, node in enumerate(nodes):
        row, k = position.get(tree.parents[node]), column.get(tree.symbols[node])
        if row is not None and k is not None and node:
            stays_symbol[index] += grown[row, k]
            grown[row, k] = 0.0
    return stays_blank, stays_symbol, grown


def _largest(masses: Float[np.ndarray, "candidates"], count: int) -> Int[np.ndarray, "kept"]:
    """Indices of the largest masses above zero, ascending."""
    if len(masses) > count:
        kept = np.sort(np.argpartition(-masses, count)[:count])
        return kept[masses[kept] > 0]
    return np.flatnonzero(masses > 0)


def _ranked(
    nodes: list[int], logs: Float[np.ndarray, "beam"], tree: _PrefixTree, n_best: int
) -> list[Hypothesis]:
    totals = [
        float(log) + (tree.model.finish(tree.states[node]) if tree.model else 0.0)
        for node, log in zip(nodes, logs, strict=True)
    ]
    scores = np.array(totals)
    order = np.argsort(-scores, kind="stable")[:n_best]
    order = order[scores[order] > -np.inf]
    if not len(order):
        return []
    shares = np.exp(scores[order] - scores[order[0]])
    shares /= shares.sum()
    return [
        Hypothesis(tree.prefix(nodes[index]), totals[index], float(share))
        for index, share in zip(order, shares, strict=True)
    ]
