import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import voiced

from hnrc_lib.audio import pre_emphasis


@settings(deadline=None)
@given(size=st.integers(1, 500), coefficient=st.floats(0, 1), seed=st.integers(0, 9))
def test_equals_librosa_started_from_the_repeated_first_sample(size, coefficient, seed):
    samples = voiced((2, size), seed=seed)
    reference = librosa.effects.preemphasis(samples, coef=coefficient, zi=-coefficient * samples[:, :1])
    np.testing.assert_allclose(pre_emphasis(torch.from_numpy(samples), coefficient), reference, atol=1e-15)
    single = pre_emphasis(torch.from_numpy(samples).float(), coefficient)
    np.testing.assert_allclose(single, reference, atol=1e-6)


def test_response_is_that_of_the_filter():
    impulse = torch.zeros(512, dtype=torch.float64)
    impulse[1] = 1
    gain = torch.fft.rfft(pre_emphasis(impulse, 0.97)).abs()
    angle = torch.linspace(0, torch.pi, 257, dtype=torch.float64)
    np.testing.assert_allclose(gain, (1 + 0.97**2 - 2 * 0.97 * angle.cos()).sqrt(), rtol=1e-10)


def test_padding_stays_zero():
    filtered = pre_emphasis(torch.ones(2, 4), 0.5, lengths=torch.tensor([2, 4]))
    assert filtered.tolist() == [[0.5, 0.5, 0, 0], [0.5, 0.5, 0.5, 0.5]]


@pytest.mark.parametrize("coefficient", [-0.1, 1.5, float("nan")])
def test_coefficient_outside_is_refused(coefficient):
    with pytest.raises(ValueError, match=f"coefficient must lie from 0 to 1, got {coefficient}"):
        pre_emphasis(torch.zeros(4), coefficient)
