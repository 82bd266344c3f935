"""The transitions of a hidden Markov model as lists of arcs: most of a speech model's matrix is zero."""

from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int

FORBIDDEN = -1e30  # log of probability 0: finite, so that no difference of two is NaN
IMPOSSIBLE = -1e29  # a path below this one takes a forbidden step
_DENSE = 0.5  # from this share of sources per state on, looking arcs up costs more than it saves


class Arcs(NamedTuple):
    """For every state, the states it is entered from.

    sources: shape (1 or N, S, K), ascending; None where every state is a source, K = S.
    scores: log-probability of each arc, shape (1 or N, S, K), FORBIDDEN where there is none.
    """

    sources: Int[Tensor, "batch states arcs"] | None
    scores: Float[Tensor, "batch states arcs"]

    def arriving(self, values: Float[Tensor, "batch states"]) -> Float[Tensor, "batch states arcs"]:
        """Values of the sources plus the arcs' scores."""
        if self.sources is None:
            return values.unsqueeze(1) + self.scores
        if len(self.sources) == 1:
            return values[:, self.sources[0]] + self.scores
        found = values.gather(1, self.sources.flatten(1))
        return found.view(self.sources.shape) + self.scores

    def source_of(self, state: Int[Tensor, " batch"], arc: Int[Tensor, " batch"]) -> Int[Tensor, " batch"]:
        """The state at the other end of one arc of each sequence."""
        if self.sources is None:
            return arc
        row = torch.arange(len(state), device=state.device) if len(self.sources) > 1 else 0
        return self.sources[row, state, arc]


def log_probs(probs: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Logarithms, FORBIDDEN for 0; its derivative at 0 is 0.

    >>> log_probs(torch.tensor([1.0, 0.0]))
    tensor([ 0.0000e+00, -1.0000e+30])
    """
    positive = probs > 0
    return torch.where(positive, torch.where(positive, probs, 1).log(), FORBIDDEN)


def incoming(transition_matrix: Float[Tensor, "batch states states"]) -> Arcs:
    """Arcs into each state; those out of each state are ``incoming`` of the transposed matrix.

    Args:
        transition_matrix: A, shape (1 or N, S, S), A[i, j] from i to j, ≥ 0.

    >>> chain = 0.5 * torch.eye(4) + 0.5 * torch.eye(4).roll(1, 1)  # the last state leads to the first
    >>> incoming(chain[None]).sources
    tensor([[[0, 3],
             [0, 1],
             [1, 2],
             [2, 3]]])
    """
    into = transition_matrix.mT
    size = into.shape[-1]
    most = max(int((into > 0).sum(-1).max()), 1)
    if most > _DENSE * size:
        return Arcs(None, log_probs(into))
    sources = into.topk(most, dim=-1).indices.sort(dim=-1).values
    return Arcs(sources, log_probs(into.gather(-1, sources)))
