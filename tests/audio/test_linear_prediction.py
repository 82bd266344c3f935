import librosa
import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import voiced

from hnrc_lib.audio.linear_prediction import (
    frame_predictors,
    prediction_problem,
    prediction_residual,
    resynthesize,
)


def test_the_normal_equations_are_those_of_the_autocorrelation():
    samples = voiced((600,), sample_rate=8000)
    X, y = prediction_problem(torch.from_numpy(samples), 12)
    correlation = np.correlate(samples, samples, "full")[len(samples) - 1 :]
    np.testing.assert_allclose(X.T @ X, scipy.linalg.toeplitz(correlation[:12]), atol=1e-12)
    np.testing.assert_allclose(X.T @ y, correlation[1:13], atol=1e-12)


def test_a_signal_that_was_predicted_gives_its_predictor_back():
    """librosa's filter is A = 1 − Σ aₖ z⁻ᵏ; Burg's method and ours agree on a long autoregression."""
    noise = torch.randn(20000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    true = torch.tensor([[1.2, -0.6, 0.1]], dtype=torch.float64)
    made = resynthesize(noise, true, 20000)
    X, y = prediction_problem(made, 3)
    found = torch.linalg.lstsq(X, y).solution
    np.testing.assert_allclose(found, -librosa.lpc(made.numpy(), order=3)[1:], atol=2e-3)
    np.testing.assert_allclose(found, true[0], atol=0.03)


@settings(deadline=None, max_examples=20)
@given(size=st.integers(1, 300), order=st.integers(1, 9), hop=st.integers(1, 90), seed=st.integers(0, 9))
def test_residual_and_resynthesis_undo_each_other(size, order, hop, seed):
    samples = torch.from_numpy(voiced((size,), seed=seed))
    predictors = frame_predictors(samples, order, frame_length=2 * hop + 1, hop_length=hop, damping=1e-3)
    residual = prediction_residual(samples, predictors, hop)
    np.testing.assert_allclose(resynthesize(residual, predictors, hop), samples, atol=1e-9)


def test_every_frames_filter_is_stable():
    samples = torch.from_numpy(voiced((4000,), sample_rate=8000))
    for predictor in frame_predictors(samples, 10, frame_length=240, hop_length=80, damping=1e-9):
        roots = np.roots(np.concatenate([[1.0], -predictor.numpy()]))
        assert np.abs(roots).max() < 1


def test_silence_is_predicted_by_zeros():
    assert not frame_predictors(torch.zeros(100), 4, frame_length=20, hop_length=10).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: prediction_problem(s, 0), "order must be a positive integer, got 0"),
        (lambda s: frame_predictors(s, 2, frame_length=8, hop_length=4, damping=0), "damping must be pos"),
        (lambda s: resynthesize(s, torch.zeros(2, 3), 4), "predictors must be 3, one a hop, got 2"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.ones(9))
