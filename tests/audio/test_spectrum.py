import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import assert_close, librosa_spectrogram, spectrum_arguments, voiced

from hnrc_lib.audio import power_spectrogram


@settings(max_examples=60, deadline=None)
@given(arguments=spectrum_arguments(), size=st.integers(1, 3000), batch=st.sampled_from([(), (2,), (2, 1)]))
def test_equals_librosa(arguments, size, batch):
    if not arguments["center"]:
        size += arguments["n_fft"]
    samples = voiced((*batch, size))
    reference = librosa_spectrogram(samples, arguments)
    double = power_spectrogram(torch.from_numpy(samples), **arguments)
    assert double.dtype == torch.float64
    assert_close(double, reference, relative=1e-9, of_largest=1e-9)
    single = power_spectrogram(torch.from_numpy(samples).float(), **arguments)
    assert single.dtype == torch.float32
    assert_close(single, reference, relative=1e-6, of_largest=1e-9)


def test_defaults_are_librosas():
    samples = voiced((4000,))
    arguments = {"n_fft": 400, "win_length": None, "hop_length": None, "window": "hann", "center": True}
    reference = librosa_spectrogram(samples, {**arguments, "power": 2})
    assert_close(
        power_spectrogram(torch.from_numpy(samples), n_fft=400), reference, relative=1e-9, of_largest=1e-9
    )


def test_energy_is_kept():
    samples = torch.from_numpy(voiced((512,)))
    spectrum = power_spectrogram(samples, n_fft=512, window="rectangular", center=False)[0]
    energy = (spectrum[0] + 2 * spectrum[1:-1].sum() + spectrum[-1]) / 512
    np.testing.assert_allclose(energy, samples.square().sum(), rtol=1e-12)


@pytest.mark.parametrize("power", [0.5, 1.0, 1.5, 2.0])
def test_silence_is_zero_with_a_finite_gradient(power):
    samples = torch.zeros(300, requires_grad=True)
    spectrum = power_spectrogram(samples, n_fft=64, power=power)
    assert not spectrum.any()
    (gradient,) = torch.autograd.grad(spectrum.sum(), samples)
    assert not gradient.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_fft": 0}, "n_fft must be a positive integer, got 0"),
        ({"n_fft": -8}, "n_fft must be a positive integer, got -8"),
        ({"n_fft": 8, "win_length": 9}, "win_length must be at most n_fft=8, got 9"),
        ({"n_fft": 8, "win_length": 0}, "win_length must be a positive integer, got 0"),
        ({"n_fft": 8, "hop_length": 0}, "hop_length must be a positive integer, got 0"),
        ({"n_fft": 8, "power": 0.0}, "power must be positive, got 0"),
        ({"n_fft": 8, "window": "kaiser"}, "window must be one of"),
        ({"n_fft": 200, "center": False}, "at least n_fft=200 samples unless center=True, got 100"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        power_spectrogram(torch.ones(100), **arguments)
