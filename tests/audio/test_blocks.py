"""Blocks of a file against the file as a whole."""

import io

import numpy as np
import pytest
import soundfile
import torch

from hnrc_lib.audio import AudioError, load_audio, read_blocks


@pytest.mark.parametrize("rate", [8000, 16000, 11025, 44100])
@pytest.mark.parametrize(("suffix", "channels"), [("wav", 1), ("flac", 2)])
def test_blocks_make_up_the_whole(tmp_path, rate, suffix, channels):
    path = tmp_path / f"sound.{suffix}"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (16000, channels))
    soundfile.write(path, samples, 16000)
    blocks = list(read_blocks(path, sample_rate=rate, block_seconds=0.13))
    whole = load_audio(path, sample_rate=rate).samples
    assert len(blocks) > 4
    assert max(map(len, blocks)) < 0.4 * len(whole)
    torch.testing.assert_close(torch.cat(blocks), whole, rtol=0, atol=2e-6)


def test_a_stream_is_read_too():
    stream = io.BytesIO()
    soundfile.write(stream, np.linspace(-0.5, 0.5, 800), 8000, format="WAV")
    stream.seek(0)
    (block,) = read_blocks(stream, sample_rate=8000)
    assert block.shape == (800,)


def wav(samples: np.ndarray, subtype: str = "PCM_16") -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, 8000, format="WAV", subtype=subtype)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"no sound at all", "not audio that libsndfile can read"),
        (wav(np.zeros(0)), "no samples"),
        (wav(np.zeros(4000))[:-100], "it is truncated"),
        (wav(np.append(np.zeros(4000), np.nan), "FLOAT"), "finite, got another value at index 4000"),
    ],
)
@pytest.mark.parametrize("as_stream", [True, False])
def test_unreadable_files_are_named(tmp_path, content, message, as_stream):
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    source = io.BytesIO(content) if as_stream else path
    with pytest.raises(AudioError, match=rf"cannot load audio from .*{message}"):
        list(read_blocks(source, sample_rate=8000, block_seconds=0.1))


def test_a_flac_cut_short_fails_where_it_ends(tmp_path):
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 40000), 8000)
    path.write_bytes(path.read_bytes()[:-20000])
    blocks = read_blocks(path, sample_rate=8000, block_seconds=0.5)
    assert len(next(blocks)) == 4000
    with pytest.raises(AudioError, match=r"cut\.flac.*truncated"):
        list(blocks)


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(AudioError, match=r"absent\.wav.*no such file"):
        next(read_blocks(tmp_path / "absent.wav", sample_rate=8000))
    with pytest.raises(AudioError, match="cannot be read"):
        next(read_blocks(tmp_path, sample_rate=8000))
    with pytest.raises(TypeError, match="binary mode"):
        next(read_blocks(io.StringIO("a"), sample_rate=8000))  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"sample_rate": 0}, {"sample_rate": 8000, "block_seconds": 0.0}])
def test_bad_options_are_named_at_once(options):
    with pytest.raises(ValueError, match="must be"):
        read_blocks("any.wav", **options)
