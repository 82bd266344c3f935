"""Short overlapping frames of a signal, and how many there are."""

from typing import overload

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio._checks import check_array, check_lengths, check_positive_integer
from hnrc_lib.audio.masking import length_mask


@overload
def num_frames(lengths: int, *, n_fft: int, hop_length: int, center: bool = True) -> int: ...
@overload
def num_frames(lengths: Tensor, *, n_fft: int, hop_length: int, center: bool = True) -> Tensor: ...
def num_frames(
    lengths: int | Int[Tensor, "*batch"], *, n_fft: int, hop_length: int, center: bool = True
) -> int | Int[Tensor, "*batch"]:
    """Number of frames that a signal of so many samples gives.

    N = 1 + ⌊(L + 2p − n_fft) / hop_length⌋,  p = ⌊n_fft/2⌋ if ``center`` else 0, and N = 0 if negative

    Args:
        lengths: L, in samples: an integer, or a tensor of any shape.
        n_fft: frame length, in samples, > 0.
        hop_length: step from one frame to the next, in samples, > 0.
        center: whether frame t is centred on sample t·hop_length of a zero-padded signal.

    Returns:
        N, of the type of ``lengths``.

    Raises:
        ValueError: ``n_fft`` or ``hop_length`` is not a positive integer.

    >>> num_frames(16000, n_fft=400, hop_length=160)
    101
    >>> num_frames(torch.tensor([16000, 399]), n_fft=400, hop_length=160, center=False)
    tensor([98,  0])
    """
    check_positive_integer("n_fft", n_fft)
    check_positive_integer("hop_length", hop_length)
    room = lengths + (2 * (n_fft // 2) if center else 0) - n_fft
    if isinstance(room, Tensor):
        return (1 + room.div(hop_length, rounding_mode="floor")).clamp(min=0)
    return max(0, 1 + int(room) // int(hop_length))


def frame_signal(
    samples: Float[Tensor, "*batch time"],
    *,
    n_fft: int,
    hop_length: int,
    center: bool = True,
    lengths: Int[Tensor, "*batch"] | None = None,
) -> Float[Tensor, "*batch frames n_fft"]:
    """Cut a signal into overlapping frames.

    y[t, k] = x[t·hop_length + k − p],  p = ⌊n_fft/2⌋ if ``center`` else 0, and x = 0 outside 0 … L−1

    Zeros outside, rather than a reflection, make the frames of an utterance the same whether it is alone
    or padded in a batch. Where nothing is masked and ``center`` is false the result is a view.

    Args:
        samples: x, shape (..., T).
        n_fft: frame length, in samples, > 0; at most L unless ``center``.
        hop_length: step from one frame to the next, in samples, > 0.
        center: whether frame t is centred on sample t·hop_length.
        lengths: L, shape (...), samples per utterance in a padded batch; T when left out.

    Returns:
        y, shape (..., num_frames(T), n_fft); zero from frame ``num_frames(L)`` on.

    Raises:
        TypeError, ValueError: ``samples`` is not floating or is empty, a size is not a positive integer,
            a signal is shorter than a frame and not centred, or ``lengths`` do not fit.

    >>> frame_signal(torch.arange(1.0, 6.0), n_fft=4, hop_length=2)
    tensor([[0., 0., 1., 2.],
            [1., 2., 3., 4.],
            [3., 4., 5., 0.]])
    """
    check_array("samples", samples, axes=1)
    size = samples.shape[-1]
    count = num_frames(size, n_fft=n_fft, hop_length=hop_length, center=center)
    if count == 0:
        raise ValueError(f"samples must hold at least n_fft={n_fft} samples unless center=True, got {size}")
    if lengths is not None:
        shortest = 1 if center else n_fft
        check_lengths(lengths, batch=samples.shape[:-1], longest=size, shortest=shortest)
        lengths = lengths.to(samples.device)
        samples = torch.where(length_mask(lengths, size), samples, 0)
    if center:
        samples = torch.nn.functional.pad(samples, (n_fft // 2, n_fft // 2))
    frames = samples.unfold(-1, n_fft, hop_length)
    if lengths is None:
        return frames
    counts = num_frames(lengths, n_fft=n_fft, hop_length=hop_length, center=center)
    return torch.where(length_mask(counts, count).unsqueeze(-1), frames, 0)
