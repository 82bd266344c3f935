"""The best state path of a hidden Markov model."""

from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.hmm.arcs import IMPOSSIBLE, Arcs, incoming
from hnrc_lib.sequence.hmm.arguments import Arguments, arrange


class BestPath(NamedTuple):
    """states: the path, (N, T), −1 in padding and where no path exists. score: its log-probability, (N,)."""

    states: Int[Tensor, "batch frames"]
    score: Float[Tensor, " batch"]


def viterbi(
    initial_probs: Float[Tensor, "... states"],
    transition_matrix: Float[Tensor, "... states states"],
    log_likelihoods: Float[Tensor, "batch frames states"],
    lengths: Int[Tensor, " batch"] | None = None,
    final_probs: Float[Tensor, "... states"] | None = None,
) -> BestPath:
    """The most probable state path of each sequence of a padded batch.

        δ_1(j) = π_j b_j(x_1),  δ_t(j) = max_i δ_{t−1}(i) A_ij · b_j(x_t),  score = max_j log δ_T(j) f_j

    Args:
        initial_probs: π, shape (S,), or (N, S) where every sequence has its own model: forced alignment.
        transition_matrix: A, from row to column, shape (S, S) or (N, S, S).
        log_likelihoods: log b_j(x_t), any real scores or −inf, shape (N, T, S).
        lengths: frames of each sequence, 1 … T, shape (N,); T when left out.
        final_probs: f, probability of ending after a state, shape (S,) or (N, S); 1 when left out.

    Returns:
        Paths and scores; score −inf where no path exists.

    Raises:
        TypeError, ValueError: naming the argument.

    >>> start, moves = torch.tensor([1.0, 0.0]), torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    >>> frames = torch.tensor([[[0.0, -9.0], [-1.0, -2.0], [-9.0, 0.0]]])
    >>> viterbi(start, moves, frames)
    BestPath(states=tensor([[0, 0, 1]]), score=tensor([-2.3863]))

    Source: Viterbi (1967); Forney, The Viterbi algorithm (1973).
    """
    with torch.no_grad():
        arguments = arrange(initial_probs, transition_matrix, log_likelihoods, lengths, final_probs)
        arcs = incoming(arguments.transitions)
        pointers, last = _best_arcs(arguments, arcs)
        score, state = (last + arguments.final).max(-1)
        states = _trace_back(arguments, arcs, pointers, state)
        lost = score < IMPOSSIBLE
        states = states.masked_fill(lost.unsqueeze(1) | ~arguments.inside, -1)
        return BestPath(states, score.masked_fill(lost, -torch.inf))


def _best_arcs(arguments: Arguments, arcs: Arcs) -> tuple[Tensor, Tensor]:
    """Which arc the best path into each state takes, (T − 1, N, S), and the score after the last frame."""
    scores, inside = arguments.log_likelihoods, arguments.inside
    batch, frames, size = scores.shape
    narrow = torch.uint8 if arcs.scores.shape[-1] <= 256 else torch.int32
    pointers = torch.empty(frames - 1, batch, size, dtype=narrow, device=scores.device)
    delta = arguments.initial + scores[:, 0]
    for t in range(1, frames):
        best, arc = arcs.arriving(delta).max(-1)
        pointers[t - 1] = arc
        delta = torch.where(inside[:, t, None], best + scores[:, t], delta)
    return pointers, delta


def _trace_back(arguments: Arguments, arcs: Arcs, pointers: Tensor, state: Tensor) -> Tensor:
    states = torch.empty(arguments.inside.shape, dtype=torch.int64, device=state.device)
    for t in range(len(pointers), 0, -1):
        states[:, t] = state
        arc = pointers[t - 1].gather(1, state.unsqueeze(1)).squeeze(1).long()
        state = torch.where(arguments.inside[:, t], arcs.source_of(state, arc), state)
    states[:, 0] = state
    return states
