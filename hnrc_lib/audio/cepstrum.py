"""Mel-frequency cepstral coefficients."""

import math
from typing import Unpack

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio._checks import check_array, check_positive_integer
from hnrc_lib.audio.log_mel import LogMelOptions, log_mel_spectrogram


def cepstral_coefficients(
    log_mel: Float[Tensor, "*batch frames n_mels"], *, n_mfcc: int = 13, lifter: float = 0.0
) -> Float[Tensor, "*batch frames n_mfcc"]:
    """Cosine transform of log-mel bands, which nearly decorrelates them.

    c[t, n] = l_n·√(s_n/M)·Σ_m Y[t, m]·cos(πn(m + ½)/M),  s_0 = 1, s_n = 2

    with l_n = 1 + (lifter/2)·sin(π(n + 1)/lifter), or 1 if ``lifter`` is 0: the orthonormal DCT-II and
    librosa's liftering (HTK counts n from 0 inside the sine).

    Args:
        log_mel: Y, shape (..., frames, M).
        n_mfcc: number of coefficients kept, 1 … M.
        lifter: liftering constant, ≥ 0; 22 is usual, 0 is off.

    Returns:
        c, shape (..., frames, n_mfcc).

    Raises:
        TypeError, ValueError: ``log_mel`` is not floating, ``n_mfcc`` is not in 1 … M, ``lifter`` < 0.

    >>> cepstral_coefficients(torch.ones(1, 4), n_mfcc=2).abs()
    tensor([[2., 0.]])

    Source: Davis and Mermelstein (1980); liftering after Juang, Rabiner and Wilpon (1987).
    """
    check_array("log_mel", log_mel, axes=2)
    check_positive_integer("n_mfcc", n_mfcc)
    n_mels = log_mel.shape[-1]
    if n_mfcc > n_mels:
        raise ValueError(f"n_mfcc must be at most n_mels={n_mels}, got {n_mfcc}")
    if lifter < 0:
        raise ValueError(f"lifter must be 0 or positive, got {lifter}")
    order = torch.arange(n_mfcc, dtype=torch.float64)
    band = torch.arange(n_mels, dtype=torch.float64)
    scale = torch.sqrt((2 - (order == 0).double()) / n_mels)
    if lifter > 0:
        scale = scale * (1 + lifter / 2 * torch.sin(math.pi * (order + 1) / lifter))
    transform = torch.cos(math.pi / n_mels * (band[:, None] + 0.5) * order) * scale
    return log_mel @ transform.to(log_mel)


def mfcc(
    samples: Float[Tensor, "*batch time"],
    *,
    sample_rate: int,
    n_mfcc: int = 13,
    lifter: float = 0.0,
    **log_mel: Unpack[LogMelOptions],
) -> Float[Tensor, "*batch frames n_mfcc"]:
    """Mel-frequency cepstral coefficients: DCT-II of the log-mel spectrogram.

    c = DCT(ln max(B·S, floor))

    times 10/ln 10 this is ``librosa.feature.mfcc`` of ``librosa.power_to_db(…, top_db=None)``.

    Args:
        samples: x, shape (..., T), full scale ±1.
        sample_rate: in hertz, > 0.
        n_mfcc: number of coefficients kept, 1 … n_mels.
        lifter: liftering constant, ≥ 0; 0 is off.
        log_mel: arguments of ``log_mel_spectrogram``: n_fft (required), win_length, hop_length, n_mels,
            f_min, f_max, mel_scale, norm, power, window, center, floor, lengths.

    Returns:
        c, shape (..., frames, n_mfcc); past an utterance's frames, the coefficients of digital silence.

    Raises:
        TypeError, ValueError: as ``log_mel_spectrogram`` and ``cepstral_coefficients``.

    >>> mfcc(torch.randn(2, 16000), sample_rate=16000, n_fft=512, hop_length=160).shape
    torch.Size([2, 101, 13])

    Source: Davis and Mermelstein, Comparison of parametric representations (1980).
    """
    bands = log_mel_spectrogram(samples, sample_rate=sample_rate, **log_mel)
    return cepstral_coefficients(bands, n_mfcc=n_mfcc, lifter=lifter)
