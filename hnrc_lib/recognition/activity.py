"""Where in a recording somebody may be speaking, judged by its level alone."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float

HOP_SECONDS = 0.010
_FRAME_SECONDS = 0.025
_QUIET_DB = -60.0  # below 16 bits' noise of dither by little; speech at arm's length is 30 dB above
_BELOW_PEAK_DB = 30.0  # weakest consonants against the loudest vowel
_STEADY_DB = 2.5  # a frame's level in white noise strays by 1 dB, in the steadiest of 4 230 recordings by 3
_LEAST_SECONDS = 0.06  # shorter than any syllable
_PAUSE_SECONDS = 0.20  # longer than the closure of a stop inside a word


@dataclass(frozen=True)
class Activity:
    """Stretches of possible speech.

    Attributes:
        stretches: first and last instant of each, in seconds, in order.
        reason: why there is none; empty where there are some.
    """

    stretches: tuple[tuple[float, float], ...]
    reason: str = ""


def frame_levels(samples: Float[Tensor, "time"], sample_rate: int) -> Float[Tensor, "frames"]:
    """Level of frames of 25 ms every 10 ms, in decibels below full scale; a constant offset has none.

    L_t = 10 log₁₀ var(x_t, …, x_{t+24 ms}),  a sine of full scale has −3 dB

    Args:
        samples: x, shape (T,), full scale ±1.
        sample_rate: in hertz, > 0.

    Returns:
        Shape (frames,): one frame at least, the last samples padded by zeros.

    >>> frame_levels(0.1 * torch.ones(800), 8000).max()
    tensor(-120.)
    """
    size, hop = round(_FRAME_SECONDS * sample_rate), round(HOP_SECONDS * sample_rate)
    samples = samples - samples.mean()
    missing = size - len(samples) if len(samples) < size else (size - len(samples)) % hop
    frames = torch.nn.functional.pad(samples, (0, missing)).unfold(0, size, hop)
    return 10 * frames.var(1, correction=0).clamp(min=1e-12).log10()


def find_speech(samples: Float[Tensor, "time"], sample_rate: int) -> Activity:
    """Stretches of sound that rise and fall as speech does, and are long enough for a syllable.

    A recording is called empty if it is too quiet, if its level is steady (noise, hum, a tone), or if no
    stretch within 30 dB of its peak lasts. Stretches closer than a pause are one.

    Args:
        samples: x, shape (T,), full scale ±1.
        sample_rate: in hertz, > 0.

    >>> find_speech(torch.zeros(8000), 8000).reason
    'no speech: the loudest moment has -120 dB, below -60 dB of full scale'
    """
    if not len(samples):
        return Activity((), "no speech: there are no samples")
    levels = frame_levels(samples, sample_rate)
    peak = float(levels.max())
    if peak < _QUIET_DB:
        return Activity(
            (), f"no speech: the loudest moment has {peak:.0f} dB, below {_QUIET_DB:.0f} dB of full scale"
        )
    spread = float(levels.quantile(0.95) - levels.quantile(0.05))
    if spread < _STEADY_DB and len(levels) * HOP_SECONDS > _PAUSE_SECONDS:
        return Activity((), f"no speech: the level is steady within {spread:.1f} dB, as noise or a tone is")
    # Nearer to the background than to the peak is background, where the two are close.
    floor = float(levels.quantile(0.05))
    loud = levels > max(_QUIET_DB, peak - _BELOW_PEAK_DB, min(floor + _STEADY_DB, (floor + peak) / 2))
    joined: list[tuple[int, int]] = []
    for first, last in _runs(loud):
        if joined and (first - joined[-1][1]) * HOP_SECONDS < _PAUSE_SECONDS:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    stretches = [(a, b) for a, b in joined if int(loud[a:b].sum()) * HOP_SECONDS >= _LEAST_SECONDS]
    if not stretches:
        return Activity((), f"no speech: no sound lasts {_LEAST_SECONDS * 1000:.0f} ms")
    total = len(samples) / sample_rate
    return Activity(tuple((a * HOP_SECONDS, min(b * HOP_SECONDS, total)) for a, b in stretches))


def quietest_instant(samples: Float[Tensor, "time"], sample_rate: int, start: float, end: float) -> float:
    """Middle of the quietest fifth of a second between two instants, in seconds.

    Args:
        samples: x, shape (T,).
        sample_rate: in hertz, > 0.
        start, end: where to look, in seconds, within the recording.

    >>> noise = torch.cat([torch.ones(8000), torch.zeros(4000), torch.ones(4000)]) * torch.randn(16000)
    >>> 1.0 < quietest_instant(noise, 8000, 0.5, 2.0) < 1.5
    True
    """
    first, last = round(start * sample_rate), round(end * sample_rate)
    levels = frame_levels(samples[first:last], sample_rate)
    width = min(round(_PAUSE_SECONDS / HOP_SECONDS), len(levels))
    smooth = levels.unfold(0, width, 1).mean(1)
    return start + (int(smooth.argmin()) + width / 2) * HOP_SECONDS


def _runs(flags: Tensor) -> list[tuple[int, int]]:
    """First entry and the one after the last of each run of true ones."""
    padded = torch.nn.functional.pad(flags.int(), (1, 1))
    change = padded.diff()
    return list(
        zip(
            (change == 1).nonzero().flatten().tolist(),
            (change == -1).nonzero().flatten().tolist(),
            strict=True,
        )
    )
