"""Recording conditions that are put on clean speech: silence cut off, a room, noise at a stated level."""

import numpy as np
from scipy.signal import fftconvolve

from hnrc_lib._shapes import Float

NOISE_EXPONENTS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
_FRAME_SECONDS = 0.010
_FIRST_REFLECTION_SECONDS = 0.003
_LOWEST_NOISE_HZ = 20.0


def trim_silence(
    samples: Float[np.ndarray, "time"], sample_rate: int, *, threshold_db: float = 40.0, margin: float = 0.02
) -> Float[np.ndarray, "shorter"]:
    """Cut off what lies before the first and after the last frame that is loud enough, margins aside.

    A frame of 10 ms is loud enough if its power is within ``threshold_db`` of the loudest frame's.

    Args:
        samples: x, shape (T,).
        sample_rate: in hertz.
        threshold_db: in decibels below the loudest frame, > 0.
        margin: kept on both sides where it is there, in seconds, ≥ 0.

    Raises:
        ValueError: every sample is zero, so there is nothing to keep.

    >>> tone = np.concatenate([np.zeros(800), np.ones(800), np.zeros(800)])
    >>> len(trim_silence(tone, 8000, margin=0.01))
    960
    """
    first, last = _loud_part(samples, sample_rate, threshold_db)
    kept = round(margin * sample_rate)
    return samples[max(0, first - kept) : last + kept]


def _loud_part(samples: np.ndarray, sample_rate: int, threshold_db: float) -> tuple[int, int]:
    """Where the first loud frame of 10 ms begins and the last one ends."""
    frame = round(_FRAME_SECONDS * sample_rate)
    padded = np.pad(samples, (0, -len(samples) % frame))
    power = np.square(padded.reshape(-1, frame)).mean(axis=1)
    if power.max() == 0:
        raise ValueError("samples must hold something besides silence, got zeros only")
    loud = np.flatnonzero(power >= power.max() * 10 ** (-threshold_db / 10))
    return int(loud[0]) * frame, (int(loud[-1]) + 1) * frame


def room_impulse_response(
    rt60: float, direct_to_reverberant_db: float, sample_rate: int, generator: np.random.Generator
) -> Float[np.ndarray, "time"]:
    """A direct sound and, from 3 ms after it, Gaussian noise that decays by 60 dB within RT60.

    h[n] = δ[n] + g · w[n] · 10^(−3 n / (RT60 · rate)) for n ≥ 3 ms, with g such that the direct sound's
    energy over the tail's is the ratio asked for. The tail ends after RT60.

    Args:
        rt60: reverberation time, in seconds, > 0.003.
        direct_to_reverberant_db: direct-to-reverberant ratio, in decibels.
        sample_rate: in hertz.
        generator: draws w.

    Raises:
        ValueError: ``rt60`` ends before the first reflection.

    >>> h = room_impulse_response(0.3, 6.0, 8000, np.random.default_rng(0))
    >>> round(float(10 * np.log10(h[0] ** 2 / np.square(h[1:]).sum())), 6), len(h)
    (6.0, 2400)

    Source: J.-D. Polack (1988), La transmission de l'énergie sonore dans les salles (statistical model of
    late reverberation); early reflections and absorption by frequency are left out.
    """
    start = round(_FIRST_REFLECTION_SECONDS * sample_rate)
    length = round(rt60 * sample_rate)
    if length <= start:
        raise ValueError(f"rt60 must be longer than {_FIRST_REFLECTION_SECONDS} s, got {rt60}")
    decay = 10 ** (-3 * np.arange(length) / length)
    tail = generator.standard_normal(length) * decay
    tail[:start] = 0
    response = tail * np.sqrt(10 ** (-direct_to_reverberant_db / 10) / np.square(tail).sum())
    response[0] = 1
    return response


def reverberate(
    samples: Float[np.ndarray, "time"],
    response: Float[np.ndarray, "taps"],
    sample_rate: int,
    *,
    threshold_db: float = 60.0,
) -> Float[np.ndarray, "longer"]:
    """The convolution x * h, its tail cut where the last frame of 10 ms within ``threshold_db`` ends.

    Nothing before the end of x is cut, so that a faint last consonant stays.

    Args:
        samples: x, shape (T,), not all zero.
        response: h, from ``room_impulse_response``.
        sample_rate: in hertz.
        threshold_db: in decibels below the loudest frame, > 0.

    Returns:
        Between T and T + taps − 1 samples.

    >>> reverberate(np.array([1.0, 2.0]), np.array([1.0, 0.0, 0.5]), 8000).round(6)
    array([1. , 2. , 0.5, 1. ])
    """
    whole = fftconvolve(samples, response)
    _, last = _loud_part(whole, sample_rate, threshold_db)
    return whole[: max(len(samples), last)]


def coloured_noise(
    num_samples: int, exponent: float, sample_rate: int, generator: np.random.Generator
) -> Float[np.ndarray, "time"]:
    """Gaussian noise of zero mean and unit power, its power spectrum falling as 1 / f^exponent above 20 Hz.

    Args:
        num_samples: T, > 2.
        exponent: 0 white, 1 pink, 2 brown.
        sample_rate: in hertz.
        generator: draws the noise.

    >>> noise = coloured_noise(4000, 1.0, 8000, np.random.default_rng(0))
    >>> round(float(np.square(noise).mean()), 6)
    1.0
    """
    spectrum = np.fft.rfft(generator.standard_normal(num_samples))
    frequency = np.fft.rfftfreq(num_samples, 1 / sample_rate)
    spectrum *= np.maximum(frequency, _LOWEST_NOISE_HZ) ** (-exponent / 2)
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, num_samples)
    return noise / np.sqrt(np.square(noise).mean())


def add_noise(
    samples: Float[np.ndarray, "time"], noise: Float[np.ndarray, "time"], snr_db: float
) -> Float[np.ndarray, "time"]:
    """x + g · noise with mean power of x over that of g · noise equal to the ratio asked for.

    Args:
        samples: x, shape (T,), not all zero.
        noise: shape (T,), not all zero.
        snr_db: signal-to-noise ratio, in decibels.

    >>> x, noise = np.full(4, 2.0), np.array([1.0, -1.0, 1.0, -1.0])
    >>> add_noise(x, noise, 20.0) - x
    array([ 0.2, -0.2,  0.2, -0.2])
    """
    gain = np.sqrt(np.square(samples).mean() / np.square(noise).mean() * 10 ** (-snr_db / 10))
    return samples + gain * noise


def scale_to_level(samples: Float[np.ndarray, "time"], level_db: float) -> Float[np.ndarray, "time"]:
    """The waveform at a root-mean-square level, in decibels relative to a full-scale square wave (dBov).

    >>> scale_to_level(np.array([3.0, -3.0]), -20.0)
    array([ 0.1, -0.1])
    """
    return samples * (10 ** (level_db / 20) / np.sqrt(np.square(samples).mean()))
