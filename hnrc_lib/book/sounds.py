"""Sounds of the book: an audio element with its words."""

import base64
import html
import io
import wave
from typing import Any

import numpy as np
from IPython.display import display

from hnrc_lib.book.words import html_with_math, require_sentence

MIN_LABEL_WORDS = 3
PEAK = 10 ** (-3 / 20)


def listen(samples: Any, sample_rate: int, *, label: str) -> None:
    """Show a player for a sound, with a sentence that says what it is.

    Args:
        samples: (T,) array or tensor; played at a peak of −3 dB whatever its own level, so that it is heard.
        sample_rate: samples per second, positive.
        label: what is heard, a sentence of at least three words; read out by screen readers and shown below.

    Raises:
        ValueError: ``samples`` is not one non-empty, finite channel, ``sample_rate`` is not positive, or
            ``label`` says too little.
    """
    label = require_sentence("label", label, min_words=MIN_LABEL_WORDS)
    values = _as_array(samples)
    content = encode_wav(_audible(values), sample_rate)
    seconds = values.shape[0] / sample_rate
    address = f"data:audio/wav;base64,{base64.b64encode(content).decode('ascii')}"
    facts = f"{seconds:.2f} s · {sample_rate / 1000:g} kHz"
    page = (
        f'<figure class="hnrc-sound"><audio controls preload="none" aria-label="{html.escape(label)}"'
        f' src="{address}"></audio><figcaption><span class="hnrc-see">{html_with_math(label)}</span>'
        f' <span class="hnrc-source">{facts}</span></figcaption></figure>'
    )
    display({"text/html": page, "text/plain": f"{label} ({facts})"}, raw=True)


def encode_wav(samples: Any, sample_rate: int) -> bytes:
    """Encode one channel as a 16-bit WAV file.

    Args:
        samples: (T,) array or tensor.
        sample_rate: samples per second.

    Raises:
        ValueError: ``samples`` is not one non-empty, finite channel, or ``sample_rate`` is not positive.

    >>> encode_wav([0.0, 0.5, -0.5], 8000)[:4]
    b'RIFF'
    """
    if sample_rate <= 0:
        raise ValueError(f"sample_rate must be positive, got {sample_rate}")
    values = _as_array(samples)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"samples must be one non-empty channel of shape (T,), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"samples must be finite, got {int((~np.isfinite(values)).sum())} that are not")
    scaled = np.round(values / max(1.0, np.abs(values).max()) * 32767).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(int(sample_rate))
        out.writeframes(scaled.tobytes())
    return stream.getvalue()


def _audible(values: np.ndarray) -> np.ndarray:
    """The same sound with its peak at −3 dB; silence and what cannot be played stay as they are."""
    peak = float(np.abs(values).max()) if values.size and np.isfinite(values).all() else 0.0
    return values * (PEAK / peak) if peak > 0 else values


def _as_array(samples: Any) -> np.ndarray:
    """Float64 copy of an array, of a list, or of a tensor on any device."""
    return np.asarray(samples.detach().cpu() if hasattr(samples, "detach") else samples, dtype=np.float64)
