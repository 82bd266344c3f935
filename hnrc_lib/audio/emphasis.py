"""Pre-emphasis: the filter that flattens the fall of voiced speech towards high frequencies."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio._checks import check_array, check_lengths
from hnrc_lib.audio.masking import length_mask


def pre_emphasis(
    samples: Float[Tensor, "*batch time"],
    coefficient: float = 0.97,
    *,
    lengths: Int[Tensor, "*batch"] | None = None,
) -> Float[Tensor, "*batch time"]:
    """First-order high-pass filter.

    y[t] = x[t] − a·x[t−1],  x[−1] := x[0]

    The first sample is repeated before the start, as HTK and Kaldi do, so that an offset makes no click.

    Args:
        samples: x, shape (..., T).
        coefficient: a, from 0 (no filter) to 1.
        lengths: L, shape (...), samples per utterance in a padded batch; without it, the filter's last
            step leaks into the padding.

    Returns:
        y, shape (..., T); zero past each length.

    Raises:
        TypeError, ValueError: ``samples`` is not floating or is empty, ``coefficient`` is not in [0, 1],
            or ``lengths`` do not fit.

    >>> pre_emphasis(torch.tensor([1.0, 1.0, 3.0]), 0.5)
    tensor([0.5000, 0.5000, 2.5000])

    Source: Young et al., The HTK Book (2002), section 5.2.
    """
    check_array("samples", samples, axes=1)
    if not 0 <= coefficient <= 1:
        raise ValueError(f"coefficient must lie from 0 to 1, got {coefficient}")
    before = torch.cat([samples[..., :1], samples[..., :-1]], dim=-1)
    filtered = samples - coefficient * before
    if lengths is None:
        return filtered
    check_lengths(lengths, batch=samples.shape[:-1], longest=samples.shape[-1])
    return torch.where(length_mask(lengths.to(samples.device), samples.shape[-1]), filtered, 0)
