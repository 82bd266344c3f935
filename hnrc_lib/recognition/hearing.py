"""From one chunk of sound to words: by class, or by CTC and beam search."""

from typing import Protocol

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.models import apply_model, output_lengths
from hnrc_lib.recognition.activity import Activity
from hnrc_lib.recognition.model_file import ModelFiles
from hnrc_lib.recognition.transcript import Word
from hnrc_lib.sequence import Vocabulary, beam_search, ctc_align, word_confidences

_ONE_WORD_SECONDS = 1.5  # longer recordings are cut at their pauses


class Hearing(Protocol):
    """What hears a chunk."""

    def __call__(self, samples: Float[Tensor, "time"], activity: Activity) -> list[Word]:
        """Words of a chunk that holds speech, times from its start."""
        ...


class HearClasses:
    """One word for each stretch of sound between pauses; for the whole of a short recording.

    Args:
        files: a model of task ``"classify"``.
    """

    def __init__(self, files: ModelFiles) -> None:
        self.files = files

    def __call__(self, samples: Tensor, activity: Activity) -> list[Word]:
        rate = self.files.card.front_end.sample_rate
        stretches = list(activity.stretches)
        if len(samples) <= _ONE_WORD_SECONDS * rate:
            start, end = stretches[0][0], stretches[-1][1]
            return [self._word(samples, start, end)]
        return [self._word(samples[round(a * rate) : round(b * rate)], a, b) for a, b in stretches]

    def _word(self, samples: Tensor, start: float, end: float) -> Word:
        logits, _ = apply_to_samples(self.files, samples)
        confidence, best = logits[0].softmax(-1).max(-1)
        return Word(self.files.card.symbols[int(best)], start, end, float(confidence))


class HearText:
    """The text of highest score that the beam search finds, word by word.

    Args:
        files: a model of task ``"ctc"``.
    """

    def __init__(self, files: ModelFiles) -> None:
        self.files = files
        self.vocabulary = Vocabulary(files.card.symbols)

    def __call__(self, samples: Tensor, activity: Activity) -> list[Word]:
        settings, front_end = self.files.card.decoder, self.files.card.front_end
        logits, frames = apply_to_samples(self.files, samples)
        log_probs = logits.float().log_softmax(-1)
        (found,) = beam_search(
            log_probs.transpose(0, 1),
            [log_probs.shape[1]],
            beam_width=settings.beam_width,
            n_best=settings.n_best,
            min_probability=settings.min_probability,
            language_model=self.files.language_model,
        )
        if not found:
            return []
        texts = [self.vocabulary.decode(hypothesis.symbols) for hypothesis in found]
        confidences = word_confidences(texts, [hypothesis.confidence for hypothesis in found])
        spans = ctc_align(log_probs[0].double().cpu().numpy(), found[0].symbols)
        # Output frames are apart by the whole number of input frames that the model makes one of.
        step = round(frames / log_probs.shape[1]) * front_end.hop_length / front_end.sample_rate
        end = len(samples) / front_end.sample_rate
        return [
            Word(text, min(first * step, end), min((last + 1) * step, end), confidence)
            for (text, first, last), confidence in zip(
                self._words(found[0].symbols, spans), confidences, strict=True
            )
        ]

    def _words(
        self, symbols: tuple[int, ...], spans: tuple[tuple[int, int], ...]
    ) -> list[tuple[str, int, int]]:
        """Each word with its first and last frame."""
        words: list[tuple[str, int, int]] = []
        begun = False
        for symbol, (first, last) in zip(symbols, spans, strict=True):
            written = self.vocabulary.symbols[symbol - 1]
            if written == " ":
                begun = False
            elif begun:
                text, start, _ = words[-1]
                words[-1] = (text + written, start, last)
            else:
                words.append((written, first, last))
                begun = self.vocabulary.spells
        return words


@torch.no_grad()
def apply_to_samples(files: ModelFiles, samples: Float[Tensor, "time"]) -> tuple[Tensor, int]:
    """Logits of one chunk, a batch of one, and the number of feature frames."""
    device = next(files.model.parameters()).device
    lengths = torch.tensor([len(samples)], device=device)
    features, frames = files.card.front_end(samples.to(device).unsqueeze(0), lengths)
    logits = apply_model(files.model, features, frames)
    if files.card.task == "ctc":
        logits = logits[:, : int(output_lengths(files.model, frames)[0])]
    return logits.cpu(), int(frames[0])
