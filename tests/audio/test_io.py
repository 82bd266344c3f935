import io
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import voiced

from hnrc_lib.audio import AudioError, Waveform, load_audio, resample, write_audio
from hnrc_lib.paths import corpora_dir


def encoded(samples, sample_rate=16000, **encoding):
    stream = io.BytesIO()
    soundfile.write(stream, samples, sample_rate, **{"format": "WAV", **encoding})
    return stream.getvalue()


def load(content, **options):
    return load_audio(io.BytesIO(content), **options)


@pytest.mark.parametrize(
    ("encoding", "tolerance"),
    [
        ({"subtype": "PCM_U8"}, 2**-7),
        ({"subtype": "PCM_16"}, 2**-15),
        ({"subtype": "PCM_24"}, 2**-23),
        ({"subtype": "PCM_32"}, 2**-24),
        ({"subtype": "FLOAT"}, 2**-24),
        ({"subtype": "DOUBLE"}, 2**-24),
        ({"subtype": "ULAW"}, 2**-5),
        ({"format": "WAVEX"}, 2**-15),
        ({"format": "RF64"}, 2**-15),
        ({"format": "FLAC", "subtype": "PCM_16"}, 2**-15),
        ({"format": "FLAC", "subtype": "PCM_24"}, 2**-23),
        ({"format": "AIFF"}, 2**-15),
        ({"format": "AU"}, 2**-15),
        ({"format": "NIST"}, 2**-15),
        ({"format": "CAF"}, 2**-15),
        ({"format": "OGG"}, 0.1),
        ({"format": "MP3"}, 0.1),
    ],
)
def test_every_usual_encoding_gives_the_samples(encoding, tolerance):
    samples = voiced((8001,))
    waveform = load(encoded(samples, **encoding))
    assert isinstance(waveform, Waveform)
    assert waveform.samples.dtype == torch.float32
    assert waveform.sample_rate == 16000
    assert waveform.samples.shape == (8001,)
    assert waveform.seconds == 8001 / 16000
    np.testing.assert_allclose(waveform.samples, samples, atol=tolerance)


@given(values=st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=50))
@settings(deadline=None)
def test_sixteen_bits_are_divided_by_their_full_scale(values):
    content = encoded(np.array(values, dtype=np.int16))
    assert (load(content).samples.double() * 2**15).tolist() == values


def test_twenty_four_bits_are_exact():
    values = np.array([-(2**23), -1, 0, 1, 12345, 2**23 - 1])
    content = encoded((values << 8).astype(np.int32), subtype="PCM_24")
    assert (load(content).samples.double() * 2**23).tolist() == values.tolist()


@pytest.mark.parametrize("channels", [2, 3, 6])
def test_channels_are_averaged(channels):
    samples = voiced((channels, 500)).T + 0.1 * np.arange(channels)
    waveform = load(encoded(samples, subtype="FLOAT"))
    np.testing.assert_allclose(waveform.samples, samples.mean(axis=1), atol=1e-7)


def test_silence_offset_and_overshoot_are_left_as_they_are():
    samples = np.array([0.0, 0.0, 0.25, 0.25, 1.5, -2.0], dtype=np.float32)
    assert load(encoded(samples, subtype="FLOAT")).samples.tolist() == samples.tolist()
    silence = load(encoded(np.zeros(800)), sample_rate=8000).samples
    assert silence.shape == (400,)
    assert not silence.any()


# Other rates: content below both Nyquist frequencies stays, the rest is gone, time does not shift.


@settings(deadline=None, max_examples=40)
@given(
    rates=st.tuples(*[st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000])] * 2),
    part=st.floats(0.05, 0.85),
    phase=st.floats(0, 6.2),
)
def test_a_tone_below_both_limits_is_the_same_tone_at_the_new_rate(rates, part, phase):
    old, new = rates
    frequency = part * min(rates) / 2
    tone = 0.5 * np.sin(2 * np.pi * frequency * np.arange(old // 4) / old + phase)
    waveform = load(encoded(tone, old, subtype="FLOAT"), sample_rate=new)
    assert waveform.sample_rate == new
    assert len(waveform.samples) == -(-(old // 4) * new // old)
    expected = 0.5 * np.sin(2 * np.pi * frequency * np.arange(len(waveform.samples)) / new + phase)
    middle = slice(new // 20, -new // 20)
    # soxr's gain falls by about 0.002 dB at 85 % of the limit.
    np.testing.assert_allclose(waveform.samples[middle], expected[middle], atol=3e-4)


@pytest.mark.parametrize("frequency", [4200, 5000, 7900])
def test_a_tone_above_the_new_limit_is_gone_not_folded(frequency):
    tone = np.sin(2 * np.pi * frequency * np.arange(16000) / 16000)
    samples = load(encoded(tone, subtype="FLOAT"), sample_rate=8000).samples
    assert samples[400:-400].abs().max() < 1e-5


@given(size=st.integers(1, 300), rates=st.sampled_from([(8000, 11025), (44100, 8000), (44100, 48000)]))
@settings(deadline=None)
def test_resampling_equals_librosas_away_from_the_end(size, rates):
    old, new = rates
    samples = np.random.default_rng(size).standard_normal(size)
    ours = resample(torch.from_numpy(samples), old, new)
    reference = librosa.resample(samples, orig_sr=old, target_sr=new, res_type="soxr_vhq")
    assert len(ours) == -(-size * new // old)
    # librosa takes the ceiling in floating point, and puts zero where soxr rounds the length down.
    assert 0 <= len(reference) - len(ours) <= 1
    np.testing.assert_allclose(ours[:-1], reference[: len(ours) - 1], atol=1e-6)


def test_resampling_keeps_dtype_and_refuses_bad_rates():
    assert resample(torch.zeros(80, dtype=torch.float64), 8000, 16000).dtype == torch.float64
    assert resample(torch.zeros(80, dtype=torch.float16), 8000, 16000).dtype == torch.float16
    with pytest.raises(ValueError, match="target_rate must be a positive number of hertz, got 0"):
        resample(torch.zeros(80), 8000, 0)
    with pytest.raises(ValueError, match="sample_rate must be a positive number of hertz, got -8000"):
        load(encoded(np.zeros(8)), sample_rate=-8000)


# Sources: a path, an open file, a pipe.


def test_path_text_file_object_and_pipe_give_the_same(tmp_path):
    path = tmp_path / "word.wav"
    path.write_bytes(encoded(voiced((900,))))
    expected = load_audio(path).samples
    assert torch.equal(load_audio(str(path)).samples, expected)
    with path.open("rb") as file:
        assert torch.equal(load_audio(file).samples, expected)

    class Pipe(io.RawIOBase):
        def read(self, size=-1):
            return path.read_bytes()

    assert torch.equal(load_audio(Pipe()).samples, expected)


def test_a_stream_is_read_from_where_it_stands():
    stream = io.BytesIO(b"prefix" + encoded(np.full(10, 0.5)))
    stream.seek(6)
    assert load_audio(stream).samples.tolist() == [0.5] * 10


def test_a_file_opened_as_text_is_a_mistake(tmp_path):
    with pytest.raises(TypeError, match="source must be opened in binary mode, got a stream of str"):
        load_audio.__wrapped__(io.StringIO("RIFF"))


# Refusals: each names the file and the cause.


@pytest.mark.parametrize("format", ["WAV", "FLAC", "AIFF", "AU", "NIST", "OGG", "MP3", "RF64", "CAF"])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_truncated_file_is_refused(format, data):
    content = encoded(voiced((6000,)), format=format)
    cut = data.draw(st.integers(1, len(content) - 1))
    with pytest.raises(AudioError, match="cannot load audio from '<stream>': it") as caught:
        load(content[:cut])
    if cut > 5000:
        assert "truncated" in str(caught.value)


def test_a_truncated_file_is_named_with_both_lengths(tmp_path):
    content = encoded(voiced((6000,)))
    path = tmp_path / "half.wav"
    path.write_bytes(content[: len(content) // 2])
    lengths = "the header promises 12000 bytes of samples, 5978 are there"
    with pytest.raises(
        AudioError, match=rf"cannot load audio from '.*half\.wav': it is truncated: {lengths}"
    ):
        load_audio(path)


@pytest.mark.parametrize("position", [3000, 5000, 6500])
def test_a_damaged_flac_is_refused(position):
    content = bytearray(encoded(voiced((6000,)), format="FLAC"))
    content[position] ^= 0x55
    with pytest.raises(AudioError, match="its FLAC data is truncated or damaged"):
        load(bytes(content))


def test_a_flac_without_length_is_refused():
    content = bytearray(encoded(voiced((6000,)), format="FLAC"))
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    with pytest.raises(AudioError, match="its FLAC header gives no length"):
        load(bytes(content))


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", r"it is empty \(0 bytes\)"),
        (b"one two three, this is not audio", "it is not audio that libsndfile can read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "it is not audio that libsndfile can read"),
        (b"RIFF", "it is not audio that libsndfile can read"),
        (encoded(np.zeros(0)), "it holds no samples"),
        (encoded(np.zeros((0, 2)), format="AIFF"), "it holds no samples"),
        (
            encoded(np.array([0, np.nan, 0.5, np.nan]), subtype="FLOAT"),
            "finite, got nan at index 1, 2 such in all",
        ),
        (
            encoded(np.array([[0, 0], [0.5, -np.inf]]), subtype="DOUBLE"),
            "finite, got -inf at index 1, 1 such",
        ),
    ],
    # Names of their own: the bytes of a float file hold the time at which it was written.
    ids=["empty", "text", "picture", "cut", "no samples", "no frames", "not a number", "infinity"],
)
def test_what_is_not_speech_is_refused_by_name_and_cause(content, cause, tmp_path):
    path = tmp_path / "bad one.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=rf"^cannot load audio from '.*bad one\.wav': .*{cause}"):
        load_audio(path)
    with pytest.raises(AudioError, match=rf"^cannot load audio from '<stream>': .*{cause}"):
        load(content)


def test_a_path_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(AudioError, match=r"absent\.wav': there is no such file"):
        load_audio(tmp_path / "absent.wav")
    with pytest.raises(AudioError, match="it cannot be read"):
        load_audio(tmp_path)


@settings(deadline=None, max_examples=150)
@given(
    encoding=st.sampled_from([{"format": "WAV"}, {"format": "FLAC"}, {"format": "AIFF"}, {"format": "NIST"}]),
    changes=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_whatever_the_damage_it_loads_or_says_why(encoding, changes):
    content = bytearray(encoded(voiced((400,)), **encoding))
    for position, value in changes:
        content[position % len(content)] = value
    try:
        waveform = load(bytes(content))
    except AudioError as error:
        message = str(error)
    else:
        message = ""
        assert torch.isfinite(waveform.samples).all()
        assert len(waveform.samples) > 0
    assert message == "" or message.startswith("cannot load audio from '<stream>': ")


# Writing.


@pytest.mark.parametrize(("suffix", "subtype"), [(".flac", "PCM_16"), (".wav", "PCM_24"), (".wav", "FLOAT")])
def test_what_is_written_is_read_back(tmp_path, suffix, subtype):
    samples = torch.from_numpy(voiced((900,))).float()
    path = write_audio(tmp_path / f"word{suffix}", samples, 8000, subtype)
    assert path == tmp_path / f"word{suffix}"
    assert soundfile.info(path).subtype == subtype
    assert load_audio(path).sample_rate == 8000
    np.testing.assert_allclose(load_audio(path).samples, samples, atol=2**-15)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_arrays_and_full_scale_are_written(tmp_path):
    path = write_audio(tmp_path / "square.flac", np.array([1.0, -1.0]), 8000)
    assert (load_audio(path).samples * 2**15).tolist() == [2**15 - 1, -(2**15)]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = write_audio(tmp_path / "word.flac", torch.full((80,), 0.5), 8000)
    before = path.read_bytes()

    def fail_half_way(file, *_, **__):
        Path(file.name).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(soundfile, "write", fail_half_way)
    with pytest.raises(OSError, match="No space left"):
        write_audio(path, torch.zeros(80), 8000)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("samples", "name", "subtype", "message"),
    [
        ([0.0, 1.25], "a.wav", "PCM_16", r"a\.wav': PCM_16 would clip, .* got a peak of 1\.25"),
        ([0.0, float("nan")], "a.wav", "FLOAT", r"a\.wav': samples must be finite, got nan at index 1"),
        ([], "a.wav", "PCM_16", r"a\.wav': samples must not be empty"),
        ([0.0], "a.xyz", "PCM_16", r"pair that libsndfile writes, got '\.xyz', 'PCM_16'"),
        ([0.0], "a.flac", "FLOAT", r"pair that libsndfile writes, got '\.flac', 'FLOAT'"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, samples, name, subtype, message):
    with pytest.raises(ValueError, match=message):
        write_audio(tmp_path / name, torch.tensor(samples), 8000, subtype)
    assert not list(tmp_path.iterdir())


def test_writing_needs_a_rate(tmp_path):
    with pytest.raises(ValueError, match="sample_rate must be a positive integer, got 0"):
        write_audio(tmp_path / "a.wav", torch.zeros(8), 0)


@pytest.mark.speech
@pytest.mark.parametrize(("corpus", "sample_rate"), [("fsdd/recordings", 8000), ("an4/wav", 16000)])
def test_real_speech_loads_as_it_is(corpus, sample_rate):
    folder = corpora_dir()
    if folder is None or not (folder / corpus).is_dir():
        pytest.skip(f"HNRC_DATA_DIR names no folder with {corpus}")
    files = sorted((folder / corpus).rglob("*.wav"))[::97]
    assert files
    for file in files:
        waveform = load_audio(file)
        reference, rate = soundfile.read(file, dtype="float32")
        assert waveform.sample_rate == rate == sample_rate
        np.testing.assert_array_equal(waveform.samples, reference)
        halved = load_audio(file, sample_rate=sample_rate // 2)
        assert len(halved.samples) == -(-len(reference) // 2)
