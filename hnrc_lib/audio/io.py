"""Waveforms from files and streams, and back."""

import io
import math
import os
import uuid
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio import containers, fallback
from hnrc_lib.audio._checks import check_positive_integer
from hnrc_lib.audio.errors import AudioError

_BLOCK_FRAMES = 1 << 18
_UNKNOWN_FRAMES = 1 << 62  # libsndfile reports 2⁶³ − 1


@runtime_checkable
class BinaryStream(Protocol):
    """What can be read like a file opened in binary mode; it need not be seekable."""

    def read(self) -> bytes:
        """All bytes from here to the end."""
        ...


class Waveform(NamedTuple):
    """One channel of sound.

    Attributes:
        samples: x, shape (T,), float32, full scale ±1.
        sample_rate: samples per second, in hertz.
    """

    samples: Tensor
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Duration T / sample_rate, in seconds."""
        return self.samples.shape[-1] / self.sample_rate


def load_audio(source: str | os.PathLike[str] | BinaryStream, *, sample_rate: int | None = None) -> Waveform:
    """Read a file or a binary stream as one channel of float32 samples.

    Integer samples are divided by their full scale (2^15 for 16 bit), channels are averaged, and the
    result is resampled with soxr's very high quality (linear phase, anti-aliased) if ``sample_rate``
    differs from the file's. Nothing else is changed: a constant offset stays (see ``remove_dc``), level
    is not normalised, and float files keep values beyond ±1 unclipped, as do resampled peaks. Silence
    loads. Channels in opposite phase cancel, as they do on one loudspeaker.

    libsndfile reads WAV, AIFF, AU, CAF, NIST SPHERE, FLAC, Ogg and MP3, which are refused when truncated,
    and some rarer containers, where a cut cannot be seen. ffmpeg or Core Audio, where installed, read m4a,
    WebM, AAC and AMR; they too may return the part of a cut file that is left.

    Args:
        source: path, or a stream open for reading in binary, read from its position to its end.
        sample_rate: wanted rate in hertz; the file's own when left out.

    Returns:
        ``Waveform(samples, sample_rate)``; samples has ceil(T · wanted rate / rate of the file) values.

    Raises:
        AudioError: no such file, not audio, empty, no samples, truncated or damaged, NaN or infinite
            samples. The message names the file and the cause.
        ValueError: ``sample_rate`` is not positive.

    >>> import io, numpy, soundfile
    >>> stream = io.BytesIO()
    >>> soundfile.write(stream, numpy.full((800, 2), [0.5, 0.25]), 8000, format="WAV")
    >>> _ = stream.seek(0)
    >>> samples, rate = load_audio(stream)
    >>> samples.shape, rate, samples[0].item()
    (torch.Size([800]), 8000, 0.375)
    """
    if sample_rate is not None and sample_rate <= 0:
        raise ValueError(f"sample_rate must be a positive number of hertz, got {sample_rate}")
    name = name_of(source)
    try:
        samples, file_rate = _decode(_bytes_of(source), name)
        _check_finite(samples)
        mono = samples.mean(axis=1, dtype=np.float64).astype(np.float32)
        if sample_rate is not None and sample_rate != file_rate:
            mono = _resample(mono, file_rate, sample_rate)
    except AudioError as error:
        raise AudioError(f"cannot load audio from {name!r}: {error}") from error
    return Waveform(torch.from_numpy(mono), sample_rate or file_rate)


def resample(samples: Float[Tensor, "time"], sample_rate: int, target_rate: int) -> Float[Tensor, "new_time"]:
    """Change the sample rate of a waveform, band-limited to half the lower of both rates.

    y has ceil(T · target_rate / sample_rate) samples. Not differentiable: it runs in soxr on the CPU.

    Args:
        samples: x, shape (T,).
        sample_rate: rate of x, in hertz, > 0.
        target_rate: rate wanted, in hertz, > 0.

    Returns:
        y, in the dtype and on the device of x.

    Raises:
        ValueError: a rate is not positive.

    >>> resample(torch.zeros(44100), 44100, 16000).shape
    torch.Size([16000])
    """
    for name, rate in (("sample_rate", sample_rate), ("target_rate", target_rate)):
        if rate <= 0:
            raise ValueError(f"{name} must be a positive number of hertz, got {rate}")
    computed = torch.promote_types(samples.dtype, torch.float32)
    values = samples.detach().to("cpu", computed).numpy()
    return torch.from_numpy(_resample(values, sample_rate, target_rate)).to(samples)


def write_audio(
    path: str | os.PathLike[str],
    samples: Float[Tensor, "time"] | Float[np.ndarray, "time"],
    sample_rate: int,
    subtype: str = "PCM_16",
) -> Path:
    """Write one channel beside ``path`` and rename it into place, so that no half file is ever seen.

    Args:
        path: file to write; its suffix (``.flac``, ``.wav``, …) chooses the container.
        samples: x, shape (T,), T ≥ 1, within ±1 for integer and compressed subtypes.
        sample_rate: in hertz, > 0.
        subtype: libsndfile's name of the encoding: ``PCM_16``, ``PCM_24``, ``FLOAT``, ``VORBIS``, …

    Returns:
        The path.

    Raises:
        AudioError: samples are absent, not finite, or would be clipped by the encoding.
        ValueError: suffix and subtype are no pair that libsndfile writes, or the rate is not positive.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = write_audio(Path(folder.name) / "tone.flac", torch.tensor([0.0, 0.5, -0.5]), 8000)
    >>> load_audio(file).samples
    tensor([ 0.0000,  0.5000, -0.5000])
    >>> folder.cleanup()
    """
    check_positive_integer("sample_rate", sample_rate)
    path = Path(path)
    container = path.suffix[1:].upper()
    if container not in soundfile.available_formats() or not soundfile.check_format(container, subtype):
        raise ValueError(
            f"path and subtype must be a pair that libsndfile writes, got {path.suffix!r}, {subtype!r}"
        )
    values = samples.detach().cpu().numpy() if isinstance(samples, Tensor) else samples
    _check_writable(values, path, subtype)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with unfinished.open("wb") as file:
            soundfile.write(file, values, sample_rate, format=container, subtype=subtype)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def name_of(source: str | os.PathLike[str] | BinaryStream) -> str:
    """What to call a source in a message."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<stream>"


def _bytes_of(source: str | os.PathLike[str] | BinaryStream) -> bytes:
    if not isinstance(source, str | os.PathLike):
        content = source.read()
        if not isinstance(content, bytes):
            raise TypeError(f"source must be opened in binary mode, got a stream of {type(content).__name__}")
        return content
    try:
        return Path(source).read_bytes()
    except FileNotFoundError as error:
        raise AudioError("there is no such file") from error
    except OSError as error:
        raise AudioError(f"it cannot be read ({error.strerror})") from error


def _decode(content: bytes, name: str) -> tuple[np.ndarray, int]:
    if not content:
        raise AudioError("it is empty (0 bytes)")
    if foreign := containers.foreign_container(content[:16]):
        samples, rate = fallback.decode(content, foreign, suffix=Path(name).suffix)
    else:
        samples, rate = _decode_with_soundfile(content)
    if len(samples) == 0:
        raise AudioError("it holds no samples")
    return samples, rate


def _decode_with_soundfile(content: bytes) -> tuple[np.ndarray, int]:
    containers.check_length(content)
    try:
        file = soundfile.SoundFile(io.BytesIO(content))
    except soundfile.LibsndfileError as error:
        raise AudioError(f"it is not audio that libsndfile can read ({error.error_string})") from error
    with file:
        blocks, promised = [], file.frames
        if promised >= _UNKNOWN_FRAMES:
            raise AudioError(
                f"its {file.format} header gives no length (it was written to a pipe); re-encode it"
            )
        try:
            # In blocks: a damaged header may promise more frames than there is memory.
            while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
                blocks.append(block)
        except soundfile.LibsndfileError as error:
            raise AudioError(f"its {file.format} data is truncated or damaged") from error
        rate, channels = file.samplerate, file.channels
    samples = np.concatenate(blocks) if blocks else np.zeros((0, channels), np.float32)
    if len(samples) < promised:
        raise AudioError(f"it is truncated: the header promises {promised} frames, {len(samples)} are there")
    return samples, rate


def _check_finite(samples: np.ndarray) -> None:
    bad = ~np.isfinite(samples).all(axis=tuple(range(1, samples.ndim)))
    if bad.any():
        first = int(bad.argmax())
        value = float(samples[first].ravel()[~np.isfinite(samples[first].ravel())][0])
        raise AudioError(
            f"samples must be finite, got {value} at index {first}, {int(bad.sum())} such in all"
        )


def _check_writable(values: np.ndarray, path: Path, subtype: str) -> None:
    if values.size == 0:
        raise AudioError(f"cannot write audio to {str(path)!r}: samples must not be empty")
    try:
        _check_finite(values)
    except AudioError as error:
        raise AudioError(f"cannot write audio to {str(path)!r}: {error}") from error
    peak = float(np.abs(values).max())
    if peak > 1 and subtype not in ("FLOAT", "DOUBLE"):
        raise AudioError(
            f"cannot write audio to {str(path)!r}: {subtype} would clip, samples must lie within ±1, "
            f"got a peak of {peak:.4g}"
        )


def _resample(samples: np.ndarray, old: int, new: int) -> np.ndarray:
    length = -(-len(samples) * new // old)
    # soxr rounds the length; a few zeros let it yield the last sample, which ends past the input.
    padded = np.pad(samples, (0, math.ceil(old / new)))
    return np.ascontiguousarray(soxr.resample(padded, old, new, quality="VHQ")[:length])
