"""Log-mel spectrogram: the features that most recognisers hear."""

from typing import TypedDict

from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio.mel import mel_filter_bank
from hnrc_lib.audio.spectrum import power_spectrogram


class LogMelOptions(TypedDict, total=False):
    """Keyword arguments of ``log_mel_spectrogram`` that its callers pass on."""

    n_fft: int
    win_length: int | None
    hop_length: int | None
    n_mels: int
    f_min: float
    f_max: float | None
    mel_scale: str
    norm: str | None
    power: float
    window: str
    center: bool
    floor: float
    lengths: Int[Tensor, "..."] | None


def log_mel_spectrogram(
    samples: Float[Tensor, "*batch time"],
    *,
    sample_rate: int,
    n_fft: int,
    win_length: int | None = None,
    hop_length: int | None = None,
    n_mels: int = 40,
    f_min: float = 0.0,
    f_max: float | None = None,
    mel_scale: str = "slaney",
    norm: str | None = "slaney",
    power: float = 2.0,
    window: str = "hann",
    center: bool = True,
    floor: float = 1e-10,
    lengths: Int[Tensor, "*batch"] | None = None,
) -> Float[Tensor, "*batch frames n_mels"]:
    """Natural logarithm of the energy in each mel band.

    Y[t, m] = ln max(Σ_f B[m, f]·S[t, f], floor)

    with S of ``power_spectrogram`` and B of ``mel_filter_bank``. The floor keeps digital silence finite;
    its default is the ``amin`` of ``librosa.power_to_db``, and Y·10/ln 10 is that function's value in dB
    with ``top_db=None``. (A ``top_db`` would tie every frame to the loudest one of its batch.)

    Args:
        samples: x, shape (..., T), full scale ±1.
        sample_rate: in hertz, > 0.
        n_fft: length of the transform, in samples, > 0.
        win_length: samples under the window, 1 … n_fft; n_fft when left out.
        hop_length: step between frames, in samples, > 0; a quarter of win_length when left out.
        n_mels: number of bands, > 0.
        f_min: lowest edge of the bands, in hertz, ≥ 0.
        f_max: highest edge, in hertz, at most sample_rate/2, which it is when left out.
        mel_scale: ``"slaney"`` or ``"htk"``.
        norm: ``"slaney"`` (bands of equal area) or None (of equal peak).
        power: exponent of the spectrum, > 0.
        window: ``"hann"``, ``"hamming"`` or ``"rectangular"``.
        center: whether frame t is centred on sample t·hop_length.
        floor: least energy told apart from silence, > 0.
        lengths: L, shape (...), samples per utterance in a padded batch; T when left out.

    Returns:
        Y, shape (..., num_frames(T), n_mels); ln floor (digital silence) from frame ``num_frames(L)`` on.

    Raises:
        TypeError, ValueError: as ``power_spectrogram`` and ``mel_filter_bank``, or ``floor`` ≤ 0.

    >>> import torch
    >>> samples = torch.randn(2, 16000)
    >>> log_mel_spectrogram(samples, sample_rate=16000, n_fft=512, win_length=400, hop_length=160).shape
    torch.Size([2, 101, 40])
    """
    if floor <= 0:
        raise ValueError(f"floor must be positive, got {floor}")
    spectrum = power_spectrogram(
        samples,
        n_fft=n_fft,
        win_length=win_length,
        hop_length=hop_length,
        power=power,
        window=window,
        center=center,
        lengths=lengths,
    )
    bank = mel_filter_bank(
        sample_rate=sample_rate,
        n_fft=n_fft,
        n_mels=n_mels,
        f_min=f_min,
        f_max=f_max,
        mel_scale=mel_scale,
        norm=norm,
        dtype=samples.dtype,
        device=samples.device,
    )
    return (spectrum @ bank.T).clamp(min=floor).log()
