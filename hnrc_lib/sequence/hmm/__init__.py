"""Hidden Markov models: recursions, emissions, topologies and decoding, batched and in log space."""

from hnrc_lib.sequence.hmm.baum_welch import BaumWelch, baum_welch
from hnrc_lib.sequence.hmm.emissions import GaussianMixture, MixtureStatistics, gaussian_from_alignment
from hnrc_lib.sequence.hmm.hmm import HMM
from hnrc_lib.sequence.hmm.recursions import Forward, Posteriors, backward, forward, forward_backward
from hnrc_lib.sequence.hmm.topology import (
    GraphBatch,
    StateGraph,
    batch_graphs,
    in_a_row,
    left_to_right,
    looped,
    optional,
    side_by_side,
)
from hnrc_lib.sequence.hmm.viterbi import BestPath, viterbi
from hnrc_lib.sequence.hmm.word_loop import DecodedWords, PairScores, WordLoop, word_loop

__all__ = [
    "HMM",
    "BaumWelch",
    "BestPath",
    "DecodedWords",
    "Forward",
    "GaussianMixture",
    "GraphBatch",
    "MixtureStatistics",
    "PairScores",
    "Posteriors",
    "StateGraph",
    "WordLoop",
    "backward",
    "batch_graphs",
    "baum_welch",
    "forward",
    "forward_backward",
    "gaussian_from_alignment",
    "in_a_row",
    "left_to_right",
    "looped",
    "optional",
    "side_by_side",
    "viterbi",
    "word_loop",
]
