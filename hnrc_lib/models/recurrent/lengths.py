"""Sequences of different lengths in one padded batch: masks, reversal within each length, last states."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Lengths:
    """Lengths of the sequences of a batch, all between 1 and T.

    Attributes:
        values: shape (N,), int64, on the CPU.
        valid: shape (T, N, 1), true inside each sequence.
        reversal: shape (T, N, 1), index of the frame that takes each place when every sequence is
            reversed by itself; padding stays where it is.
        last: shape (N,), index of each last frame.
    """

    values: Tensor
    valid: Tensor
    reversal: Tensor
    last: Tensor

    def padded_with_zeros(self, sequence: Tensor) -> Tensor:
        """The sequence (T, N, F) with zeros beyond each length."""
        return torch.where(self.valid, sequence, 0.0)

    def reverse(self, sequence: Tensor) -> Tensor:
        """Each sequence reversed within its length; its own inverse."""
        return sequence.gather(0, self.reversal.expand(-1, -1, sequence.shape[-1]))

    def final(self, sequence: Tensor) -> Tensor:
        """The value at each last frame, shape (N, F)."""
        index = self.last[None, :, None].expand(1, -1, sequence.shape[-1])
        return sequence.gather(0, index)[0]


def prepare_lengths(
    lengths: Tensor | Sequence[int] | None, num_frames: int, batch_size: int, device: torch.device
) -> Lengths | None:
    """Check lengths and derive what the sweeps need; None where every sequence is full.

    Args:
        lengths: n_i, frames of each sequence, 1 … T; a tensor (N,) of integers or a list.
        num_frames: T.
        batch_size: N.
        device: of the sequences.

    Raises:
        ValueError: not one length for each sequence, or a length below 1 or above T.
        TypeError: lengths are not integers.

    >>> prepare_lengths([3, 1], 3, 2, torch.device("cpu")).reversal[..., 0]
    tensor([[2, 0],
            [1, 1],
            [0, 2]])
    """
    if lengths is None:
        return None
    values = torch.as_tensor(lengths).detach().to("cpu")
    if values.is_floating_point() or values.is_complex() or values.dtype == torch.bool:
        raise TypeError(f"lengths must be integers, got {values.dtype}")
    if values.shape != (batch_size,):
        raise ValueError(f"lengths must have shape ({batch_size},), got {tuple(values.shape)}")
    values = values.to(torch.int64)
    wrong = (values < 1) | (values > num_frames)
    if bool(wrong.any()):
        index = int(wrong.nonzero()[0])
        raise ValueError(
            f"lengths must lie between 1 and {num_frames} (frames), got {int(values[index])} at index {index}"
        )
    if bool((values == num_frames).all()):
        return None
    here = values.to(device)
    time = torch.arange(num_frames, device=device)[:, None]
    valid = time < here
    reversal = torch.where(valid, here - 1 - time, time)
    return Lengths(values, valid[..., None], reversal[..., None], here - 1)
