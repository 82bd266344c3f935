"""What a recogniser is asked to say: one word of a list, or a text symbol by symbol."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional

from hnrc_lib._shapes import Float, Int
from hnrc_lib.datasets import Corpus
from hnrc_lib.sequence import (
    Vocabulary,
    ctc_gauss_newton_product,
    ctc_loss_from_logits,
    greedy_decode,
    softmax_curvature,
)
from hnrc_lib.training.resident import Rows


@runtime_checkable
class Task(Protocol):
    """Targets of a corpus, their loss, and what a model's outputs say."""

    @property
    def output_size(self) -> int:
        """Outputs of the model: classes, or symbols with the blank."""
        ...

    def encode(self, corpus: Corpus, device: torch.device | str) -> Rows:
        """Targets of every utterance, on the device.

        Raises:
            ValueError: an utterance without label, or with letters that are not in the vocabulary; named.
        """
        ...

    def needed_frames(self, targets: Rows) -> Int[Tensor, "utterances"]:
        """Frames of logits that each utterance needs at least for its target."""
        ...

    def losses(
        self, logits: Tensor, frames: Int[Tensor, "batch"], targets: Rows, chosen: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch"]:
        """Loss of each chosen utterance, in nats, given its logits and their frames."""
        ...

    def curve(
        self,
        logits: Tensor,
        vector: Tensor,
        frames: Int[Tensor, "batch"],
        targets: Rows,
        chosen: Int[Tensor, "batch"],
    ) -> Tensor:
        """A positive semi-definite curvature of each utterance's loss in its logits, times a vector.

        Args:
            logits: of the chosen utterances.
            vector: like the logits.
            frames, targets, chosen: as for ``losses``.

        Returns:
            Like the logits; the sum over utterances belongs to the sum of their losses.
        """
        ...

    def read(self, logits: Tensor, frames: Int[Tensor, "batch"]) -> list[str]:
        """What the outputs say."""
        ...

    def references(self, corpus: Corpus) -> list[str]:
        """What they should say."""
        ...

    def errors(self, references: list[str], texts: list[str]) -> tuple[float, float]:
        """Error of texts in the task's own unit, which chooses the best weights, and by words."""
        ...


class ClassifyTask:
    """One of several words per utterance, by cross-entropy.

    −log softmax(z)[label]

    Args:
        num_classes: how many words there are; words of several languages may share a class.
    """

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes

    @property
    def output_size(self) -> int:
        return self.num_classes

    def encode(self, corpus: Corpus, device: torch.device | str) -> Rows:
        wrong = [u.name for u in corpus if u.label is None or not 0 <= u.label < self.num_classes]
        if wrong:
            raise ValueError(
                f"every utterance of {corpus.name!r} must have a label in 0 … {self.num_classes - 1}, "
                f"{wrong[:5]} have none"
            )
        return Rows.of([torch.tensor([utterance.label]) for utterance in corpus], device)

    def needed_frames(self, targets: Rows) -> Tensor:
        return targets.lengths

    def losses(self, logits: Tensor, frames: Tensor, targets: Rows, chosen: Tensor) -> Tensor:
        return functional.cross_entropy(logits.float(), targets.values[chosen], reduction="none")

    def curve(self, logits: Tensor, vector: Tensor, frames: Tensor, targets: Rows, chosen: Tensor) -> Tensor:
        return softmax_curvature(logits.softmax(dim=-1), vector)

    def read(self, logits: Tensor, frames: Tensor) -> list[str]:
        return [str(index) for index in logits.argmax(dim=1).tolist()]

    def references(self, corpus: Corpus) -> list[str]:
        return [str(label) for label in corpus.labels]

    def errors(self, references: list[str], texts: list[str]) -> tuple[float, float]:
        wrong = sum(reference != text for reference, text in zip(references, texts, strict=True))
        return wrong / len(references), wrong / len(references)


class CTCTask:
    """A text per utterance, by connectionist temporal classification; loss per symbol of the text.

    Args:
        vocabulary: the symbols; index 0 is the blank.

    Source: Graves and others (2006).
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    @property
    def output_size(self) -> int:
        return len(self.vocabulary)

    def encode(self, corpus: Corpus, device: torch.device | str) -> Rows:
        encoded = []
        for utterance in corpus:
            try:
                indices = self.vocabulary.encode(utterance.text)
            except ValueError as error:
                raise ValueError(f"text of {utterance.name!r} in {corpus.name!r}: {error}") from error
            if not indices:
                raise ValueError(f"text of {utterance.name!r} in {corpus.name!r} must not be empty")
            encoded.append(torch.tensor(indices))
        return Rows.of(encoded, device)

    def needed_frames(self, targets: Rows) -> Tensor:
        symbols, _ = targets.gather(torch.arange(len(targets.lengths), device=targets.lengths.device))
        # Two equal symbols in a row need a blank between them; 0 is padding, and never a target.
        repeats = (symbols[:, 1:] == symbols[:, :-1]) & (symbols[:, 1:] > 0)
        return targets.lengths + repeats.sum(dim=1)

    def losses(self, logits: Tensor, frames: Tensor, targets: Rows, chosen: Tensor) -> Tensor:
        symbols, lengths = targets.gather(chosen)
        values = ctc_loss_from_logits(
            logits.float().transpose(0, 1), symbols, frames, lengths, reduction="none", zero_infinity=True
        )
        return values / lengths

    def curve(self, logits: Tensor, vector: Tensor, frames: Tensor, targets: Rows, chosen: Tensor) -> Tensor:
        symbols, lengths = targets.gather(chosen)
        curved = ctc_gauss_newton_product(
            logits.transpose(0, 1), vector.transpose(0, 1), symbols, frames, lengths, reduction="sum"
        )
        return curved.transpose(0, 1) / lengths[:, None, None]

    def read(self, logits: Tensor, frames: Tensor) -> list[str]:
        paths = greedy_decode(logits.float().log_softmax(dim=-1).transpose(0, 1), frames)
        return [self.vocabulary.decode(path.symbols) for path in paths]

    def references(self, corpus: Corpus) -> list[str]:
        return [" ".join(utterance.text.split()) for utterance in corpus]

    def errors(self, references: list[str], texts: list[str]) -> tuple[float, float]:
        import jiwer

        word_error = float(jiwer.wer(references, texts))
        return (float(jiwer.cer(references, texts)) if self.vocabulary.spells else word_error), word_error
