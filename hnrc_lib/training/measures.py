"""How well a model does on a corpus that lies on the device."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hnrc_lib.datasets import Corpus
from hnrc_lib.models import apply_model, output_lengths
from hnrc_lib.training.resident import ResidentCorpus, Rows
from hnrc_lib.training.tasks import Task

_BATCH = 64


@dataclass(frozen=True)
class Measures:
    """Result of ``measure``.

    Attributes:
        loss: mean over utterances, in nats: cross-entropy, or CTC's loss per symbol.
        error: fraction of utterances misread, or edits per symbol of the references.
        word_error: edits per word of the references; where a text is one word, the same as ``error``.
        texts: what was read, in the corpus's order.
    """

    loss: float
    error: float
    word_error: float
    texts: tuple[str, ...]


@torch.no_grad()
def measure(
    model: nn.Module, task: Task, corpus: Corpus, resident: ResidentCorpus, targets: Rows
) -> Measures:
    """Loss and errors of a model in evaluation mode, read greedily.

    Args:
        model: of ``hnrc_lib.models``; its mode is as before when this returns.
        task: the loss, and what outputs say.
        corpus: references.
        resident: the same utterances on the device.
        targets: of those utterances, as the task encodes them; on the device.
    """
    texts, total = [""] * len(corpus), 0.0
    for chosen, logits, heard in outputs_by_length(model, resident):
        total += task.losses(logits, heard, targets, chosen).double().sum().item()
        for index, text in zip(chosen.tolist(), task.read(logits, heard), strict=True):
            texts[index] = text
    error, word_error = task.errors(task.references(corpus), texts)
    return Measures(total / len(corpus), error, word_error, tuple(texts))


def outputs_by_length(
    model: nn.Module, resident: ResidentCorpus, batch_size: int = _BATCH, *, vocal_tract: float | None = None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """A model's outputs on a whole corpus in evaluation mode, utterances of similar length together.

    Args:
        model: of ``hnrc_lib.models``; its mode is as before when all is read.
        resident: utterances on the device.
        batch_size: of them at once, ≥ 1.
        vocal_tract: factor on the resonances of every utterance, > 0; heard as recorded when None.

    Yields:
        Places of some utterances in the corpus, their logits, and the frames of the logits of each.
    """
    was_training = model.training
    model.eval()
    try:
        for chosen in resident.frames.argsort(stable=True).split(batch_size):
            spectra, frames = resident.spectra(chosen)
            scale = None if vocal_tract is None else torch.full_like(frames, vocal_tract, dtype=spectra.dtype)
            features, frames = resident.front_end.features(spectra, frames, frequency_scale=scale)
            yield chosen, apply_model(model, features, frames), output_lengths(model, frames)
    finally:
        model.train(was_training)
