import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.audio import analysis_window


@settings(deadline=None)
@given(
    names=st.sampled_from([("hann", "hann"), ("hamming", "hamming"), ("rectangular", "boxcar")]),
    win_length=st.integers(1, 300),
    extra=st.integers(0, 50),
)
def test_equals_librosa_padded_to_the_frame(names, win_length, extra):
    ours = analysis_window(names[0], win_length=win_length, n_fft=win_length + extra, dtype=torch.float64)
    reference = librosa.filters.get_window(names[1], win_length, fftbins=True)
    np.testing.assert_allclose(ours, librosa.util.pad_center(reference, size=win_length + extra), atol=1e-14)


def test_dtype_and_default_frame():
    window = analysis_window(win_length=5)
    assert (window.dtype, window.shape) == (torch.float32, (5,))


def test_arguments_are_checked():
    with pytest.raises(
        ValueError, match="window must be one of 'hann', 'hamming', 'rectangular', got 'kaiser'"
    ):
        analysis_window("kaiser", win_length=4)
    with pytest.raises(ValueError, match="win_length must be at most n_fft=4, got 5"):
        analysis_window(win_length=5, n_fft=4)
    with pytest.raises(ValueError, match="win_length must be a positive integer, got 0"):
        analysis_window(win_length=0)
