import math

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dct
from signals import SAMPLE_RATES, assert_close, voiced

from hnrc_lib.audio import cepstral_coefficients, load_audio, mfcc
from hnrc_lib.paths import corpora_dir


@settings(max_examples=40, deadline=None)
@given(
    sample_rate=st.sampled_from(SAMPLE_RATES),
    n_fft=st.integers(64, 600),
    hop_length=st.integers(20, 300),
    sizes=st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))),
    lifter=st.sampled_from([0.0, 22.0, 40.0]),
    size=st.integers(600, 4000),
)
@pytest.mark.filterwarnings("ignore:.*filters lie between", "ignore:Empty filters")
def test_equals_librosa(sample_rate, n_fft, hop_length, sizes, lifter, size):
    n_mels, n_mfcc = sizes
    samples = voiced((size,), sample_rate=sample_rate)
    options = {"n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels}
    mel = librosa.feature.melspectrogram(y=samples, sr=sample_rate, dtype=np.float64, **options)
    decibels = librosa.power_to_db(mel, top_db=None)
    reference = librosa.feature.mfcc(S=decibels, n_mfcc=n_mfcc, lifter=lifter).T * math.log(10) / 10
    options.update(sample_rate=sample_rate, n_mfcc=n_mfcc, lifter=lifter)
    double = mfcc(torch.from_numpy(samples), **options)
    assert_close(double, reference, relative=1e-8, of_largest=1e-8)
    single = mfcc(torch.from_numpy(samples).float(), **options)
    assert_close(single, reference, relative=1e-4, of_largest=1e-6)


@settings(deadline=None)
@given(n_mels=st.integers(1, 60), seed=st.integers(0, 99))
def test_transform_is_scipys_orthonormal_dct_and_keeps_energy(n_mels, seed):
    bands = np.random.default_rng(seed).standard_normal((3, 2, n_mels))
    coefficients = cepstral_coefficients(torch.from_numpy(bands), n_mfcc=n_mels)
    np.testing.assert_allclose(coefficients, dct(bands, type=2, norm="ortho"), atol=1e-12)
    np.testing.assert_allclose(coefficients.square().sum(), np.square(bands).sum(), rtol=1e-12)


def test_order_of_frames_does_not_matter():
    samples = torch.from_numpy(voiced((8000,)))
    frames = mfcc(samples, sample_rate=16000, n_fft=400, hop_length=400, center=False)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    shuffled = samples.reshape(20, 400)[order].flatten()
    again = mfcc(shuffled, sample_rate=16000, n_fft=400, hop_length=400, center=False)
    torch.testing.assert_close(again, frames[order])


def test_gradient_is_the_finite_difference():
    samples = torch.from_numpy(voiced((2, 60))).requires_grad_()
    options = {"sample_rate": 8000, "n_fft": 32, "hop_length": 16, "n_mels": 5}
    lengths = torch.tensor([60, 33])

    def features(x):
        return mfcc(x, n_mfcc=3, lifter=22.0, lengths=lengths, **options)

    assert torch.autograd.gradcheck(features, samples)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_mfcc": 41}, "n_mfcc must be at most n_mels=40, got 41"),
        ({"n_mfcc": 0}, "n_mfcc must be a positive integer, got 0"),
        ({"lifter": -1.0}, "lifter must be 0 or positive, got -1"),
        ({"n_fft": 0}, "n_fft must be a positive integer, got 0"),
    ],
)
def test_arguments_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        mfcc(torch.ones(1000), **{"sample_rate": 16000, "n_fft": 512, **change})


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="n_mel"):
        mfcc(torch.ones(1000), sample_rate=16000, n_fft=512, n_mel=40)


@pytest.mark.speech
def test_real_speech_equals_librosa():
    folder = corpora_dir()
    if folder is None or not (folder / "fsdd" / "recordings").is_dir():
        pytest.skip("HNRC_DATA_DIR names no folder with fsdd/recordings")
    files = sorted((folder / "fsdd" / "recordings").glob("*.wav"))[::251]
    assert files
    for file in files:
        samples, sample_rate = load_audio(file)
        options = {"n_fft": 256, "hop_length": 80, "n_mels": 40}
        mel = librosa.feature.melspectrogram(
            y=samples.double().numpy(), sr=sample_rate, dtype=np.float64, **options
        )
        decibels = librosa.power_to_db(mel, top_db=None)
        reference = librosa.feature.mfcc(S=decibels, n_mfcc=13).T * math.log(10) / 10
        ours = mfcc(samples, sample_rate=sample_rate, **options)
        assert_close(ours, reference, relative=1e-4, of_largest=1e-6)
