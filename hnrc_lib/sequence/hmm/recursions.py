"""Forward, backward, and both together: sums over all state paths of a hidden Markov model.

The first argument of every function is the start, then the transitions, then the scores of the frames;
``lengths`` gives the true size of each sequence of a padded batch. Computing goes on in the dtype of
``log_likelihoods``; float64 is advised, since differences of long sums are taken.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.hmm.arcs import IMPOSSIBLE, Arcs, incoming
from hnrc_lib.sequence.hmm.arguments import Arguments, arrange


class Forward(NamedTuple):
    """log_likelihood: log P(x), (N,), −inf where no path exists. log_alpha: (N, T, S)."""

    log_likelihood: Float[Tensor, " batch"]
    log_alpha: Float[Tensor, "batch frames states"]


class Posteriors(NamedTuple):
    """What the E-step of Baum–Welch gives.

    log_likelihood: log P(x), (N,), −inf where no path exists; posteriors and counts are then 0.
    states: γ, P(s_t = i | x), (N, T, S), 0 in padding.
    transitions: ξ summed over time, expected number of steps from i to j, (N, S, S).
    """

    log_likelihood: Float[Tensor, " batch"]
    states: Float[Tensor, "batch frames states"]
    transitions: Float[Tensor, "batch states states"]


def forward(
    initial_probs: Float[Tensor, "... states"],
    transition_matrix: Float[Tensor, "... states states"],
    log_likelihoods: Float[Tensor, "batch frames states"],
    lengths: Int[Tensor, " batch"] | None = None,
    final_probs: Float[Tensor, "... states"] | None = None,
) -> Forward:
    """Log-likelihood of each sequence: the sum over all state paths, differentiable.

        α_1(j) = π_j b_j(x_1),  α_t(j) = Σ_i α_{t−1}(i) A_ij b_j(x_t),  P(x) = Σ_j α_T(j) f_j

    Args:
        initial_probs: π, shape (S,), or (N, S) where every sequence has its own.
        transition_matrix: A, from row to column, shape (S, S) or (N, S, S).
        log_likelihoods: log b_j(x_t), any real scores or −inf, shape (N, T, S).
        lengths: frames of each sequence, 1 … T, shape (N,); T when left out.
        final_probs: f, probability of ending after a state, shape (S,) or (N, S); 1 when left out.

    Returns:
        log P(x) and log α; past a sequence's frames log α repeats its last frame.

    Raises:
        TypeError, ValueError: naming the argument.

    >>> start, moves = torch.tensor([1.0, 0.0]), torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    >>> forward(start, moves, torch.zeros(1, 3, 2)).log_alpha.exp()
    tensor([[[1.0000, 0.0000],
             [0.5000, 0.5000],
             [0.2500, 0.7500]]])

    Source: Baum and others (1970); Rabiner, A tutorial on hidden Markov models (1989).
    """
    arguments = arrange(initial_probs, transition_matrix, log_likelihoods, lengths, final_probs)
    alpha = _forward(arguments, incoming(arguments.transitions))
    return Forward(_total(alpha, arguments), _readable(alpha))


def backward(
    initial_probs: Float[Tensor, "... states"],
    transition_matrix: Float[Tensor, "... states states"],
    log_likelihoods: Float[Tensor, "batch frames states"],
    lengths: Int[Tensor, " batch"] | None = None,
    final_probs: Float[Tensor, "... states"] | None = None,
) -> Float[Tensor, "batch frames states"]:
    """Log-probability of what follows each frame, given its state.

        β_T(i) = f_i,  β_t(i) = Σ_j A_ij b_j(x_{t+1}) β_{t+1}(j)

    Args:
        initial_probs, transition_matrix, log_likelihoods, lengths, final_probs: as for ``forward``.

    Returns:
        log β, shape (N, T, S); past a sequence's frames that of its last frame.

    Raises:
        TypeError, ValueError: naming the argument.

    >>> start, moves = torch.tensor([1.0, 0.0]), torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    >>> backward(start, moves, torch.zeros(1, 3, 2), final_probs=torch.tensor([0.0, 1.0])).exp()
    tensor([[[0.7500, 1.0000],
             [0.5000, 1.0000],
             [0.0000, 1.0000]]])
    """
    arguments = arrange(initial_probs, transition_matrix, log_likelihoods, lengths, final_probs)
    return _readable(_backward(arguments))


def forward_backward(
    initial_probs: Float[Tensor, "... states"],
    transition_matrix: Float[Tensor, "... states states"],
    log_likelihoods: Float[Tensor, "batch frames states"],
    lengths: Int[Tensor, " batch"] | None = None,
    final_probs: Float[Tensor, "... states"] | None = None,
) -> Posteriors:
    """Where a sequence is at each frame, and how often it takes each step, over all paths.

        γ_t(i) = α_t(i) β_t(i) / P(x),  ξ(i, j) = Σ_t α_t(i) A_ij b_j(x_{t+1}) β_{t+1}(j) / P(x)

    Both are derivatives of log P(x), γ in log b and ξ in log A. No graph is kept; ``forward`` keeps one.

    Args:
        initial_probs, transition_matrix, log_likelihoods, lengths, final_probs: as for ``forward``.

    Returns:
        Log-likelihoods, γ and ξ.

    Raises:
        TypeError, ValueError: naming the argument.

    >>> start, moves = torch.tensor([1.0, 0.0]), torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    >>> found = forward_backward(start, moves, torch.zeros(1, 3, 2), final_probs=torch.tensor([0.0, 1.0]))
    >>> found.states
    tensor([[[1.0000, 0.0000],
             [0.3333, 0.6667],
             [0.0000, 1.0000]]])
    >>> found.transitions
    tensor([[[0.3333, 1.0000],
             [0.0000, 0.6667]]])
    """
    with torch.no_grad():
        arguments = arrange(initial_probs, transition_matrix, log_likelihoods, lengths, final_probs)
        arcs = incoming(arguments.transitions)
        alpha, beta = _forward(arguments, arcs), _backward(arguments)
        total = _total(alpha, arguments)
        scale = torch.where(total.isinf(), torch.inf, total).view(-1, 1, 1)
        states = (alpha + beta - scale).exp() * arguments.inside.unsqueeze(2)
        return Posteriors(total, states, _transition_counts(arguments, arcs, alpha, beta, scale))


def _forward(arguments: Arguments, arcs: Arcs) -> Tensor:
    scores, inside = arguments.log_likelihoods, arguments.inside
    alpha = arguments.initial + scores[:, 0]
    frames = [alpha]
    for t in range(1, scores.shape[1]):
        entered = arcs.arriving(alpha).logsumexp(-1) + scores[:, t]
        alpha = torch.where(inside[:, t, None], entered, alpha)
        frames.append(alpha)
    return torch.stack(frames, dim=1)


def _backward(arguments: Arguments) -> Tensor:
    scores, inside = arguments.log_likelihoods, arguments.inside
    leaving = incoming(arguments.transitions.mT)
    final = arguments.final.expand(len(scores), -1)
    beta = final
    frames = [beta]
    for t in range(scores.shape[1] - 1, 0, -1):
        before = leaving.arriving(beta + scores[:, t]).logsumexp(-1)
        beta = torch.where(inside[:, t, None], before, final)
        frames.append(beta)
    return torch.stack(frames[::-1], dim=1)


def _total(alpha: Tensor, arguments: Arguments) -> Tensor:
    return _readable((alpha[:, -1] + arguments.final).logsumexp(-1))


def _readable(scores: Tensor) -> Tensor:
    """−inf where only forbidden paths lead."""
    return torch.where(scores < IMPOSSIBLE, -torch.inf, scores)


def _transition_counts(
    arguments: Arguments, arcs: Arcs, alpha: Tensor, beta: Tensor, scale: Tensor
) -> Tensor:
    scores, inside = arguments.log_likelihoods, arguments.inside
    batch, frames, size = scores.shape
    ahead = scores + beta - scale
    counts = torch.zeros_like(arcs.scores).expand(batch, -1, -1).clone()
    for t in range(1, frames):
        taken = (arcs.arriving(alpha[:, t - 1]) + ahead[:, t].unsqueeze(-1)).exp_()
        counts += taken * inside[:, t, None, None]
    if arcs.sources is None:
        return counts.mT
    into = counts.new_zeros(batch, size, size)
    return into.scatter_add_(2, arcs.sources.expand_as(counts), counts).mT
