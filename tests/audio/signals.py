"""Signals and parameters that the tests of the features share."""

import warnings
from typing import Any

import librosa
import numpy as np
import torch
from hypothesis import strategies as st

SAMPLE_RATES = (8000, 11025, 16000, 22050, 44100)


def voiced(shape: tuple[int, ...], *, sample_rate: int = 16000, seed: int = 0) -> np.ndarray:
    """A buzz at 120 Hz that fades in and out, over noise 40 dB below it, inside ±1.

    float64, but of values that float32 holds, so that both precisions get the same signal.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(shape[-1]) / sample_rate
    harmonics = sum(np.sin(2 * np.pi * 120 * k * time + rng.uniform(0, 6)) / k for k in range(1, 16))
    level = 0.2 * (1.1 + np.sin(2 * np.pi * 3 * time))
    samples = level * harmonics * 0.5 + 0.004 * rng.standard_normal(shape)
    return samples.astype(np.float32).astype(np.float64)


@st.composite
def spectrum_arguments(draw: st.DrawFn) -> dict[str, Any]:
    n_fft = draw(st.integers(2, 700))  # librosa fails where n_fft is 1 and the hop passes the end
    return {
        "n_fft": n_fft,
        "win_length": draw(st.integers(1, n_fft)),
        "hop_length": draw(st.integers(max(1, n_fft // 8), 2 * n_fft)),
        "window": draw(st.sampled_from(["hann", "hamming", "rectangular"])),
        "center": draw(st.booleans()),
        "power": draw(st.sampled_from([1.0, 2.0, 0.5, 3.0])),
    }


def librosa_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    names = {"rectangular": "boxcar"}
    return {**arguments, "window": names.get(arguments["window"], arguments["window"])}


def librosa_spectrogram(samples: np.ndarray, arguments: dict[str, Any]) -> np.ndarray:
    """librosa's answer in float64, frames before bins."""
    options = librosa_arguments(arguments)
    power = options.pop("power")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large for input signal")
        return np.swapaxes(np.abs(librosa.stft(samples, pad_mode="constant", **options)) ** power, -1, -2)


def assert_close(ours: torch.Tensor, reference: np.ndarray, *, relative: float, of_largest: float) -> None:
    """|ours − reference| ≤ relative·|reference| + of_largest·max|reference|, shapes equal."""
    assert tuple(ours.shape) == reference.shape
    largest = float(np.abs(reference).max())
    np.testing.assert_allclose(
        ours.detach().double().numpy(), reference, rtol=relative, atol=of_largest * largest
    )
