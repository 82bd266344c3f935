"""From log-probabilities to a loss: CTC, differentiable twice."""

from hnrc_lib.sequence.agreement import Reading, most_agreed
from hnrc_lib.sequence.arpa import read_arpa, write_arpa
from hnrc_lib.sequence.beam_search import Hypothesis, SymbolScorer, beam_search
from hnrc_lib.sequence.ctc import (
    ctc_alignment_posteriors,
    ctc_gauss_newton_product,
    ctc_loss,
    ctc_loss_from_logits,
)
from hnrc_lib.sequence.ctc_alignment import ctc_align
from hnrc_lib.sequence.ctc_product import softmax_curvature
from hnrc_lib.sequence.greedy_decode import GreedyPath, greedy_decode
from hnrc_lib.sequence.hmm import HMM, viterbi
from hnrc_lib.sequence.metrics import ErrorRate, alignment_lines, character_error_rate, word_error_rate
from hnrc_lib.sequence.ngram import NGram
from hnrc_lib.sequence.vocabulary import Vocabulary
from hnrc_lib.sequence.word_confidence import word_confidences
from hnrc_lib.sequence.word_fusion import FusionState, WordFusion

__all__ = [
    "HMM",
    "ErrorRate",
    "FusionState",
    "GreedyPath",
    "Hypothesis",
    "NGram",
    "Reading",
    "SymbolScorer",
    "Vocabulary",
    "WordFusion",
    "alignment_lines",
    "beam_search",
    "character_error_rate",
    "ctc_align",
    "ctc_alignment_posteriors",
    "ctc_gauss_newton_product",
    "ctc_loss",
    "ctc_loss_from_logits",
    "greedy_decode",
    "most_agreed",
    "read_arpa",
    "softmax_curvature",
    "viterbi",
    "word_confidences",
    "word_error_rate",
    "write_arpa",
]
