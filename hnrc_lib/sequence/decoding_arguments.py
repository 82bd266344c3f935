"""The arguments that both decoders share, checked once."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from hnrc_lib._shapes import Float, Shaped


def utterance_scores(
    log_probs: Shaped[Tensor, "..."],
    lengths: Shaped[Tensor, "..."] | Sequence[int],
    blank: int,
) -> list[Float[np.ndarray, "frames classes"]]:
    """The scores of each utterance, without its padding, in float64.

    Args:
        log_probs: natural logarithms, (T, N, C).
        lengths: frames of each utterance, 0 … T, (N,).
        blank: class of the blank, 0 … C − 1.

    Returns:
        N arrays (frames, C).

    Raises:
        ValueError: naming the argument, what was expected and what came.

    >>> import torch
    >>> [scores.shape for scores in utterance_scores(torch.zeros(4, 2, 3), [4, 1], 0)]
    [(4, 3), (1, 3)]
    """
    if log_probs.dim() != 3:
        raise ValueError(f"log_probs must have shape (T, N, C), got {tuple(log_probs.shape)}")
    time, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise ValueError(f"blank must be a class, 0 … {classes - 1}, got {blank}")
    frames = [int(length) for length in lengths]
    if len(frames) != batch or not all(0 <= length <= time for length in frames):
        raise ValueError(f"lengths must be {batch} integers within 0 … {time}, got {frames}")
    scores = log_probs.detach().double().cpu().numpy()
    for index, length in enumerate(frames):
        valid = scores[:length, index]
        if (
            np.isnan(valid).any()
            or (valid == np.inf).any()
            or (valid.max(1, initial=-np.inf) == -np.inf).any()
        ):
            raise ValueError(
                f"log_probs must be finite or −inf, with a finite one in each frame; utterance {index} is not"
            )
    return [scores[:length, index] for index, length in enumerate(frames)]
