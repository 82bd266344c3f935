"""State graphs: words from states, strings and loops from words, put together by three operations.

A graph has a way in, a way out, and perhaps a way past it. Graphs joined in a row, side by side or in a
loop are graphs again, and every graph is a hidden Markov model whose states point at emissions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from hnrc_lib._shapes import Float, Int


@dataclass(frozen=True, eq=False)
class StateGraph:
    """States, the emission and the word of each, and how they follow each other.

    Attributes:
        initial_probs: of entering the graph at each state, shape (S,), float64; with ``empty_prob`` sums
            to 1.
        transition_matrix: from row to column, shape (S, S).
        final_probs: of leaving the graph from each state, shape (S,); sums to 1 with the state's row.
        emissions: index of each state's emission, shape (S,), int64; states may share one.
        words: index of the word each state belongs to, shape (S,), int64; −1 is silence.
        empty_prob: probability of passing the graph without a frame.
    """

    initial_probs: Float[Tensor, " states"]
    transition_matrix: Float[Tensor, "states states"]
    final_probs: Float[Tensor, " states"]
    emissions: Int[Tensor, " states"]
    words: Int[Tensor, " states"]
    empty_prob: float = 0.0

    def __len__(self) -> int:
        return len(self.initial_probs)

    def word(self, index: int) -> "StateGraph":
        """The same graph, its states all belonging to one word."""
        return replace(self, words=torch.full_like(self.words, index))


def left_to_right(
    emissions: Sequence[int], *, stay: Float[Tensor, " emissions"] | float = 0.5, skip: float = 0.0
) -> StateGraph:
    """States in a row, each with a loop to itself; Bakis' topology where states may be skipped.

        A_ii = stay,  A_{i,i+1} = (1 − stay)(1 − skip),  A_{i,i+2} = (1 − stay)·skip

    The last state but one skips into the way out.

    Args:
        emissions: index of each state's emission, at least one.
        stay: probability of another frame in the same state, 0 … 1; one number, or one per emission.
        skip: share of the moves that leave out a state, 0 … 1.

    Raises:
        ValueError: no states, or a probability out of range.

    >>> left_to_right([4, 5], stay=0.75).transition_matrix
    tensor([[0.7500, 0.2500],
            [0.0000, 0.7500]], dtype=torch.float64)

    Source: Bakis (1976).
    """
    size = len(emissions)
    index = torch.tensor(list(emissions), dtype=torch.int64)
    if size == 0:
        raise ValueError("emissions must name at least one state, got none")
    held = torch.as_tensor(stay, dtype=torch.float64)
    held = held.expand(size) if held.dim() == 0 else held[index]
    for name, low, high in (("stay", float(held.min()), float(held.max())), ("skip", skip, skip)):
        if low < 0 or high >= 1:
            raise ValueError(f"{name} must lie in 0 … 1, 1 excluded, got {low} to {high}")
    chain = torch.zeros(size, size + 2, dtype=torch.float64)
    chain.diagonal().copy_(held)
    chain.diagonal(1).copy_((1 - held) * (1 - skip))
    chain.diagonal(2).copy_((1 - held) * skip)
    # The last state has nothing to skip.
    chain[-1, size:] = torch.stack([1 - held[-1], torch.zeros_like(held[-1])])
    start = torch.zeros(size, dtype=torch.float64)
    start[0] = 1
    return StateGraph(start, chain[:, :size], chain[:, size:].sum(1), index, torch.full((size,), -1))


def in_a_row(graphs: Sequence[StateGraph]) -> StateGraph:
    """One graph after the other: what leaves one enters the next.

    >>> pair = in_a_row([left_to_right([0]).word(0), optional(left_to_right([1]), 0.25)])
    >>> pair.transition_matrix, pair.final_probs
    (tensor([[0.5000, 0.1250], [0.0000, 0.5000]], dtype=torch.float64),
     tensor([0.3750, 0.5000], dtype=torch.float64))

    Raises:
        ValueError: no graphs.
    """
    _check_graphs(graphs)
    sizes = [len(graph) for graph in graphs]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    moves = torch.block_diag(*(graph.transition_matrix for graph in graphs))
    initial, final = torch.zeros(2, sum(sizes), dtype=torch.float64).unbind()
    entering = 1.0
    for first, (start, graph) in enumerate(zip(starts, graphs, strict=True)):
        rows = slice(start, start + len(graph))
        initial[rows] = entering * graph.initial_probs
        entering *= graph.empty_prob
        passing = 1.0
        for start_after, after in zip(starts[first + 1 :], graphs[first + 1 :], strict=True):
            columns = slice(start_after, start_after + len(after))
            moves[rows, columns] = passing * torch.outer(graph.final_probs, after.initial_probs)
            passing *= after.empty_prob
            if passing == 0:
                break
        final[rows] = passing * graph.final_probs
    return _joined(graphs, initial, moves, final, entering)


def side_by_side(graphs: Sequence[StateGraph], probs: Sequence[float] | None = None) -> StateGraph:
    """One graph out of several: alternatives, such as pronunciations of a word, or the words of a task.

    Args:
        graphs: at least one.
        probs: probability of each, summing to 1; equal when left out.

    Raises:
        ValueError: no graphs, or not one probability for each.
    """
    _check_graphs(graphs)
    shares = [1 / len(graphs)] * len(graphs) if probs is None else list(probs)
    if len(shares) != len(graphs) or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"probs must be {len(graphs)} numbers that sum to 1, got {shares}")
    pairs = list(zip(shares, graphs, strict=True))
    initial = torch.cat([share * graph.initial_probs for share, graph in pairs])
    moves = torch.block_diag(*(graph.transition_matrix for graph in graphs))
    final = torch.cat([graph.final_probs for graph in graphs])
    return _joined(graphs, initial, moves, final, sum(share * graph.empty_prob for share, graph in pairs))


def optional(graph: StateGraph, prob: float = 0.5) -> StateGraph:
    """The graph with probability ``prob``, otherwise nothing: a pause that need not be there."""
    if not 0 < prob <= 1:
        raise ValueError(f"prob must lie in 0 … 1, 0 excluded, got {prob}")
    empty = 1 - prob * (1 - graph.empty_prob)
    return replace(graph, initial_probs=prob * graph.initial_probs, empty_prob=empty)


def looped(graph: StateGraph, again: float = 0.5) -> StateGraph:
    """The graph once or more: what leaves it comes back with probability ``again``.

    Args:
        graph: with no way past it.
        again: 0 … 1; the number of rounds is geometric.

    Raises:
        ValueError: ``again`` out of range, or a graph that may be empty, which would loop without a frame.
    """
    if graph.empty_prob > 0:
        raise ValueError(f"graph must not be passed without a frame in a loop, got {graph.empty_prob}")
    if not 0 <= again < 1:
        raise ValueError(f"again must lie in 0 … 1, 1 excluded, got {again}")
    back = again * torch.outer(graph.final_probs, graph.initial_probs)
    moves = graph.transition_matrix + back
    return replace(graph, transition_matrix=moves, final_probs=(1 - again) * graph.final_probs)


class GraphBatch(NamedTuple):
    """Graphs of several sequences, padded with unreachable states to one size.

    initial_probs, final_probs, emissions: (N, S). transition_matrix: (N, S, S).
    """

    initial_probs: Float[Tensor, "batch states"]
    transition_matrix: Float[Tensor, "batch states states"]
    final_probs: Float[Tensor, "batch states"]
    emissions: Int[Tensor, "batch states"]

    def log_likelihoods(
        self, scores: Float[Tensor, "batch frames emissions"]
    ) -> Float[Tensor, "batch frames states"]:
        """Scores of the emissions read off for every state: what the recursions take."""
        return scores.gather(2, self.emissions.unsqueeze(1).expand(-1, scores.shape[1], -1))


def batch_graphs(graphs: Sequence[StateGraph]) -> GraphBatch:
    """Stack graphs for one call of ``viterbi`` or ``forward_backward``, each sequence having its own.

    >>> batch = batch_graphs([left_to_right([0, 1]), left_to_right([2])])
    >>> batch.emissions
    tensor([[0, 1],
            [2, 0]])

    Raises:
        ValueError: no graphs.
    """
    _check_graphs(graphs)
    largest = max(map(len, graphs))
    moves = torch.zeros(len(graphs), largest, largest, dtype=torch.float64)
    for matrix, graph in zip(moves, graphs, strict=True):
        matrix[: len(graph), : len(graph)] = graph.transition_matrix
    columns = zip(*((g.initial_probs, g.final_probs, g.emissions) for g in graphs), strict=True)
    initial, final, emissions = (pad_sequence(list(column), batch_first=True) for column in columns)
    return GraphBatch(initial, moves, final, emissions)


def _check_graphs(graphs: Sequence[StateGraph]) -> None:
    if len(graphs) == 0:
        raise ValueError("graphs must hold at least one graph, got none")


def _joined(
    graphs: Sequence[StateGraph], initial: Tensor, moves: Tensor, final: Tensor, empty_prob: float
) -> StateGraph:
    emissions = torch.cat([graph.emissions for graph in graphs])
    words = torch.cat([graph.words for graph in graphs])
    return StateGraph(initial, moves, final, emissions, words, empty_prob)
