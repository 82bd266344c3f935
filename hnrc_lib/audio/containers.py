"""What an audio container's header says about its own length, and which decoder a container needs."""

import mmap
import re
import struct

from hnrc_lib.audio.errors import AudioError

# Programs that write to a pipe cannot know the length: ffmpeg leaves 0xFFFFFFFF, sox about 0x7FFFF000.
_UNKNOWN_WAV_LENGTH = 0x7FFF_F000
_OGG_END_OF_STREAM = 0x04

# (offset, magic bytes, name): containers that libsndfile does not read but phones and browsers write.
_FOREIGN = (
    (4, b"ftyp", "MPEG-4 (m4a, mp4)"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "Windows Media"),
    (0, b"#!AMR", "AMR"),
)


def foreign_container(head: bytes) -> str | None:
    """Name of a container that libsndfile cannot read, or None if the first bytes show no such thing.

    Args:
        head: the first bytes of the file, at least 16 of them where the file has as many.

    >>> foreign_container(bytes([0, 0, 0, 32]) + b"ftypM4A ")
    'MPEG-4 (m4a, mp4)'
    >>> foreign_container(b"RIFF....WAVE") is None
    True
    """
    for offset, magic, name in _FOREIGN:
        if head[offset : offset + len(magic)] == magic:
            return name
    return None


def check_length(content: bytes | mmap.mmap) -> None:
    """Refuse a file that ends before the length that its own header promises.

    libsndfile reads the samples that are left of a cut WAV, AIFF, AU, CAF or NIST file and says nothing; a
    recogniser would then learn from half a word. FLAC and MP3 are checked while decoding instead.

    Args:
        content: the whole file, read or mapped into memory.

    Raises:
        AudioError: fewer bytes are there than promised; the message gives both numbers.

    >>> check_length(b"RIFF....WAVE" + b"data" + struct.pack("<I", 3200) + bytes(100))
    Traceback (most recent call last):
        ...
    hnrc_lib.audio.errors.AudioError: it is truncated: the header promises 3200 bytes ...
    """
    if content[:4] in (b"RIFF", b"RF64") and content[8:12] == b"WAVE":
        _check_wav(content)
    elif content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
        start, promised, _ = _find_chunk(content, b"SSND", first=12, header=">4sI", even=True)
        _compare(promised=promised, present=len(content) - start)
    elif content[:4] == b"caff":
        start, promised, _ = _find_chunk(content, b"data", first=8, header=">4sq", even=False)
        _compare(promised=promised, present=len(content) - start)
    elif content[:4] == b".snd":
        _check_au(content)
    elif content[:7] == b"NIST_1A":
        _check_sphere(content)
    elif content[:4] == b"OggS":
        _check_ogg(content)


def _find_chunk(
    content: bytes | mmap.mmap, wanted: bytes, *, first: int, header: str, even: bool
) -> tuple[int, int, dict[bytes, int]]:
    """Where the body of the wanted chunk starts, its length, and where the chunks before it start."""
    position, before = first, {}
    while position + struct.calcsize(header) <= len(content):
        name, length = struct.unpack_from(header, content, position)
        position += struct.calcsize(header)
        if name == wanted:
            return position, length, before
        before[name] = position
        # A negative length is damage; without the bound it would walk in a circle.
        position += max(length, 0) + (length % 2 if even else 0)
    raise AudioError(f"it is truncated: it ends before its {wanted.decode()} chunk")


def _check_wav(content: bytes | mmap.mmap) -> None:
    start, promised, before = _find_chunk(content, b"data", first=12, header="<4sI", even=True)
    if promised >= _UNKNOWN_WAV_LENGTH:
        if b"ds64" not in before:
            return
        wide = before[b"ds64"] + 8
        promised = int.from_bytes(content[wide : wide + 8], "little")
    _compare(promised=promised, present=len(content) - start)


def _check_au(content: bytes | mmap.mmap) -> None:
    if len(content) < 12:
        raise AudioError("it is truncated: it ends within its header")
    offset, length = struct.unpack_from(">II", content, 4)
    if length != 0xFFFF_FFFF:  # the format's own sign for "not known"
        _compare(promised=length, present=len(content) - offset)


def _check_sphere(content: bytes | mmap.mmap) -> None:
    header_size = re.match(rb"NIST_1A\s+(\d+)", content)
    if header_size is None or len(content) < int(header_size[1]):
        raise AudioError("it is truncated: it ends within its header")
    header = content[: int(header_size[1])]
    fields = {name: int(value) for name, value in re.findall(rb"^(\w+) -i (\d+)", header, re.MULTILINE)}
    if b"shorten" not in header and b"sample_count" in fields and b"sample_n_bytes" in fields:
        frame = fields[b"sample_n_bytes"] * fields.get(b"channel_count", 1)
        _compare(promised=fields[b"sample_count"] * frame, present=len(content) - len(header))


def _check_ogg(content: bytes | mmap.mmap) -> None:
    # RFC 3533, section 6: flags at byte 5 of a page, number of segments at 26, their lengths from 27.
    page = content[content.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        raise AudioError("it is truncated: its last Ogg page is not whole")
    if not page[5] & _OGG_END_OF_STREAM:
        raise AudioError("it is truncated: its last Ogg page does not end the stream")


def _compare(*, promised: int, present: int) -> None:
    if present < promised:
        raise AudioError(
            f"it is truncated: the header promises {promised} bytes of samples, {max(present, 0)} are there"
        )
