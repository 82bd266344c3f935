"""Other speakers, tempi and rooms from the same recordings: on spectra, on the device."""

import dataclasses
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import FrontEnd
from hnrc_lib.training.batching import mix_seed

# Uniform draws of an utterance: speed, vocal tract, tempo, whether noise, its ratio, its colour; then masks.
_PLAIN_DRAWS = 6
_STEEPEST_NOISE = 2.0


@dataclass(frozen=True)
class Augmentation:
    """How far training spectra may stray from the recorded ones; the default changes nothing.

    Each utterance's changes are a function of seed, epoch and utterance alone: batches and processes may
    be cut as one likes, and a resumed run draws what it would have drawn.

    Attributes:
        speed: resonances and tempo move together by U(1 ± speed), as a tape played faster, 0 … 1.
        vocal_tract: resonances move by a further U(1 ± vocal_tract), 0 … 1.
        tempo: tempo changes by a further U(1 ± tempo), 0 … 1.
        noise_probability: share of utterances that get noise, 0 … 1.
        snr_db: least and greatest signal-to-noise ratio, in decibels.
        frequency_masks: bands blanked, how many, ≥ 0.
        frequency_width: widest of them, as a fraction of the bands, 0 … 1.
        time_masks: stretches of time blanked, how many, ≥ 0.
        time_width: longest of them, as a fraction of the utterance, 0 … 1.

    Raises:
        ValueError: a limit out of range; names it.

    Source: Park and others (2019) for masks (SpecAugment); Ko and others (2015) for speed; Jaitly and
    Hinton (2013) for vocal tracts.
    """

    speed: float = 0.0
    vocal_tract: float = 0.0
    tempo: float = 0.0
    noise_probability: float = 0.0
    snr_db: tuple[float, float] = (5.0, 30.0)
    frequency_masks: int = 0
    frequency_width: float = 0.15
    time_masks: int = 0
    time_width: float = 0.15

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "snr_db":
                if not value[0] <= value[1]:
                    raise ValueError(f"snr_db must name the least ratio first, got {value}")
            elif field.name.endswith("masks"):
                if value < 0:
                    raise ValueError(f"{field.name} must not be negative, got {value}")
            elif not 0 <= value <= 1 or (field.name in ("speed", "vocal_tract", "tempo") and value == 1):
                raise ValueError(f"{field.name} must lie in 0 … 1, got {value}")

    @property
    def fastest(self) -> float:
        """Greatest factor by which it can shorten an utterance: the most that tempo is raised."""
        return (1 + self.speed) * (1 + self.tempo)


class Augmenter:
    """Features of a batch as an ``Augmentation`` changes them.

    Args:
        augmentation: the limits.
        front_end: makes features of spectra.
        seed: of the run.
        device: of the spectra.
    """

    def __init__(
        self, augmentation: Augmentation, front_end: FrontEnd, seed: int, device: torch.device | str
    ) -> None:
        self.augmentation, self.front_end, self.seed = augmentation, front_end, seed
        self._scalars, self._noise = torch.Generator(), torch.Generator(device)

    def __call__(
        self,
        spectra: Float[Tensor, "batch frames bins"],
        frames: Int[Tensor, "batch"],
        utterances: list[int],
        epoch: int,
    ) -> tuple[Float[Tensor, "batch stretched features"], Int[Tensor, "batch"]]:
        """Features (B, T′, F) of power spectra (B, T, bins), and the frames of each, (B,).

        Args:
            spectra: |STFT|² of the utterances.
            frames: valid frames of each.
            utterances: number of each in the corpus; with seed and epoch it decides the changes.
            epoch: number of the epoch.
        """
        limits = self.augmentation
        draws = self._draw(utterances, epoch).to(spectra)
        around = 2 * draws[:, :_PLAIN_DRAWS] - 1
        speed = 1 + limits.speed * around[:, 0]
        tract = speed * (1 + limits.vocal_tract * around[:, 1])
        tempo = speed * (1 + limits.tempo * around[:, 2])
        if limits.noise_probability:
            spectra = self._with_noise(spectra, frames, draws, utterances, epoch)
        features, frames = self.front_end.features(
            spectra,
            frames,
            frequency_scale=tract if limits.speed or limits.vocal_tract else None,
            time_scale=tempo if limits.speed or limits.tempo else None,
        )
        return self._masked(features, frames, draws[:, _PLAIN_DRAWS:]), frames

    def _draw(self, utterances: list[int], epoch: int) -> Tensor:
        count = _PLAIN_DRAWS + 2 * (self.augmentation.frequency_masks + self.augmentation.time_masks)
        rows = []
        for utterance in utterances:
            self._scalars.manual_seed(mix_seed(self.seed, epoch, utterance, 1))
            rows.append(torch.rand(count, generator=self._scalars))
        return torch.stack(rows)

    def _with_noise(
        self, spectra: Tensor, frames: Tensor, draws: Tensor, utterances: list[int], epoch: int
    ) -> Tensor:
        """|X + N|² for complex Gaussian N of power ∝ 1/f^colour: the phase of X does not matter to it."""
        low, high = self.augmentation.snr_db
        noisy = (draws[:, 3] < self.augmentation.noise_probability).to(spectra)
        ratio = 10 ** (-(low + (high - low) * draws[:, 4]) / 10)
        bins = torch.arange(1, spectra.shape[2] + 1, device=spectra.device, dtype=spectra.dtype)
        shape = bins ** (-_STEEPEST_NOISE * draws[:, 5:6])
        signal = spectra.sum(dim=(1, 2)) / frames
        power = (noisy * ratio * signal)[:, None] * shape / shape.sum(dim=1, keepdim=True)
        sizes = frames.tolist()
        noise = torch.zeros(2, *spectra.shape, dtype=spectra.dtype, device=spectra.device)
        for row, (utterance, heard) in enumerate(zip(utterances, noisy.tolist(), strict=True)):
            if heard:
                self._noise.manual_seed(mix_seed(self.seed, epoch, utterance, 2))
                size = (2, sizes[row], spectra.shape[2])
                noise[:, row, : sizes[row]] = torch.randn(size, generator=self._noise, device=spectra.device)
        real, imaginary = noise * (power / 2).sqrt()[:, None]
        return (spectra.sqrt() + real).square() + imaginary.square()

    def _masked(self, features: Tensor, frames: Tensor, draws: Tensor) -> Tensor:
        limits = self.augmentation
        split = 2 * limits.frequency_masks
        bands = self.front_end.n_mels
        if limits.frequency_masks:
            width = torch.full_like(frames, math.floor(limits.frequency_width * bands))
            hidden = _stretches(draws[:, :split], width, torch.full_like(frames, bands), bands)
            hidden = hidden.repeat(1, features.shape[2] // bands)
            features = features.masked_fill(hidden[:, None, :], 0)
        if limits.time_masks:
            width = (limits.time_width * frames).long()
            hidden = _stretches(draws[:, split:], width, frames, features.shape[1])
            features = features.masked_fill(hidden[:, :, None], 0)
        return features


def _stretches(draws: Tensor, widest: Tensor, within: Tensor, size: int) -> Tensor:
    """Where stretches of width ⌊U(0, widest + 1)⌋, each at a random place within, lie; shape (B, size)."""
    width, place = draws.unflatten(1, (-1, 2)).unbind(2)
    width = (width * (widest + 1)[:, None]).floor()
    start = (place * (within[:, None] - width + 1)).floor()
    position = torch.arange(size, device=draws.device)[:, None]
    return ((position >= start[:, None]) & (position < (start + width)[:, None])).any(dim=2)
