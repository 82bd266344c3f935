"""The front end of a recogniser: what stands between the waveform and the network."""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio._checks import check_positive_integer
from hnrc_lib.audio.deltas import compute_deltas
from hnrc_lib.audio.framing import num_frames
from hnrc_lib.audio.mel import mel_filter_bank, warped_mel_filter_banks
from hnrc_lib.audio.normalization import normalize_mean_variance
from hnrc_lib.audio.spectrum import power_spectrogram
from hnrc_lib.audio.stretch import stretch_time


@dataclass(frozen=True)
class FrontEnd:
    """Log-mel energies with their slopes, normalised over each utterance; on the device of the samples.

    x → |STFT|² → ln(B S + floor) → [frames resampled] → with Δ, ΔΔ → zero mean (and unit variance)

    Attributes:
        sample_rate: of the waveforms, in hertz.
        n_mels: mel bands, > 0.
        delta_order: 0 for static features, 1 with their slopes, 2 with the slopes of the slopes too.
        variance: whether every feature is scaled to unit variance over the utterance, or centred only.
        num_frames: frames to which every utterance is stretched, for classifiers of words; None leaves 100
            a second.
        window_seconds: length of the Hann window, > 0.
        hop_seconds: step between frames, > 0.
        floor: energy added in each band, > 0: that of noise far below speech.
        dynamic_range_db: energy added in each band, this far below the utterance's greatest, in decibels,
            > 0, so that a quiet room does not sound unlike a noisy one; None adds the floor alone.
        trim_db: frames before the first and after the last within so many decibels of the loudest frame
            are cut off, > 0; None keeps all. For words said alone.

    Raises:
        ValueError: a size that is not positive, or another order of slopes.

    >>> front_end = FrontEnd(sample_rate=8000, n_mels=20, delta_order=1)
    >>> features, frames = front_end(torch.randn(2, 8000), torch.tensor([8000, 4000]))
    >>> features.shape, frames
    (torch.Size([2, 101, 40]), tensor([101,  51]))
    """

    sample_rate: int
    n_mels: int = 40
    delta_order: int = 0
    variance: bool = True
    num_frames: int | None = None
    window_seconds: float = 0.025
    hop_seconds: float = 0.010
    floor: float = 1e-7
    dynamic_range_db: float | None = None
    trim_db: float | None = None

    def __post_init__(self) -> None:
        check_positive_integer("sample_rate", self.sample_rate)
        check_positive_integer("n_mels", self.n_mels)
        if self.delta_order not in (0, 1, 2):
            raise ValueError(f"delta_order must be 0, 1 or 2, got {self.delta_order}")
        if self.num_frames is not None and self.num_frames < 2:
            raise ValueError(f"num_frames must be at least 2, or None, got {self.num_frames}")
        for name in ("window_seconds", "hop_seconds", "floor", "dynamic_range_db", "trim_db"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")

    @property
    def win_length(self) -> int:
        """Samples under the window."""
        return round(self.window_seconds * self.sample_rate)

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame."""
        return round(self.hop_seconds * self.sample_rate)

    @property
    def n_fft(self) -> int:
        """Length of the transform: the least power of two that holds the window."""
        return 1 << (self.win_length - 1).bit_length()

    @property
    def num_features(self) -> int:
        """F, features per frame: the bands, and as many again for each order of slopes."""
        return self.n_mels * (1 + self.delta_order)

    def count_frames(self, lengths: Int[Tensor, "batch"]) -> Int[Tensor, "batch"]:
        """Frames of utterances of so many samples, before any stretching."""
        return num_frames(lengths, n_fft=self.n_fft, hop_length=self.hop_length)

    def spectra(
        self, samples: Float[Tensor, "batch time"], lengths: Int[Tensor, "batch"]
    ) -> tuple[Float[Tensor, "batch frames bins"], Int[Tensor, "batch"]]:
        """Power spectra, shape (N, T, 1 + n_fft/2), and the number of frames of each utterance."""
        power = power_spectrogram(
            samples,
            n_fft=self.n_fft,
            win_length=self.win_length,
            hop_length=self.hop_length,
            lengths=lengths,
        )
        return power, self.count_frames(lengths)

    def features(
        self,
        spectra: Float[Tensor, "batch frames bins"],
        frames: Int[Tensor, "batch"],
        *,
        frequency_scale: Float[Tensor, "batch"] | None = None,
        time_scale: Float[Tensor, "batch"] | None = None,
    ) -> tuple[Float[Tensor, "batch stretched features"], Int[Tensor, "batch"]]:
        """Features of power spectra, as another vocal tract and another tempo would have given them.

        Args:
            spectra: |STFT|², shape (N, T, bins).
            frames: valid frames of each, shape (N,).
            frequency_scale: by which the resonances are moved, shape (N,), > 0; as they are when None.
            time_scale: by which the tempo is raised, shape (N,), > 0; as it is when None.

        Returns:
            Features (N, T′, F), zero beyond each utterance's frames, and those frames (N,).
        """
        if self.trim_db is not None:
            spectra, frames = _trimmed(spectra, frames, self.trim_db)
        bank = self._bank(spectra, frequency_scale)
        energies = spectra @ bank.mT
        floor = energies.new_tensor(self.floor)
        if self.dynamic_range_db is not None:
            loudest = energies.amax(dim=(1, 2), keepdim=True)
            floor = floor + loudest * 10 ** (-self.dynamic_range_db / 10)
        energies = (energies + floor).log()
        wanted = frames
        if time_scale is not None:
            wanted = (frames / time_scale.to(frames.device)).round().long().clamp(min=2)
        if self.num_frames is not None:
            wanted = torch.full_like(frames, self.num_frames)
        if wanted is not frames:
            energies, frames = stretch_time(energies, frames, wanted), wanted
        slopes = [
            compute_deltas(energies, order=order, mode="nearest", lengths=frames)
            for order in range(1, self.delta_order + 1)
        ]
        features = torch.cat([energies, *slopes], dim=-1)
        return normalize_mean_variance(features, variance=self.variance, lengths=frames), frames

    def _bank(self, spectra: Tensor, scales: Tensor | None) -> Tensor:
        rate, n_fft, n_mels = self.sample_rate, self.n_fft, self.n_mels
        if scales is not None:
            return warped_mel_filter_banks(scales.to(spectra), sample_rate=rate, n_fft=n_fft, n_mels=n_mels)
        return _plain_bank(rate, n_fft, n_mels, spectra.dtype, spectra.device)

    def __call__(
        self, samples: Float[Tensor, "batch time"], lengths: Int[Tensor, "batch"]
    ) -> tuple[Float[Tensor, "batch frames features"], Int[Tensor, "batch"]]:
        """Features (N, T, F) of waveforms (N, samples) of so many samples each, and their frames (N,)."""
        return self.features(*self.spectra(samples, lengths))


@functools.lru_cache(maxsize=16)
def _plain_bank(
    sample_rate: int, n_fft: int, n_mels: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "n_mels bins"]:
    """The bank that hears every batch which is not warped; kept, so read only."""
    with torch.inference_mode(False):  # what is made under it, no later gradient may pass
        return mel_filter_bank(
            sample_rate=sample_rate, n_fft=n_fft, n_mels=n_mels, dtype=dtype, device=device
        )


def _trimmed(spectra: Tensor, frames: Tensor, trim_db: float) -> tuple[Tensor, Tensor]:
    """Each utterance from its first loud frame to its last, and a frame more on either side."""
    power = spectra.sum(dim=2)
    place = torch.arange(power.shape[1], device=power.device)
    loud = power >= power.amax(dim=1, keepdim=True) * 10 ** (-trim_db / 10)
    loud &= place < frames[:, None]
    first = (torch.where(loud, place, len(place)).amin(dim=1) - 1).clamp(min=0)
    last = torch.minimum(torch.where(loud, place, -1).amax(dim=1) + 1, frames - 1)
    kept = (last - first + 1).clamp(min=2)
    shifted = (first[:, None] + place[: int(kept.max())]).clamp(max=len(place) - 1)
    inside = place[: int(kept.max())] < kept[:, None]
    rows = torch.arange(len(power), device=power.device)[:, None]
    return torch.where(inside[..., None], spectra[rows, shifted], 0), kept
