"""From log-probabilities to a loss: CTC, differentiable twice."""

from hnrc_lib.sequence.ctc import (
    ctc_alignment_posteriors,
    ctc_gauss_newton_product,
    ctc_loss,
    ctc_loss_from_logits,
)
from hnrc_lib.sequence.vocabulary import Vocabulary

__all__ = [
    "Vocabulary",
    "ctc_alignment_posteriors",
    "ctc_gauss_newton_product",
    "ctc_loss",
    "ctc_loss_from_logits",
]
