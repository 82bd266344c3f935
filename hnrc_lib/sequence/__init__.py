"""From log-probabilities to a loss: CTC, differentiable twice."""

from hnrc_lib.sequence.arpa import read_arpa, write_arpa
from hnrc_lib.sequence.ctc import (
    ctc_alignment_posteriors,
    ctc_gauss_newton_product,
    ctc_loss,
    ctc_loss_from_logits,
)
from hnrc_lib.sequence.ngram import NGram
from hnrc_lib.sequence.vocabulary import Vocabulary

__all__ = [
    "NGram",
    "Vocabulary",
    "ctc_alignment_posteriors",
    "ctc_gauss_newton_product",
    "ctc_loss",
    "ctc_loss_from_logits",
    "read_arpa",
    "write_arpa",
]
