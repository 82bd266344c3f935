"""torch's own CTC kernels: the first derivative at their price."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int

SLACK = 1e-3  # how far above 0 rounding may put a log-probability
FLOAT32_FRAMES = 1000  # in float32 its gradient is off by 1e-4 at 200 frames, by 1e-2 at 5 000


def serves(log_probs: Float[Tensor, "time batch classes"]) -> bool:
    """Whether torch's kernel is right here: it subtracts from exp(x) and turns −inf into NaN."""
    lowest, highest = torch.aminmax(log_probs)
    return float(lowest) > -torch.inf and float(highest) <= SLACK


def native_loss(
    log_probs: Float[Tensor, "time batch classes"],
    targets: Int[Tensor, "batch labels"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
    blank: int,
) -> tuple[Float[Tensor, " batch"], Float[Tensor, "batch time states"]]:
    """−log Z of every utterance and torch's log α; float64 for utterances too long for float32."""
    if log_probs.shape[0] > FLOAT32_FRAMES:
        log_probs = log_probs.double()
    lengths = input_lengths.tolist(), target_lengths.tolist()
    return torch.ops.aten._ctc_loss(log_probs, targets, *lengths, blank, True)


def native_gradient(
    weight: Float[Tensor, " batch"],
    log_probs: Float[Tensor, "time batch classes"],
    targets: Int[Tensor, "batch labels"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
    loss: Float[Tensor, " batch"],
    log_alpha: Float[Tensor, "batch time states"],
    blank: int,
) -> Float[Tensor, "time batch classes"]:
    """weight · (exp(log_probs) − γ), zero in padding and for infeasible targets: the gradient of logits.

    Computed in the dtype of log α, returned in that of the log-probabilities.
    """
    lengths = input_lengths.tolist(), target_lengths.tolist()
    working = weight.to(log_alpha.dtype), log_probs.to(log_alpha.dtype)
    gradient = torch.ops.aten._ctc_loss_backward(*working, targets, *lengths, loss, log_alpha, blank, True)
    return gradient.to(log_probs.dtype)
