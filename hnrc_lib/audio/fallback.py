"""Decoding of what libsndfile cannot read, by ffmpeg or Core Audio through audioread."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import audioread
import numpy as np
from audioread import ffdec

from hnrc_lib.audio.errors import AudioError


def decode(content: bytes, container: str, *, suffix: str = "") -> tuple[np.ndarray, int]:
    """Decode m4a, WebM, AAC and the like to float32 frames.

    Args:
        content: the whole file.
        container: its name, for the message.
        suffix: suffix of the file, a hint to decoders that choose by it.

    Returns:
        Samples of shape (T, channels), full scale ±1, and the sample rate in hertz.

    Raises:
        AudioError: no decoder is installed, or none of them can read the file.
    """
    decoders = _installed_decoders()
    if not decoders:
        raise AudioError(f"it is {container}, which needs ffmpeg: install it, or convert to WAV or FLAC")
    with tempfile.TemporaryDirectory() as folder:
        # Decoders seek, so they need a file; MPEG-4 keeps its index at the end.
        path = Path(folder) / f"audio{suffix}"
        path.write_bytes(content)
        try:
            with _open(path, decoders) as file:
                rate, channels = int(file.samplerate), int(file.channels)
                values = np.frombuffer(b"".join(file), dtype="<i2")
        except audioread.DecodeError as error:
            raise AudioError(f"its {container} data cannot be decoded") from error
    if rate < 1 or channels < 1:
        raise AudioError(f"its {container} data cannot be decoded")
    return values.reshape(-1, channels).astype(np.float32) / np.float32(1 << 15), rate


def _open(path: Path, decoders: list[type[audioread.AudioFile]]) -> Any:
    # audioread's base class leaves out the context manager that all of its decoders are.
    return audioread.audio_open(str(path), backends=decoders)


def _installed_decoders() -> list[type[audioread.AudioFile]]:
    decoders: list[type[audioread.AudioFile]] = [ffdec.FFmpegAudioFile] if ffdec.available() else []
    if sys.platform == "darwin":
        from audioread.macca import ExtAudioFile

        decoders.append(ExtAudioFile)
    return decoders
