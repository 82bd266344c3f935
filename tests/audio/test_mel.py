import warnings

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import SAMPLE_RATES

from hnrc_lib.audio import hz_to_mel, mel_filter_bank, mel_to_hz

scales = st.sampled_from(["slaney", "htk"])


@settings(deadline=None)
@given(frequencies=st.lists(st.floats(0, 24000), min_size=1, max_size=20), mel_scale=scales)
def test_scale_equals_librosa_and_inverts(frequencies, mel_scale):
    hertz = torch.tensor(frequencies, dtype=torch.float64)
    mels = hz_to_mel(hertz, mel_scale)
    reference = librosa.hz_to_mel(np.array(frequencies), htk=mel_scale == "htk")
    np.testing.assert_allclose(mels, reference, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mels, mel_scale), hertz, rtol=1e-10, atol=1e-10)


@settings(deadline=None)
@given(
    sample_rate=st.sampled_from(SAMPLE_RATES),
    n_fft=st.integers(2, 1200),
    n_mels=st.integers(1, 128),
    band=st.tuples(st.floats(0, 0.4), st.floats(0.5, 1)),
    mel_scale=scales,
    norm=st.sampled_from(["slaney", None]),
)
def test_equals_librosa(sample_rate, n_fft, n_mels, band, mel_scale, norm):
    f_min, f_max = (part * sample_rate / 2 for part in band)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters detected")
        reference = librosa.filters.mel(
            sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=f_min, fmax=f_max,
            htk=mel_scale == "htk", norm=norm, dtype=np.float64,
        )  # fmt: skip
    arguments = {"n_fft": n_fft, "n_mels": n_mels, "f_min": f_min, "f_max": f_max}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bank = mel_filter_bank(
            sample_rate=sample_rate, mel_scale=mel_scale, norm=norm, dtype=torch.float64, **arguments
        )
    np.testing.assert_allclose(bank, reference, rtol=1e-8, atol=1e-8 * max(reference.max(), 1e-12))
    assert len(caught) == (1 if (bank.amax(dim=1) == 0).any() else 0)


def test_peaks_are_one_or_areas_are_one():
    arguments = {"sample_rate": 16000, "n_fft": 1 << 15, "n_mels": 23}
    peaks = mel_filter_bank(norm=None, dtype=torch.float64, **arguments)
    np.testing.assert_allclose(peaks.amax(dim=1), 1, atol=0.01)
    areas = mel_filter_bank(norm="slaney", dtype=torch.float64, **arguments).sum(dim=1) * 16000 / (1 << 15)
    np.testing.assert_allclose(areas, 1, atol=1e-4)


def test_a_filter_between_bins_warns():
    with pytest.warns(
        UserWarning, match=r"of n_mels=128 filters lie between two of the 129 bins of n_fft=256"
    ):
        bank = mel_filter_bank(sample_rate=16000, n_fft=256, n_mels=128)
    assert (bank.sum(dim=1) == 0).any()


def test_the_usual_speech_settings_do_not_warn():
    for sample_rate, n_fft in ((8000, 256), (16000, 512)):
        assert (mel_filter_bank(sample_rate=sample_rate, n_fft=n_fft, n_mels=40).amax(dim=1) > 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"f_max": 8001.0}, r"f_max <= sample_rate/2 = 8000, got f_min=0, f_max=8001"),
        ({"f_min": -1.0}, "got f_min=-1, f_max=8000"),
        ({"f_min": 500.0, "f_max": 500.0}, "got f_min=500, f_max=500"),
        ({"f_max": float("nan")}, "f_max=nan"),
        ({"n_mels": 0}, "n_mels must be a positive integer, got 0"),
        ({"n_fft": 0}, "n_fft must be a positive integer, got 0"),
        ({"sample_rate": 0}, "sample_rate must be a positive integer, got 0"),
        ({"mel_scale": "bark"}, "mel_scale must be one of 'slaney', 'htk', got 'bark'"),
        ({"norm": "peak"}, "norm must be one of 'slaney', None, got 'peak'"),
    ],
)
def test_arguments_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        mel_filter_bank(**{"sample_rate": 16000, "n_fft": 512, "n_mels": 40, **change})
