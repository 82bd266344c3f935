import io
import shutil
import struct

import audioread
import numpy as np
import pytest
from audioread import ffdec

from hnrc_lib.audio import AudioError, fallback, load_audio

M4A = struct.pack(">I", 24) + b"ftypM4A \x00\x00\x00\x00" + bytes(400)


class Decoder(audioread.AudioFile):
    """Stands for a decoder that is installed: two channels at 48 kHz, in blocks."""

    samplerate, channels = 48000, 2

    def __init__(self, path):
        with open(path, "rb") as file:
            self.content = file.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        frames = np.full((4800, 2), [16384, 8192], dtype="<i2").tobytes()
        assert self.content == M4A
        yield from (frames[:8000], frames[8000:])


class Refusing(Decoder):
    def __init__(self, path):
        raise audioread.DecodeError


class Silent(Decoder):
    channels = 0

    def __iter__(self):
        return iter(())


def test_without_a_decoder_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(fallback, "_installed_decoders", list)
    with pytest.raises(
        AudioError, match=r"it is MPEG-4 \(m4a, mp4\), which needs ffmpeg: install it, or convert"
    ):
        load_audio(io.BytesIO(M4A))


def test_a_decoder_gets_the_whole_file_and_its_frames_are_mixed_and_resampled(monkeypatch):
    monkeypatch.setattr(fallback, "_installed_decoders", lambda: [Decoder])
    samples, rate = load_audio(io.BytesIO(M4A), sample_rate=16000)
    assert (samples.shape, rate) == ((1600,), 16000)
    np.testing.assert_allclose(samples[300:-300], 0.375, atol=1e-4)


@pytest.mark.parametrize("decoder", [Refusing, Silent])
def test_what_the_decoder_cannot_read_is_refused(monkeypatch, decoder):
    monkeypatch.setattr(fallback, "_installed_decoders", lambda: [decoder])
    with pytest.raises(AudioError, match=r"'<stream>': its MPEG-4 \(m4a, mp4\) data cannot be decoded"):
        load_audio(io.BytesIO(M4A))


def test_ffmpeg_is_used_where_it_is_installed(monkeypatch):
    monkeypatch.setattr(fallback.sys, "platform", "linux")
    for available in (True, False):
        monkeypatch.setattr(ffdec, "available", lambda available=available: available)
        assert fallback._installed_decoders() == [ffdec.FFmpegAudioFile] * available


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_a_real_decoder_refuses_what_is_not_mpeg4():
    with pytest.raises(AudioError, match="cannot be decoded"):
        load_audio(io.BytesIO(M4A))
