import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import voiced

from hnrc_lib.audio import log_mel_spectrogram, normalize_mean_variance


@settings(deadline=None)
@given(frames=st.integers(2, 40), batch=st.sampled_from([(), (3,), (2, 2)]), variance=st.booleans())
def test_equals_the_formula(frames, batch, variance):
    features = np.random.default_rng(frames).standard_normal((*batch, frames, 5)) * 4 - 7
    reference = features - features.mean(axis=-2, keepdims=True)
    if variance:
        reference = reference / features.std(axis=-2, keepdims=True)
    ours = normalize_mean_variance(torch.from_numpy(features), variance=variance)
    np.testing.assert_allclose(ours, reference, atol=1e-12)
    single = normalize_mean_variance(torch.from_numpy(features).float(), variance=variance)
    np.testing.assert_allclose(single, reference, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 20), min_size=1, max_size=5), variance=st.booleans())
def test_padding_neither_counts_nor_shows(lengths, variance):
    batch = torch.full((len(lengths), 22, 3), torch.nan, dtype=torch.float64)
    for row, length in enumerate(lengths):
        batch[row, :length] = torch.randn(length, 3, dtype=torch.float64)
    normalized = normalize_mean_variance(batch, variance=variance, lengths=torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = normalize_mean_variance(batch[row, :length], variance=variance)
        torch.testing.assert_close(normalized[row, :length], alone)
        assert not normalized[row, length:].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, -23.025850929940457, 1e6])
def test_a_constant_feature_is_zero_with_a_finite_gradient(value, dtype):
    features = torch.full((2, 37, 3), value, dtype=dtype, requires_grad=True)
    normalized = normalize_mean_variance(features)
    assert not normalized.any()
    (gradient,) = torch.autograd.grad((normalized * torch.randn_like(normalized)).sum(), features)
    assert torch.isfinite(gradient).all()


def test_silence_and_one_frame_are_zero():
    silence = log_mel_spectrogram(torch.zeros(4000), sample_rate=16000, n_fft=512)
    assert not normalize_mean_variance(silence).any()
    assert not normalize_mean_variance(torch.randn(1, 40)).any()


def test_a_channel_gain_disappears():
    samples = torch.from_numpy(voiced((8000,)))
    options = {"sample_rate": 16000, "n_fft": 512}
    quiet, loud = (normalize_mean_variance(log_mel_spectrogram(g * samples, **options)) for g in (0.1, 1.0))
    torch.testing.assert_close(quiet, loud)


def test_gradient_is_the_finite_difference():
    features = torch.randn(2, 6, 2, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([6, 4])
    assert torch.autograd.gradcheck(lambda x: normalize_mean_variance(x, lengths=lengths), features)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="floor must be positive, got 0"):
        normalize_mean_variance(torch.zeros(3, 2), floor=0.0)
    with pytest.raises(ValueError, match="lengths must lie from 1 to 3, got 4 to 4"):
        normalize_mean_variance(torch.zeros(3, 2), lengths=torch.tensor(4))
