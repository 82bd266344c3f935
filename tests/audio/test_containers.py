import io
import struct

import numpy as np
import pytest
import soundfile

from hnrc_lib.audio import AudioError, load_audio
from hnrc_lib.audio.containers import check_length, foreign_container


def chunk(name, body, length=None):
    length = len(body) if length is None else length
    return name + struct.pack("<I", length) + body + bytes(len(body) % 2)


def wav(*chunks, bits=16):
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000 * bits // 8, bits // 8, bits))
    body = b"WAVE" + form + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


SOUND = struct.pack("<4h", 0, 16384, -16384, 0)
VALUES = [0.0, 0.5, -0.5, 0.0]


@pytest.mark.parametrize(
    "content",
    [
        wav(chunk(b"data", SOUND)),
        wav(chunk(b"LIST", b"INFOodd"), chunk(b"data", SOUND)),
        wav(chunk(b"data", SOUND), chunk(b"LIST", b"INFO")),
        wav(chunk(b"data", SOUND), b"\x00"),
        wav(chunk(b"data", SOUND, length=0xFFFF_FFFF)),
        wav(chunk(b"data", SOUND, length=0x7FFF_F000)),
    ],
    ids=["plain", "odd chunk before", "chunk after", "stray byte after", "ffmpeg pipe", "sox pipe"],
)
def test_whole_files_pass(content):
    check_length(content)
    assert load_audio(io.BytesIO(content)).samples.tolist() == VALUES


def test_an_odd_number_of_bytes_may_lack_its_pad():
    content = wav(chunk(b"data", bytes([128, 192, 64])), bits=8)[:-1]
    assert load_audio(io.BytesIO(content)).samples.tolist() == [0.0, 0.5, -0.5]


@pytest.mark.parametrize("missing", [1, 2, 7, 8])
def test_missing_bytes_are_counted(missing):
    with pytest.raises(AudioError, match=f"promises 8 bytes of samples, {8 - missing} are there"):
        check_length(wav(chunk(b"data", SOUND))[:-missing])


def test_a_file_cut_before_its_samples_is_truncated():
    with pytest.raises(AudioError, match="it ends before its data chunk"):
        check_length(wav(chunk(b"LIST", b"INFO" * 8), chunk(b"data", SOUND))[:60])


def test_a_long_form_wav_is_measured_by_its_wide_length():
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(1000), 8000, format="RF64")
    content = bytearray(stream.getvalue())
    check_length(bytes(content))
    # A file that really is long leaves all ones in the narrow field.
    data = content.index(b"data") + 4
    content[data : data + 4] = b"\xff" * 4
    check_length(bytes(content))
    with pytest.raises(AudioError, match="promises 2000 bytes of samples, 1990 are there"):
        check_length(bytes(content[:-10]))


def test_au_may_leave_its_length_open():
    head = struct.pack(">4sIIIII", b".snd", 24, 0xFFFF_FFFF, 3, 8000, 1)
    samples = load_audio(io.BytesIO(head + struct.pack(">2h", 16384, -16384))).samples
    assert samples.tolist() == [0.5, -0.5]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x18ftypmp42", "MPEG-4 (m4a, mp4)"),
        (b"\x1aE\xdf\xa3\x01\x00", "Matroska or WebM"),
        (b"\xff\xf1\x60\x40", "AAC"),
        (b"#!AMR\n", "AMR"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"fLaC", None),
        (b"ID3\x04", None),
        (b"\xff\xfb\x90\x00", None),
        (b"", None),
    ],
)
def test_containers_that_need_another_decoder_are_known_by_their_first_bytes(head, name):
    assert foreign_container(head) == name
