"""Removal of a constant offset."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio._checks import check_array, check_lengths
from hnrc_lib.audio.masking import length_mask


def remove_dc(
    samples: Float[Tensor, "*batch time"], lengths: Int[Tensor, "*batch"] | None = None
) -> Float[Tensor, "*batch time"]:
    """Subtract the mean of each utterance, which a sound card adds and no voice carries.

    y[t] = x[t] − (1/L) Σ_{s<L} x[s]

    Loading leaves the offset in place, so that samples equal the file's; take this step before features
    whose lowest filter reaches 0 Hz. ``pre_emphasis`` weakens an offset by 1 − coefficient instead.

    Args:
        samples: x, shape (..., T).
        lengths: L, shape (...), samples per utterance in a padded batch; T when left out.

    Returns:
        y, shape (..., T); zero past each length.

    Raises:
        TypeError, ValueError: ``samples`` is not floating or is empty; ``lengths`` do not fit.

    >>> remove_dc(torch.tensor([1.0, 2.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """
    check_array("samples", samples, axes=1)
    if lengths is None:
        return samples - samples.mean(dim=-1, keepdim=True)
    check_lengths(lengths, batch=samples.shape[:-1], longest=samples.shape[-1])
    inside = length_mask(lengths.to(samples.device), samples.shape[-1])
    total = torch.where(inside, samples, 0).sum(dim=-1, keepdim=True)
    mean = total / inside.sum(dim=-1, keepdim=True)
    return torch.where(inside, samples - mean, 0)
