"""Waveforms of any length, block by block: a file is never in memory as a whole."""

import io
import math
import mmap
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio import containers, fallback
from hnrc_lib.audio._checks import check_positive_integer
from hnrc_lib.audio.errors import AudioError
from hnrc_lib.audio.io import BinaryStream, name_of


def read_blocks(
    source: str | os.PathLike[str] | BinaryStream, *, sample_rate: int, block_seconds: float = 10.0
) -> Iterator[Float[Tensor, "block"]]:
    """The samples that ``load_audio`` gives, in blocks, in memory that does not grow with the file.

    Channels are averaged and the rate is changed as there. Containers that need ffmpeg are decoded whole,
    and a stream's bytes are read whole.

    Args:
        source: path, or a stream open for reading in binary.
        sample_rate: rate wanted, in hertz, > 0.
        block_seconds: length of a block, > 0; the first and the last may be shorter.

    Yields:
        Consecutive samples, float32, full scale ±1, never none.

    Raises:
        AudioError: as ``load_audio``; where the fault lies late in the file, after the blocks before it.
        ValueError: the rate or the length of a block is not positive.

    >>> stream = io.BytesIO()
    >>> soundfile.write(stream, np.zeros(16000), 8000, format="WAV")
    >>> _ = stream.seek(0)
    >>> [len(block) for block in read_blocks(stream, sample_rate=8000, block_seconds=0.75)]
    [6000, 6000, 4000]
    """
    check_positive_integer("sample_rate", sample_rate)
    if not block_seconds > 0:
        raise ValueError(f"block_seconds must be positive, got {block_seconds}")
    return _named(source, sample_rate, block_seconds)


def _named(
    source: str | os.PathLike[str] | BinaryStream, sample_rate: int, block_seconds: float
) -> Iterator[Tensor]:
    name = name_of(source)
    try:
        with _content(source) as (content, stream):
            rate, raw = _decoded(content, stream, name, block_seconds)
            count = 0
            for samples in _resampled(_mono(raw), rate, sample_rate):
                count += len(samples)
                if len(samples):
                    yield torch.from_numpy(samples)
            if not count:
                raise AudioError("it holds no samples")
    except AudioError as error:
        raise AudioError(f"cannot load audio from {name!r}: {error}") from error


@contextmanager
def _content(
    source: str | os.PathLike[str] | BinaryStream,
) -> Iterator[tuple[bytes | mmap.mmap, io.BufferedReader | io.BytesIO]]:
    """All bytes, mapped where they are a file's, and a stream to decode them from."""
    with ExitStack() as stack:
        if isinstance(source, str | os.PathLike):
            try:
                stream = stack.enter_context(Path(source).open("rb"))
                if not os.fstat(stream.fileno()).st_size:
                    raise AudioError("it is empty (0 bytes)")
                content = stack.enter_context(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
            except FileNotFoundError as error:
                raise AudioError("there is no such file") from error
            except OSError as error:
                raise AudioError(f"it cannot be read ({error.strerror})") from error
        else:
            content = source.read()
            if not isinstance(content, bytes):
                raise TypeError(
                    f"source must be opened in binary mode, got a stream of {type(content).__name__}"
                )
            if not content:
                raise AudioError("it is empty (0 bytes)")
            stream = io.BytesIO(content)
        yield content, stream


def _decoded(
    content: bytes | mmap.mmap, stream: io.BufferedReader | io.BytesIO, name: str, block_seconds: float
) -> tuple[int, Iterator[np.ndarray]]:
    """Sample rate, and blocks of shape (frames, channels)."""
    if foreign := containers.foreign_container(content[:16]):
        samples, rate = fallback.decode(content[:], foreign, suffix=Path(name).suffix)
        return rate, iter([samples])
    containers.check_length(content)
    try:
        file = soundfile.SoundFile(stream)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"it is not audio that libsndfile can read ({error.error_string})") from error
    return file.samplerate, _file_blocks(file, max(round(block_seconds * file.samplerate), 1))


def _file_blocks(file: soundfile.SoundFile, size: int) -> Iterator[np.ndarray]:
    with file:
        count = 0
        try:
            while len(block := file.read(size, dtype="float32", always_2d=True)):
                bad = ~np.isfinite(block).all(axis=1)
                if bad.any():
                    raise AudioError(
                        f"samples must be finite, got another value at index {count + int(bad.argmax())}"
                    )
                count += len(block)
                yield block
        except soundfile.LibsndfileError as error:
            raise AudioError(f"its {file.format} data is truncated or damaged") from error
        if count < file.frames:
            raise AudioError(f"it is truncated: the header promises {file.frames} frames, {count} are there")


def _mono(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        yield block.mean(axis=1, dtype=np.float64).astype(np.float32)


def _resampled(blocks: Iterator[np.ndarray], old: int, new: int) -> Iterator[np.ndarray]:
    if old == new:
        yield from blocks
        return
    stream = soxr.ResampleStream(old, new, 1, dtype="float32", quality="VHQ")
    taken = given = 0
    for block in blocks:
        taken += len(block)
        samples = stream.resample_chunk(block)
        given += len(samples)
        yield samples
    # As in load_audio: a few zeros let soxr yield the last sample, which ends past the input.
    rest = stream.resample_chunk(np.zeros(math.ceil(old / new), np.float32), last=True)
    yield rest[: max(-(-taken * new // old) - given, 0)]
