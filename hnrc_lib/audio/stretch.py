"""Features resampled in time, each utterance from its own length to a wanted one."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio.masking import length_mask


def stretch_time(
    features: Float[Tensor, "batch frames features"],
    lengths: Int[Tensor, "batch"],
    num_frames: int | Int[Tensor, "batch"],
) -> Float[Tensor, "batch num_frames features"]:
    """Linear interpolation in time from each utterance's own length to one length, or each to its own.

    Y[i] = (1 − w)·Z[⌊p⌋] + w·Z[⌊p⌋ + 1] with p = i (L − 1) / (num_frames − 1) and w = p − ⌊p⌋

    Args:
        features: Z, shape (N, L_max, F).
        lengths: L, shape (N,), in frames, 1 … L_max.
        num_frames: frames wanted, ≥ 2: one number, or one for each utterance.

    Returns:
        Y, shape (N, num_frames, F), or (N, largest of them, F) and zero beyond each; its first and last
        frames are Z[0] and Z[L − 1].

    Raises:
        ValueError: fewer than two frames are wanted.

    >>> stretch_time(torch.tensor([[[0.0], [2.0], [99.0]]]), torch.tensor([2]), 3).flatten()
    tensor([0., 1., 2.])
    """
    device = features.device
    wanted = torch.as_tensor(num_frames, device=device).expand(len(features))
    if int(wanted.min()) < 2:
        raise ValueError(f"num_frames must be at least 2, got {int(wanted.min())}")
    size = int(wanted.max())
    last = (lengths.to(device) - 1).unsqueeze(1)
    # In units of the last frame; rounding must not carry a position past it.
    places = torch.arange(size, dtype=torch.float64, device=device) / (wanted - 1).unsqueeze(1)
    position = torch.minimum(places, torch.ones_like(places)) * last
    before = position.floor().long()
    after = torch.minimum(before + 1, last)
    weight = (position - before).to(features.dtype).unsqueeze(-1)
    rows = torch.arange(len(features), device=device).unsqueeze(1)
    stretched = torch.lerp(features[rows, before], features[rows, after], weight)
    if isinstance(num_frames, int):
        return stretched
    return torch.where(length_mask(wanted, size).unsqueeze(-1), stretched, 0)
