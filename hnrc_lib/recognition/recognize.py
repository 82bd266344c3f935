"""Recordings of any length to text, in memory that does not grow with them."""

import os
from collections.abc import Iterable

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio import Waveform, read_blocks, resample
from hnrc_lib.audio.io import BinaryStream
from hnrc_lib.recognition.activity import find_speech, quietest_instant
from hnrc_lib.recognition.hearing import HearClasses, Hearing, HearText
from hnrc_lib.recognition.model_file import ModelCard, ModelFiles, load_model_files
from hnrc_lib.recognition.seams import join_at_seam
from hnrc_lib.recognition.transcript import Transcript, Word


class Recognizer:
    """Turns recordings into transcripts.

    A recording longer than a chunk is heard in overlapping chunks, joined at the quietest instant of each
    overlap. A chunk without speech is not given to the model.

    Args:
        files: a model and what belongs to it.
        device: where the model computes.
    """

    def __init__(self, files: ModelFiles, device: torch.device | str = "cpu") -> None:
        self.files = files
        files.model.to(device)
        self.hear: Hearing = HearText(files) if files.card.task == "ctc" else HearClasses(files)

    @property
    def card(self) -> ModelCard:
        """What the model is and may be used for."""
        return self.files.card

    def transcribe(self, waveform: Waveform) -> Transcript:
        """Transcript of samples; another rate than the model's is changed.

        Args:
            waveform: shape (T,), full scale ±1.

        Raises:
            ValueError: samples that are not one channel of finite numbers.
        """
        samples = waveform.samples
        if samples.dim() != 1 or not samples.is_floating_point() or not torch.isfinite(samples).all():
            got = f"shape {tuple(samples.shape)}, {samples.dtype}"
            raise ValueError(f"samples must be one channel (T,) of finite real numbers, got {got}")
        rate = self.card.front_end.sample_rate
        if waveform.sample_rate != rate and len(samples):
            samples = resample(samples, waveform.sample_rate, rate)
        return self.transcribe_blocks([samples.float()])

    def transcribe_file(self, source: str | os.PathLike[str] | BinaryStream) -> Transcript:
        """Transcript of a file or stream, read block by block.

        Raises:
            AudioError: it cannot be read; names it and the cause.
        """
        return self.transcribe_blocks(read_blocks(source, sample_rate=self.card.front_end.sample_rate))

    def transcribe_blocks(self, blocks: Iterable[Float[Tensor, "_"]]) -> Transcript:
        """Transcript of consecutive samples at the model's rate.

        Args:
            blocks: float32 samples, blocks of any length.
        """
        rate, settings = self.card.front_end.sample_rate, self.card.decoder
        size, overlap = round(settings.chunk_seconds * rate), round(settings.overlap_seconds * rate)
        buffer = torch.zeros(0)
        joined, heard = _Joined(), 0
        for block in blocks:
            buffer = torch.cat([buffer, block])
            while len(buffer) > size:
                # The middle half of the overlap: both chunks hear what is on either side of it.
                quiet = quietest_instant(
                    buffer[:size], rate, (size - 0.75 * overlap) / rate, (size - 0.25 * overlap) / rate
                )
                joined.add(*self._chunk(buffer[:size], heard / rate), seam=heard / rate + quiet)
                heard += size - overlap
                buffer = buffer[size - overlap :].clone()
        joined.add(*self._chunk(buffer, heard / rate), seam=float("inf"))
        return joined.transcript((heard + len(buffer)) / rate)

    def _chunk(self, samples: Tensor, start: float) -> tuple[list[Word], str]:
        """Words of a chunk, times of the recording, or why there are none."""
        activity = find_speech(samples, self.card.front_end.sample_rate)
        if not activity.stretches:
            return [], activity.reason
        words = [
            Word(word.text, start + word.start, start + word.end, word.confidence)
            for word in self.hear(samples, activity)
        ]
        return words, "" if words else "no word: there is sound, but the model wrote nothing"


class _Joined:
    """Words so far, and those of the last chunk, which the next one may hear again."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.pending: list[Word] = []
        self.seam = 0.0
        self.reasons: list[str] = []

    def add(self, words: list[Word], reason: str, *, seam: float) -> None:
        """A chunk's words; ``seam`` is the instant where the next chunk takes over."""
        before, after = join_at_seam(self.pending, words, self.seam)
        self.words += before
        self.pending, self.seam = after, seam
        self.reasons.append(reason)

    def transcript(self, seconds: float) -> Transcript:
        words = (*self.words, *self.pending)
        # The chunk that came nearest to speech explains best: one that the model heard, else the first.
        reasons = sorted(self.reasons, key=lambda reason: reason.startswith("no speech"))
        return Transcript(words, seconds, "" if words else reasons[0])


def load_recognizer(name_or_path: str | os.PathLike[str], device: torch.device | str = "cpu") -> Recognizer:
    """A recogniser from its files.

    Args:
        name_or_path: name of a shipped model, or path of a card or of its folder.
        device: where the model computes.

    Raises:
        ModelFileError: no such model, or a file that is absent, damaged or does not fit; says which.
    """
    return Recognizer(load_model_files(name_or_path), device)
