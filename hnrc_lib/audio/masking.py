"""Which samples or frames of a padded batch belong to an utterance."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Bool, Int


def length_mask(lengths: Int[Tensor, "*batch"], size: int) -> Bool[Tensor, "*batch size"]:
    """True where a position lies within its utterance: m[b, t] = (t < lengths[b]).

    Args:
        lengths: L, shape (...), integers from 0 to ``size``.
        size: number of positions in the padded axis.

    Returns:
        m, shape (..., size), on the device of ``lengths``.

    >>> length_mask(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(-1)
