"""Sounds keep their samples, and say what they are."""

import base64
import io
import re
import wave

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hnrc_lib.book import listen, sounds
from hnrc_lib.book.sounds import encode_wav


def decode(content):
    with wave.open(io.BytesIO(content)) as stored:
        assert (stored.getnchannels(), stored.getsampwidth()) == (1, 2)
        frames = stored.readframes(stored.getnframes())
        return np.frombuffer(frames, "<i2") / 32767, stored.getframerate()


@given(
    samples=hnp.arrays(np.float32, st.integers(1, 200), elements=st.floats(-1, 1, width=32)),
    sample_rate=st.sampled_from([8000, 16000, 44100]),
)
def test_samples_survive(samples, sample_rate):
    values, rate = decode(encode_wav(samples, sample_rate))
    assert rate == sample_rate
    np.testing.assert_allclose(values, samples, atol=0.51 / 32767)


def test_loud_sounds_are_scaled_and_quiet_ones_kept():
    loud, _ = decode(encode_wav([0.0, 4.0, -2.0], 8000))
    np.testing.assert_allclose(loud, [0, 1, -0.5], atol=1e-4)
    quiet, _ = decode(encode_wav([0.0, 0.01], 8000))
    np.testing.assert_allclose(quiet, [0, 0.01], atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], "one non-empty channel"),
        (np.zeros((2, 8)), "one non-empty channel of shape .T,., got shape .2, 8."),
        ([0.0, float("nan"), float("inf")], "finite, got 2 that are not"),
    ],
)
def test_bad_samples_are_named(samples, message):
    with pytest.raises(ValueError, match=message):
        encode_wav(samples, 8000)


def test_bad_rate_is_named():
    with pytest.raises(ValueError, match="sample_rate must be positive, got 0"):
        encode_wav([0.0], 0)


def test_player_has_a_label_and_facts(monkeypatch):
    shown = []
    monkeypatch.setattr(sounds, "display", lambda data, raw: shown.append(data))
    listen(torch.linspace(-1, 1, 4000, requires_grad=True), 8000, label='The digit "three", spoken & noisy.')
    page = shown[0]["text/html"]
    assert 'aria-label="The digit &quot;three&quot;, spoken &amp; noisy."' in page
    assert "0.50 s · 8 kHz" in page
    address = re.search(r'src="data:audio/wav;base64,([^"]+)"', page)
    assert address is not None
    values, rate = decode(base64.b64decode(address[1]))
    assert (len(values), rate) == (4000, 8000)


@pytest.mark.parametrize("level", [0.01, 4.0])
def test_every_sound_is_played_at_the_same_peak(monkeypatch, level):
    shown = []
    monkeypatch.setattr(sounds, "display", lambda data, raw: shown.append(data))
    listen(level * np.sin(np.arange(400)), 8000, label="A tone for testing.")
    address = re.search(r'src="data:audio/wav;base64,([^"]+)"', shown[0]["text/html"])
    assert address is not None
    values, _ = decode(base64.b64decode(address[1]))
    assert np.abs(values).max() == pytest.approx(10 ** (-3 / 20), abs=1e-3)


def test_silence_stays_silence(monkeypatch):
    shown = []
    monkeypatch.setattr(sounds, "display", lambda data, raw: shown.append(data))
    listen(np.zeros(10), 8000, label="Nothing is heard.")
    address = re.search(r'src="data:audio/wav;base64,([^"]+)"', shown[0]["text/html"])
    assert address is not None
    assert not decode(base64.b64decode(address[1]))[0].any()


def test_label_is_needed():
    with pytest.raises(ValueError, match="label must be a sentence"):
        listen([0.0], 8000, label="tone")
