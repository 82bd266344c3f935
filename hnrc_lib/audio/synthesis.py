"""Speech from text with espeak-ng, through the shared library that ``espeakng-loader`` brings."""

import difflib
import importlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import torch

from hnrc_lib.audio.espeak_worker import UNKNOWN_VOICE
from hnrc_lib.audio.io import Waveform

_WORKER = Path(__file__).with_name("espeak_worker.py")
_TIMEOUT_SECONDS = 60
_RANGES = {
    "rate": (80, 450),
    "pitch": (0, 99),
    "pitch_range": (0, 99),
    "volume": (0, 200),
    "seed": (1, 2**31 - 1),
}


class SynthesisError(RuntimeError):
    """espeak-ng is absent or did not speak."""


def synthesize(
    text: str,
    *,
    voice: str = "en-us",
    rate: int = 175,
    pitch: int = 50,
    pitch_range: int = 50,
    volume: int = 100,
    seed: int = 1,
) -> Waveform:
    """Speak a text with espeak-ng; the same request gives the same samples, whatever was spoken before.

    Each call runs espeak-ng in a process of its own (about 25 ms), because the library keeps its state
    in global variables. The samples are as espeak-ng made them: about 50 ms of near silence follow the
    last word, and loud voices may touch full scale at ``volume`` 100.

    Args:
        text: what to say, in the voice's language.
        voice: language, and optionally ``+`` and a variant: ``"en-us+f3"``, ``"cmn+m2"``.
        rate: speaking rate in words per minute, 80 to 450.
        pitch: base pitch, 0 to 99; 50 is the voice's own.
        pitch_range: how far the pitch moves, 0 (monotone) to 99; 50 is the voice's own.
        volume: amplitude in per cent, 0 to 200.
        seed: seed of espeak-ng's noise source (breath, frication of some variants), from 1.

    Returns:
        Waveform with float32 samples in [-1, 1) and espeak-ng's rate, 22 050 Hz.

    Raises:
        SynthesisError: ``espeakng-loader`` is not installed, or espeak-ng failed or gave no sound.
        ValueError: a voice that does not exist, a parameter out of range, an empty text.

    >>> speech = synthesize("seven", voice="en-us+f3")
    >>> speech.sample_rate, 0.3 < len(speech.samples) / speech.sample_rate < 0.8
    (22050, True)

    Source: espeak-ng 1.52, ``speak_lib.h`` (J. Duddington 1995-2013, R. Dunn and others 2015-2024).
    """
    _check_text(text)
    parameters = {"rate": rate, "pitch": pitch, "pitch_range": pitch_range, "volume": volume, "seed": seed}
    for name, value in parameters.items():
        low, high = _RANGES[name]
        if not low <= value <= high:
            raise ValueError(f"{name} must be between {low} and {high}, got {value}")
    library, data = _installation()
    _check_variant(voice, data)
    header, pcm = _ask({"text": text, "voice": voice, "library": str(library), **parameters}, data)
    if not pcm:
        raise SynthesisError(f"espeak-ng found nothing to say in text {text!r} with voice {voice!r}")
    samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / 32768
    return Waveform(torch.from_numpy(samples), header["sample_rate"])


@cache
def espeak_version() -> str:
    """Version of the espeak-ng library in use, for example ``"1.52.0"``.

    Raises:
        SynthesisError: ``espeakng-loader`` is not installed or its library does not load.
    """
    library, data = _installation()
    request = {"text": "a", "voice": "en-us", "library": str(library)}
    header, _ = _ask({**request, "rate": 175, "pitch": 50, "pitch_range": 50, "volume": 100, "seed": 1}, data)
    return header["version"]


def voice_variants() -> list[str]:
    """Names of the variants that may follow ``+`` in a voice, sorted.

    Raises:
        SynthesisError: ``espeakng-loader`` is not installed.

    >>> {"f3", "m2"} <= set(voice_variants())
    True
    """
    _, data = _installation()
    return _variants(data)


def _variants(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "voices" / "!v").iterdir())


def _check_text(text: str) -> None:
    if not text.strip():
        raise ValueError(f"text must hold something to say, got {text!r}")
    if "\0" in text:
        raise ValueError(f"text must not contain the character NUL, got {text!r}")


def _check_variant(voice: str, data: Path) -> None:
    """espeak-ng speaks with the plain voice when it does not know the variant; we refuse instead."""
    _, plus, variant = voice.partition("+")
    if not plus:
        return
    known = _variants(data)
    if variant not in known:
        near = difflib.get_close_matches(variant, known, n=3, cutoff=0.5)
        hint = f"; near: {', '.join(near)}" if near else ""
        raise ValueError(
            f"voice {voice!r} names the variant {variant!r}, which espeak-ng does not have{hint}"
        )


def _installation() -> tuple[Path, Path]:
    """espeak-ng's shared library and its data folder."""
    try:
        loader = importlib.import_module("espeakng_loader")
    except ImportError as error:
        raise SynthesisError(
            "speech synthesis needs the package espeakng-loader (the extra 'synthesis'), which is not "
            "installed; install it with: python -m pip install 'espeakng-loader>=0.2.4'"
        ) from error
    return Path(loader.get_library_path()), Path(loader.get_data_path())


def _ask(request: dict, data: Path) -> tuple[dict, bytes]:
    """Run the worker; it stands beside the data folder because espeak-ng cuts long paths off."""
    if not sys.executable:
        raise SynthesisError(
            "sys.executable is empty: espeak-ng is run by a second Python, which cannot be found"
        )
    try:
        answer = subprocess.run(
            [sys.executable, "-I", "-S", str(_WORKER)],
            input=json.dumps({**request, "data": data.name}).encode(),
            capture_output=True,
            cwd=data.parent,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SynthesisError(
            f"espeak-ng did not finish text {request['text']!r} within {_TIMEOUT_SECONDS} s"
        ) from error
    if answer.returncode == UNKNOWN_VOICE:
        raise ValueError(
            f"voice must be a language of espeak-ng, such as 'en-us' or 'cmn', and optionally '+' and a "
            f"variant, got {request['voice']!r}"
        )
    if answer.returncode != 0:
        reason = answer.stderr.decode(errors="replace").strip() or f"exit status {answer.returncode}"
        raise SynthesisError(
            f"espeak-ng failed on text {request['text']!r}, voice {request['voice']!r}: {reason}"
        )
    header, _, pcm = answer.stdout.partition(b"\n")
    return json.loads(header), pcm
