"""Random warps of spectrograms: other vocal tracts, other tempi, from the same recordings."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hnrc_lib._shapes import Float


def warp_spectrograms(
    features: Float[Tensor, "batch frames features"],
    *,
    time_scale: Float[Tensor, "batch"],
    time_shift: Float[Tensor, "batch"],
    frequency_scale: Float[Tensor, "batch"],
    frequency_shift: Float[Tensor, "batch"],
    num_groups: int = 1,
) -> Float[Tensor, "batch frames features"]:
    """Stretch and shift each spectrogram in time and frequency, by linear interpolation.

    Y[t, f] = X[t₀ + a_t (t − t₀) + b_t T, a_f f + b_f F],  t₀ = (T − 1)/2

    Time scales about the middle, frequency about the lowest band. Past an edge its value is repeated.
    A shorter vocal tract moves the resonances up by one factor, which is what a_f < 1 does to a spectrogram
    on a linear frequency axis, and nearly does on a mel axis.

    Args:
        features: X, shape (N, T, F), or F = num_groups·bands with the groups side by side.
        time_scale: a_t, shape (N,), > 0; above 1 the word is spoken faster.
        time_shift: b_t, shape (N,), as a fraction of T.
        frequency_scale: a_f, shape (N,), > 0.
        frequency_shift: b_f, shape (N,), as a fraction of the bands.
        num_groups: groups of bands that F holds (static features, deltas), each warped alike.

    Returns:
        Y, shape (N, T, F).

    Raises:
        ValueError: F is no multiple of ``num_groups``, or an axis has a single entry.

    >>> one, nothing = torch.ones(1), torch.zeros(1)
    >>> warp_spectrograms(torch.tensor([[[0.0, 1.0], [2.0, 3.0]]]), time_scale=one, time_shift=one / 4,
    ...     frequency_scale=one, frequency_shift=nothing)
    tensor([[[1., 2.],
             [2., 3.]]])

    Source: Jaitly and Hinton (2013) for random vocal-tract warping as augmentation.
    """
    num_frames, num_features = features.shape[1:]
    if num_features % num_groups:
        raise ValueError(f"features must split into {num_groups} groups, got {num_features} per frame")
    bands = num_features // num_groups
    if num_frames < 2 or bands < 2:
        raise ValueError(
            f"features must have two frames and two bands at least, got {num_frames} and {bands}"
        )
    # grid_sample's coordinates run from −1 at the first to 1 at the last entry of an axis.
    time_step, frequency_step = 2 / (num_frames - 1), 2 / (bands - 1)
    matrix = features.new_zeros(len(features), 2, 3)
    matrix[:, 0, 0] = frequency_scale
    matrix[:, 0, 2] = frequency_scale - 1 + frequency_shift * bands * frequency_step
    matrix[:, 1, 1] = time_scale
    matrix[:, 1, 2] = time_shift * num_frames * time_step
    images = features.unflatten(2, (num_groups, bands)).movedim(2, 1)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=True)
    warped = functional.grid_sample(images, grid, padding_mode="border", align_corners=True)
    return warped.movedim(1, 2).flatten(2)


@dataclass(frozen=True)
class RandomWarp:
    """Warps every spectrogram of a batch by random amounts, uniform within limits; ``train`` takes it.

    Attributes:
        time_scale: a_t in 1 ± time_scale, 0 … 1.
        time_shift: b_t in ± time_shift, ≥ 0.
        frequency_scale: a_f in 1 ± frequency_scale, 0 … 1.
        frequency_shift: b_f in ± frequency_shift, ≥ 0.
        num_groups: groups of bands per frame.

    Raises:
        ValueError: a limit out of range; names it.

    >>> generator = torch.Generator().manual_seed(0)
    >>> RandomWarp(num_groups=2)(torch.zeros(3, 32, 80), generator).shape
    torch.Size([3, 32, 80])
    """

    time_scale: float = 0.15
    time_shift: float = 0.05
    frequency_scale: float = 0.15
    frequency_shift: float = 0.025
    num_groups: int = 1

    def __post_init__(self) -> None:
        for name in ("time_scale", "frequency_scale"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in 0 … 1, 1 excluded, got {getattr(self, name)}")
        for name in ("time_shift", "frequency_shift"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")

    def __call__(
        self, features: Float[Tensor, "batch frames features"], generator: torch.Generator
    ) -> Float[Tensor, "batch frames features"]:
        """Warped copies of spectrograms of shape (N, T, F)."""

        def within(limit: float) -> Tensor:
            draws = torch.rand(len(features), generator=generator, device=generator.device)
            return ((2 * draws - 1) * limit).to(features)

        return warp_spectrograms(
            features,
            time_scale=1 + within(self.time_scale),
            time_shift=within(self.time_shift),
            frequency_scale=1 + within(self.frequency_scale),
            frequency_shift=within(self.frequency_shift),
            num_groups=self.num_groups,
        )
