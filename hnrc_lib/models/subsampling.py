"""How many frames strided convolutions leave."""

from collections.abc import Iterable, Sequence
from typing import overload

import torch
from torch import Tensor, nn
from torch.nn import functional

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


def strided_lengths(lengths: Int[Tensor, "batch"], strides: Iterable[int]) -> Int[Tensor, "batch"]:
    """Frames that several such convolutions leave, one after another.

    >>> strided_lengths(torch.tensor([101, 60]), (2, 2))
    tensor([26, 15])
    """
    for stride in strides:
        lengths = strided_length(lengths, stride)
    return lengths


def subsample(
    convolutions: Iterable[nn.Module],
    strides: Sequence[int],
    features: Float[Tensor, "batch frames features"],
    frames: Int[Tensor, "batch"],
) -> tuple[Float[Tensor, "batch shorter wider"], Int[Tensor, "batch"]]:
    """Convolutions over time and bands with a ReLU after each; what lies beyond an utterance counts as zero.

    Args:
        convolutions: of width 3 with one zero on either side, the first of one channel.
        strides: of each in time.
        features: shape (N, T, F).
        frames: valid frames of each utterance, on the features' device.

    Returns:
        Channels and bands side by side, shape (N, T′, channels·bands), and the frames of each.
    """
    images = features.unsqueeze(1)
    for layer, stride in zip(convolutions, strides, strict=True):
        inside = torch.arange(images.shape[2], device=images.device) < frames[:, None]
        images = functional.relu(layer(images * inside[:, None, :, None].to(images.dtype)))
        frames = strided_length(frames, stride)
    return images.movedim(1, 2).flatten(2), frames
