"""The shipped digits made again, from text to FLAC."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch

from hnrc_lib._shapes import Float
from hnrc_lib.audio import resample, write_audio
from hnrc_lib.audio.synthesis import espeak_version, synthesize
from hnrc_lib.datasets.conditions import (
    NOISE_EXPONENTS,
    add_noise,
    coloured_noise,
    reverberate,
    room_impulse_response,
    scale_to_level,
    trim_silence,
)
from hnrc_lib.datasets.digits_plan import Plan, Speaker, plans, speakers

SAMPLE_RATE = 8000
MANIFEST_FIELDS = (
    "name", "file", "sha256", "samples", "speaker", "split", "language", "label", "text", "take",
    "rate", "pitch", "pitch_range", "rt60", "drr_db", "noise", "snr_db", "level_db",
)  # fmt: skip
SPEAKER_FIELDS = ("speaker", "language", "split", "sex", "variant", "accent", "rate", "pitch", "pitch_range")
_VOLUME = 20  # loud variants reach full scale at espeak-ng's own 100
_MARGIN = 0.015  # seconds kept before and after the speech
_TAIL_DB = 22.0  # a room's tail is cut where it has fallen so far below the loudest frame


def synthesize_digits(
    folder: str | os.PathLike[str],
    *,
    only: Collection[str] | None = None,
    progress: Callable[[list[Plan]], Iterable[Plan]] = iter,
) -> Path:
    """Make the corpus of spoken digits again: audio, manifest, table of speakers.

    Each utterance depends on its own plan alone, so a part equals the same part of the whole. With
    espeak-ng 1.52.0 on 64-bit x86 Linux the samples equal the shipped ones; elsewhere arithmetic may
    differ by a rounding. FLAC files may differ with libFLAC's version although their samples do not.

    Args:
        folder: where to write; made if need be, files of the same names are replaced. A part of the
            corpus is not written over a corpus, whose manifest it would replace.
        only: names of the utterances to make, for example ``{"en-f3/7_2"}``; all when left out.
        progress: wraps the list of what is to be done, such as ``rich.progress.track`` or ``tqdm``; each
            step ends with a finished utterance.

    Returns:
        The folder.

    Raises:
        ValueError: a name in ``only`` that no utterance has.
        FileExistsError: ``only`` is given and the folder has a manifest.
        SynthesisError: espeak-ng is absent or failed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as there:
    ...     folder = synthesize_digits(there, only={"cmn-m1/7_2"})
    ...     sorted(path.name for path in folder.rglob("*.*"))
    ['7_2.flac', 'corpus.json', 'manifest.csv', 'speakers.csv']
    """
    folder = Path(folder)
    chosen = _choose(only)
    if only is not None and (folder / "manifest.csv").exists():
        raise FileExistsError(
            f"folder must be new when only is given, but {str(folder)!r} has a manifest.csv"
        )
    for speaker in {plan.speaker.name for plan in chosen}:
        (folder / "audio" / speaker).mkdir(parents=True, exist_ok=True)
    # Threads, because most of the time goes by in espeak-ng's own processes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        written = pool.map(partial(_write, folder), chosen)
        rows = [next(written) for _ in progress(chosen)]
    voices = {plan.speaker for plan in chosen}
    _write_table(folder / "manifest.csv", MANIFEST_FIELDS, rows)
    _write_table(
        folder / "speakers.csv", SPEAKER_FIELDS, [_voice(who) for who in speakers() if who in voices]
    )
    _write_text(folder / "corpus.json", json.dumps(_summary(rows), indent=2) + "\n")
    return folder


def render(plan: Plan) -> Float[np.ndarray, "time"]:
    """The samples of one utterance: speech, 8 kHz, trimmed, room, noise, level.

    Args:
        plan: what the utterance is made of.

    Returns:
        x, float64, multiples of 2^-15 within ±1.

    Raises:
        SynthesisError: espeak-ng is absent or failed.

    >>> from hnrc_lib.datasets.digits_plan import plans
    >>> 0.15 < len(render(plans()[7])) / SAMPLE_RATE < 1.5
    True
    """
    generator = np.random.default_rng([plan.seed, 1])
    speech = synthesize(
        plan.text,
        voice=f"{plan.speaker.accent}+{plan.speaker.variant}",
        rate=plan.rate,
        pitch=plan.pitch,
        pitch_range=plan.pitch_range,
        volume=_VOLUME,
        seed=plan.seed % (2**31 - 1) + 1,
    )
    # Trimmed before resampling: a telephone band takes most of an /s/ away, and it would be cut off.
    trimmed = trim_silence(speech.samples.numpy(), speech.sample_rate, threshold_db=45.0, margin=_MARGIN)
    narrow = resample(torch.from_numpy(trimmed), speech.sample_rate, SAMPLE_RATE)
    samples = narrow.numpy().astype(np.float64)
    if plan.rt60 is not None and plan.drr_db is not None:
        response = room_impulse_response(plan.rt60, plan.drr_db, SAMPLE_RATE, generator)
        samples = reverberate(samples, response, SAMPLE_RATE, threshold_db=_TAIL_DB)
    samples = scale_to_level(samples, plan.level_db)
    noise = coloured_noise(len(samples), NOISE_EXPONENTS[plan.noise], SAMPLE_RATE, generator)
    return np.round(add_noise(samples, noise, plan.snr_db) * 2**15) / 2**15


def _choose(only: Collection[str] | None) -> list[Plan]:
    if only is None:
        return list(plans())
    names = set(only)
    if unknown := names - {plan.name for plan in plans()}:
        raise ValueError(f"only must hold names such as 'en-f3/7_2', got {sorted(unknown)[:5]}")
    return [plan for plan in plans() if plan.name in names]


def _write(folder: Path, plan: Plan) -> dict[str, object]:
    """Write an utterance's FLAC and return its row of the manifest."""
    file = f"audio/{plan.name}.flac"
    samples = render(plan)
    path = write_audio(folder / file, samples, SAMPLE_RATE)
    known: dict[str, object] = {
        "name": plan.name,
        "file": file,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "samples": len(samples),
        "speaker": plan.speaker.name,
        "split": plan.speaker.split,
        "language": plan.speaker.language,
    }
    return {**known, **{name: getattr(plan, name) for name in MANIFEST_FIELDS if name not in known}}


def _voice(speaker: Speaker) -> dict[str, object]:
    return {"speaker": speaker.name, **{name: getattr(speaker, name) for name in SPEAKER_FIELDS[1:]}}


def _summary(rows: list[dict[str, object]]) -> dict[str, object]:
    lines = sorted(f"{row['name']} {row['sha256']}\n" for row in rows)
    return {
        "name": "digits",
        "sample_rate": SAMPLE_RATE,
        "synthesizer": f"espeak-ng {espeak_version()}",
        "utterances": len(rows),
        "seconds": round(sum(int(str(row["samples"])) for row in rows) / SAMPLE_RATE, 1),
        "manifest_sha256": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }


def _write_table(path: Path, fields: Iterable[str], rows: list[dict[str, object]]) -> None:
    """CSV with a header; what does not apply (None) is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write_text(path, text.getvalue())


def _write_text(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(path)
