import math

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import SAMPLE_RATES, assert_close, librosa_arguments, spectrum_arguments, voiced

from hnrc_lib.audio import log_mel_spectrogram


@st.composite
def log_mel_arguments(draw):
    arguments = draw(spectrum_arguments())
    sample_rate = draw(st.sampled_from(SAMPLE_RATES))
    arguments.update(
        sample_rate=sample_rate,
        n_mels=draw(st.integers(1, 40)),
        f_min=draw(st.sampled_from([0.0, 20.0, 125.0])),
        f_max=draw(st.sampled_from([None, sample_rate / 2, sample_rate / 2.5])),
        mel_scale=draw(st.sampled_from(["slaney", "htk"])),
        norm=draw(st.sampled_from(["slaney", None])),
        power=draw(st.sampled_from([1.0, 2.0])),
    )
    return arguments


def librosa_mel(samples, arguments):
    options = librosa_arguments(arguments)
    renamed = {"sr": "sample_rate", "fmin": "f_min", "fmax": "f_max"}
    options.update({theirs: options.pop(ours) for theirs, ours in renamed.items()})
    htk = options.pop("mel_scale") == "htk"
    mel = librosa.feature.melspectrogram(y=samples, htk=htk, pad_mode="constant", dtype=np.float64, **options)
    return np.swapaxes(mel, -1, -2)


@settings(max_examples=60, deadline=None)
@given(arguments=log_mel_arguments(), size=st.integers(1, 3000), batch=st.sampled_from([(), (2,)]))
@pytest.mark.filterwarnings(
    "ignore:.*filters lie between", "ignore:Empty filters", "ignore:n_fft=.* is too large"
)
def test_equals_the_logarithm_of_librosas_mel_spectrogram(arguments, size, batch):
    if not arguments["center"]:
        size += arguments["n_fft"]
    samples = voiced((*batch, size), sample_rate=arguments["sample_rate"])
    reference = np.log(np.maximum(librosa_mel(samples, arguments), 1e-10))
    double = log_mel_spectrogram(torch.from_numpy(samples), **arguments)
    assert_close(double, reference, relative=1e-7, of_largest=1e-7)
    single = log_mel_spectrogram(torch.from_numpy(samples).float(), **arguments)
    # An absolute 1e-4 of the logarithm is a relative 1e-4 of the energy.
    np.testing.assert_allclose(single, reference, rtol=0, atol=1e-4)


def test_in_decibels_it_is_librosas_power_to_db():
    samples = voiced((8000,))
    ours = log_mel_spectrogram(torch.from_numpy(samples), sample_rate=16000, n_fft=512, hop_length=160)
    mel = librosa.feature.melspectrogram(
        y=samples, sr=16000, n_fft=512, hop_length=160, n_mels=40, dtype=np.float64
    )
    np.testing.assert_allclose(ours.T * 10 / math.log(10), librosa.power_to_db(mel, top_db=None), rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("level", [0.0, 0.5])
def test_silence_and_constants_are_finite_with_finite_gradients(level, dtype):
    samples = torch.full((2, 4000), level, dtype=dtype, requires_grad=True)
    features = log_mel_spectrogram(samples, sample_rate=16000, n_fft=512, hop_length=160)
    assert torch.isfinite(features).all()
    if level == 0:
        np.testing.assert_allclose(features.detach(), math.log(1e-10), rtol=1e-6)
    (gradient,) = torch.autograd.grad(features.sum(), samples)
    assert torch.isfinite(gradient).all()


def test_floor_is_where_silence_lies():
    features = log_mel_spectrogram(torch.zeros(800), sample_rate=8000, n_fft=256, floor=1e-6)
    np.testing.assert_allclose(features, math.log(1e-6), rtol=1e-6)
    with pytest.raises(ValueError, match="floor must be positive, got 0"):
        log_mel_spectrogram(torch.zeros(800), sample_rate=8000, n_fft=256, floor=0.0)


def test_gain_adds_a_constant():
    samples = torch.from_numpy(voiced((8000,)))
    options = {"sample_rate": 16000, "n_fft": 512}
    louder = log_mel_spectrogram(10 * samples, **options) - log_mel_spectrogram(samples, **options)
    np.testing.assert_allclose(louder, math.log(100), rtol=1e-9)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_gradient_is_the_finite_difference(power):
    samples = torch.from_numpy(voiced((2, 70))).requires_grad_()
    options = {"sample_rate": 8000, "n_fft": 32, "hop_length": 16, "n_mels": 5, "power": power}
    lengths = torch.tensor([70, 41])

    def features(x):
        return log_mel_spectrogram(x, lengths=lengths, **options)

    assert torch.autograd.gradcheck(features, samples)
    assert torch.autograd.gradgradcheck(features, samples)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_fft": 0}, "n_fft must be a positive integer"),
        ({"win_length": 513}, "win_length must be at most n_fft=512, got 513"),
        ({"f_max": 9000.0}, "f_max <= sample_rate/2 = 8000"),
        ({"center": False, "n_fft": 2000}, "samples must hold at least n_fft=2000"),
    ],
)
def test_arguments_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        log_mel_spectrogram(torch.ones(1000), **{"sample_rate": 16000, "n_fft": 512, **change})
