"""A hidden Markov model as a value: where it starts, moves and ends."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.hmm.recursions import Posteriors, forward, forward_backward
from hnrc_lib.sequence.hmm.viterbi import BestPath, viterbi

_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class HMM:
    """P(s, x) = π(s_1) Π_t A(s_{t−1}, s_t) Π_t b_{s_t}(x_t) f(s_T), the b being given frame by frame.

    Attributes:
        initial_probs: π, shape (S,), sums to 1.
        transition_matrix: A, from row to column, shape (S, S).
        final_probs: f, shape (S,), probability of ending instead of moving on, so that every row of A and
            its f sum to 1; None where a sequence may end anywhere: rows of A sum to 1.

    Raises:
        ValueError: shapes that do not fit, or probabilities that do not sum to 1.

    >>> model = HMM(torch.tensor([1.0, 0.0]), torch.tensor([[0.5, 0.5], [0.0, 1.0]]))
    >>> model.viterbi(torch.tensor([[[0.0, -9.0], [-9.0, 0.0]]])).states
    tensor([[0, 1]])
    """

    initial_probs: Float[Tensor, " states"]
    transition_matrix: Float[Tensor, "states states"]
    final_probs: Float[Tensor, " states"] | None = None

    def __post_init__(self) -> None:
        size = len(self.initial_probs)
        if self.transition_matrix.shape != (size, size):
            got = tuple(self.transition_matrix.shape)
            raise ValueError(f"transition_matrix must have shape {(size, size)}, got {got}")
        leaving = self.transition_matrix.sum(1)
        if self.final_probs is not None:
            if self.final_probs.shape != (size,):
                raise ValueError(
                    f"final_probs must have shape {(size,)}, got {tuple(self.final_probs.shape)}"
                )
            leaving = leaving + self.final_probs
        for name, sums in (("initial_probs", self.initial_probs.sum()), ("transition_matrix", leaving)):
            if not bool(((sums - 1).abs() < _TOLERANCE).all()):
                raise ValueError(f"{name} must sum to 1 (rows with final_probs), got sums {sums.tolist()}")

    def log_likelihood(
        self,
        log_likelihoods: Float[Tensor, "batch frames states"],
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, " batch"]:
        """log P(x) of each sequence; see ``forward``."""
        found = forward(
            self.initial_probs, self.transition_matrix, log_likelihoods, lengths, self.final_probs
        )
        return found.log_likelihood

    def posteriors(
        self,
        log_likelihoods: Float[Tensor, "batch frames states"],
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> Posteriors:
        """Probability of each state at each frame; see ``forward_backward``."""
        return forward_backward(
            self.initial_probs, self.transition_matrix, log_likelihoods, lengths, self.final_probs
        )

    def viterbi(
        self,
        log_likelihoods: Float[Tensor, "batch frames states"],
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> BestPath:
        """The best state path; see ``viterbi``."""
        return viterbi(self.initial_probs, self.transition_matrix, log_likelihoods, lengths, self.final_probs)

    def reestimated(self, posteriors: Posteriors) -> "HMM":
        """The M-step of Baum–Welch: expected counts of all sequences, normalised.

            π ∝ Σ_n γ_1,  A_ij ∝ Σ_n ξ_ij,  f_i ∝ Σ_n γ_T(i)

        A state that was never visited keeps its row. ``posteriors`` must hold no infeasible sequence.
        """
        initial = posteriors.states[:, 0].sum(0)
        moves = posteriors.transitions.sum(0)
        final = self.final_probs
        # Every visit ends in a move or in the end.
        visits = moves.sum(1) if final is None else posteriors.states.sum((0, 1))
        seen = visits > 0
        safe = torch.where(seen, visits, 1)
        matrix = torch.where(seen.unsqueeze(1), moves / safe.unsqueeze(1), self.transition_matrix.to(moves))
        if final is not None:
            # What could not happen still cannot: a difference that rounds to 1e-16 is not an end.
            ends = torch.where(final > 0, (visits - moves.sum(1)).clamp(min=0), 0)
            final = torch.where(seen, ends / safe, final.to(ends))
        return HMM(initial / initial.sum(), matrix, final)
