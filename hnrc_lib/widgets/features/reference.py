"""The features explorer's mathematics: every stage by ``hnrc_lib.audio`` in float64, and back to sound.

The page computes the same in its modules; tests hold the two together.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.widgets.clips import RATE

SIZE, WINDOW, HOP = 256, 200, 80
FLOOR = 1e-10
COEFFICIENT = 0.97
BANDS = (13, 40)
MOST_KEPT = 13
GREATEST_FRAME = 500
STAGES = ("sound", "frame", "spectrum", "mel", "mfcc")
_GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, eq=False)
class Stages:
    """One frame on its way to its coefficients.

    Attributes:
        index: of the frame shown, at most the sound's last.
        count: frames of the sound.
        cut: x, shape (256,), the frame after pre-emphasis.
        windowed: w·x, shape (256,).
        power: |DFT|², shape (129,).
        energies: of the mel bands, shape (M,).
        log: their natural logarithms, floored, shape (M,).
        coefficients: the first of their cosine transform, shape (n_mfcc,).
        envelope: log energies that these alone give back, shape (M,).
    """

    index: int
    count: int
    cut: Float[np.ndarray, "time"]
    windowed: Float[np.ndarray, "time"]
    power: Float[np.ndarray, "bins"]
    energies: Float[np.ndarray, "bands"]
    log: Float[np.ndarray, "bands"]
    coefficients: Float[np.ndarray, "kept"]
    envelope: Float[np.ndarray, "bands"]


def shaped(samples: Float[np.ndarray, "time"], emphasis: str) -> Float[np.ndarray, "time"]:
    """The sound as it enters the analysis: with pre-emphasis 0.97, or as it is."""
    from hnrc_lib.audio import pre_emphasis

    return pre_emphasis(_tensor(samples), COEFFICIENT if emphasis == "on" else 0.0).numpy()


def power_frames(samples: Float[np.ndarray, "time"]) -> Float[np.ndarray, "frames bins"]:
    """|DFT|² of Hann-windowed frames of 25 ms, one every 10 ms."""
    from hnrc_lib.audio import power_spectrogram

    return power_spectrogram(_tensor(samples), n_fft=SIZE, win_length=WINDOW, hop_length=HOP).numpy()


def bank(n_mels: int) -> Float[np.ndarray, "bands bins"]:
    """Slaney's triangles from 0 to 4 kHz."""
    import torch

    from hnrc_lib.audio import mel_filter_bank

    return mel_filter_bank(sample_rate=RATE, n_fft=SIZE, n_mels=n_mels, dtype=torch.float64).numpy()


def centres(n_mels: int) -> Float[np.ndarray, "bands"]:
    """Frequencies of the triangles' peaks, in hertz."""
    import torch

    from hnrc_lib.audio import hz_to_mel, mel_to_hz

    top = hz_to_mel(torch.tensor(RATE / 2, dtype=torch.float64)).item()
    return mel_to_hz(torch.linspace(0, top, n_mels + 2, dtype=torch.float64)).numpy()[1:-1]


def logarithm(energies: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """ln max(E, 10⁻¹⁰)."""
    return np.log(np.maximum(energies, FLOOR))


def cepstra(log: Float[np.ndarray, "frames bands"], kept: int) -> Float[np.ndarray, "frames kept"]:
    """The first coefficients of the orthonormal cosine transform."""
    from hnrc_lib.audio import cepstral_coefficients

    return cepstral_coefficients(_tensor(log), n_mfcc=kept).numpy()


def smoothed(
    coefficients: Float[np.ndarray, "*batch kept"], n_mels: int
) -> Float[np.ndarray, "*batch bands"]:
    """Log energies that the coefficients alone give back: Y′[m] = Σ_n √(s_n/M) c_n cos(πn(m + ½)/M)."""
    order, band = np.arange(coefficients.shape[-1])[:, None], np.arange(n_mels)
    scale = np.sqrt(np.where(order == 0, 1, 2) / n_mels)
    return coefficients @ (scale * np.cos(np.pi * order * (band + 0.5) / n_mels))


def inspect(samples: Float[np.ndarray, "time"], state: Mapping[str, Any]) -> Stages:
    """Every stage of the frame chosen; a frame past the sound's end is its last.

    Args:
        samples: x at 8 kHz, shape (T,).
        state: ``frame``, ``emphasis``, ``n_mels`` and ``n_mfcc``.

    >>> found = inspect(np.ones(800), {"frame": 5, "emphasis": "off", "n_mels": 24, "n_mfcc": 13})
    >>> found.count, int(found.power.argmax()), found.coefficients.shape
    (11, 0, (13,))
    """
    from hnrc_lib.audio import frame_signal

    entering = shaped(samples, state["emphasis"])
    frames = frame_signal(_tensor(entering), n_fft=SIZE, hop_length=HOP).numpy()
    index, n_mels = min(state["frame"], len(frames) - 1), state["n_mels"]
    power = power_frames(entering)[index]
    energies = bank(n_mels) @ power
    log = logarithm(energies)
    coefficients = cepstra(log[None], state["n_mfcc"])[0]
    return Stages(
        index,
        len(frames),
        frames[index],
        _taper() * frames[index],
        power,
        energies,
        log,
        coefficients,
        smoothed(coefficients, n_mels),
    )


def band_energies(
    samples: Float[np.ndarray, "time"], state: Mapping[str, Any]
) -> Float[np.ndarray, "frames bands"]:
    """Mel energies of every frame."""
    return power_frames(shaped(samples, state["emphasis"])) @ bank(state["n_mels"]).T


def loudest_frame(samples: Float[np.ndarray, "time"]) -> int:
    """The frame of greatest energy before pre-emphasis, the first of equals."""
    return int(power_frames(samples).sum(axis=1).argmax())


@functools.cache
def responses(n_mels: int) -> Float[np.ndarray, "bands"]:
    """Energy that a unit sine at each band's peak gives that band; kept, so read only."""
    places = np.arange(SIZE) - SIZE // 2
    sines = _taper() * np.cos(2 * np.pi * centres(n_mels)[:, None] * places / RATE)
    return (bank(n_mels) * np.abs(np.fft.rfft(sines)) ** 2).sum(axis=1)


def sum_of_sines(
    frequencies: Float[np.ndarray, "sines"], amplitudes: Float[np.ndarray, "frames sines"], length: int
) -> Float[np.ndarray, "time"]:
    """y[t] = Σ_m a_m(t) sin(2π f_m t + 2π frac(0.618 m)), amplitudes interpolated between frames.

    The phases follow the golden ratio, so that no moment gathers all crests.
    """
    time = np.arange(length)
    sound = np.zeros(length)
    for m, (frequency, line) in enumerate(zip(frequencies, amplitudes.T, strict=True)):
        envelope = np.interp(time / HOP, np.arange(len(line)), line)
        sound += envelope * np.sin(2 * np.pi * (frequency * time / RATE + m * _GOLDEN % 1))
    return sound


def heard(
    stage: str, samples: Float[np.ndarray, "time"], state: Mapping[str, Any]
) -> Float[np.ndarray, "heard"]:
    """What the page plays for a stage, before it is brought to one level.

    Args:
        stage: ``sound`` (after pre-emphasis), ``frame`` (windowed, over and over for a second), ``spectrum``
            (its bins as sines of other phases, a second), ``mel`` (a sine for each band, as strong as the
            band from frame to frame) or ``mfcc`` (the same of what the coefficients keep).
        samples: x at 8 kHz, shape (T,).
        state: as for ``inspect``.

    Raises:
        ValueError: another stage.
    """
    entering, n_mels = shaped(samples, state["emphasis"]), state["n_mels"]
    shown = inspect(samples, state)
    if stage == "sound":
        return entering
    if stage == "frame":
        left = (SIZE - WINDOW) // 2
        return np.resize(shown.windowed[left : left + WINDOW], RATE)
    if stage == "spectrum":
        bins = np.arange(SIZE // 2 + 1) * RATE / SIZE
        return sum_of_sines(bins, np.sqrt(shown.power)[None], RATE)
    energies = band_energies(samples, state)
    if stage == "mfcc":
        energies = np.exp(smoothed(cepstra(logarithm(energies), state["n_mfcc"]), n_mels))
    elif stage != "mel":
        raise ValueError(f"stage must be one of {', '.join(STAGES)}, got {stage!r}")
    return sum_of_sines(centres(n_mels), np.sqrt(energies / responses(n_mels)), len(samples))


@functools.cache
def _taper() -> Float[np.ndarray, "time"]:
    import torch

    from hnrc_lib.audio import analysis_window

    return analysis_window(win_length=WINDOW, n_fft=SIZE, dtype=torch.float64).numpy()


def _tensor(values: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.asarray(values, dtype=np.float64))
