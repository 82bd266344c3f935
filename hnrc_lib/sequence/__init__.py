"""From log-probabilities to a loss: CTC, differentiable twice."""

from hnrc_lib.sequence.ctc import (
    ctc_alignment_posteriors,
    ctc_gauss_newton_product,
    ctc_loss,
    ctc_loss_from_logits,
)

__all__ = [
    "ctc_alignment_posteriors",
    "ctc_gauss_newton_product",
    "ctc_loss",
    "ctc_loss_from_logits",
]
