"""How many frames strided convolutions leave."""

from typing import overload

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int


@overload
def strided_length(length: int, stride: int) -> int: ...
@overload
def strided_length(length: Tensor, stride: int) -> Tensor: ...
def strided_length(length: int | Tensor, stride: int) -> int | Tensor:
    """Outputs of a convolution of width 3 with one zero on either side: ⌊(L − 1)/stride⌋ + 1.

    >>> strided_length(101, 2), strided_length(torch.tensor([7, 8]), 4)
    (51, tensor([2, 2]))
    """
    return (length - 1) // stride + 1


def check_frames(
    features: Float[Tensor, "batch frames features"], lengths: Tensor | None
) -> Int[Tensor, "batch"]:
    """Valid frames of each utterance on the features' device; all of them when no lengths are given.

    Raises:
        ValueError: not one length for each utterance, or one below 1 or above T.
    """
    batch, size = features.shape[:2]
    if lengths is None:
        return torch.full((batch,), size, device=features.device)
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must have shape ({batch},), got {tuple(lengths.shape)}")
    if not 1 <= int(lengths.min()) <= int(lengths.max()) <= size:
        span = f"{int(lengths.min())} … {int(lengths.max())}"
        raise ValueError(f"lengths must lie in 1 … {size} (frames), got {span}")
    return lengths.to(features.device)
