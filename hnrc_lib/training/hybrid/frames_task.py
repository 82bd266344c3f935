"""The state of a hidden Markov model at every frame, as a task of the training engine."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib._shapes import Int
from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus
from hnrc_lib.sequence import softmax_curvature
from hnrc_lib.sequence.hmm import PairScores
from hnrc_lib.training.hybrid.acoustic import AcousticModel, ScaledNetwork, log_priors, scaled, spoken
from hnrc_lib.training.hybrid.alignment import stay_probs
from hnrc_lib.training.hybrid.lexicon import Lexicon
from hnrc_lib.training.resident import Rows

IGNORED = -100  # torch's mark of what a loss leaves out


class FramesTask:
    """An emission per frame, by cross-entropy; words by the best path under posterior over prior.

        L = −(1/T) Σ_t log softmax(z_t)[e_t],  log p(x_t | e) = log softmax(z_t)[e] − log P(e) + const

    The teacher's forced alignment gives e; it is made of the plain recordings once, and stretched to the
    frames that augmentation leaves.

    Args:
        lexicon: words as chains of emissions.
        pairs: what may follow what when outputs are read.
        teacher: aligns, for example mixtures of Gaussians, or a network trained before.
        train: utterances whose alignment gives priors and probabilities of staying.
        prior_scale: power of the priors that are divided out, ≥ 0.

    Raises:
        ValueError: a word that the lexicon lacks, or no utterance that is long enough for its text.

    Source: Bourlard and Morgan, Connectionist speech recognition (1994).
    """

    def __init__(
        self,
        lexicon: Lexicon,
        pairs: PairScores,
        teacher: AcousticModel,
        train: Corpus,
        prior_scale: float = 1.0,
    ) -> None:
        self.lexicon, self.pairs, self.teacher, self.prior_scale = lexicon, pairs, teacher, prior_scale
        self._aligned: dict[str, list[Tensor | None]] = {}
        aligned = [states for states in self.alignment(train) if states is not None]
        if not aligned:
            raise ValueError(f"every utterance of {train.name!r} is too short for its text")
        self.log_prior = log_priors(aligned, lexicon.num_emissions)
        self.stay = stay_probs(aligned, lexicon.num_emissions)
        self._loop = lexicon.loop(pairs, self.stay)

    @property
    def output_size(self) -> int:
        return self.lexicon.num_emissions

    def alignment(self, corpus: Corpus) -> Sequence[Int[Tensor, " _"] | None]:
        """Emission of every frame, utterance by utterance; None for one too short for its text."""
        key = corpus.manifest_sha256
        if key not in self._aligned:
            self._aligned[key] = self.teacher.align(corpus, self.lexicon)
        return self._aligned[key]

    def encode(self, corpus: Corpus, device: torch.device | str) -> Rows:
        # One too short for its text keeps a row, of which no frame counts.
        nothing = torch.tensor([IGNORED])
        aligned = [nothing if states is None else states for states in self.alignment(corpus)]
        return Rows.of(aligned, device)

    def needed_frames(self, targets: Rows) -> Tensor:
        unaligned = targets.values[targets.starts] == IGNORED
        return torch.where(unaligned, torch.iinfo(torch.long).max, 1)

    def losses(self, logits: Tensor, frames: Tensor, targets: Rows, chosen: Tensor) -> Tensor:
        states, lengths = targets.gather(chosen)
        wanted = stretched(states, lengths, frames, logits.shape[1])
        values = functional.cross_entropy(
            logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="none"
        )
        return values.view(wanted.shape).sum(1) / frames

    def curve(self, logits: Tensor, vector: Tensor, frames: Tensor, targets: Rows, chosen: Tensor) -> Tensor:
        states, lengths = targets.gather(chosen)
        counted = stretched(states, lengths, frames, logits.shape[1]) != IGNORED
        return softmax_curvature(logits.softmax(dim=-1), vector) * (counted / frames[:, None])[..., None]

    def read(self, logits: Tensor, frames: Tensor) -> list[str]:
        scores = scaled(logits, self.log_prior, self.prior_scale)
        return spoken(self._loop.decode(scores, frames.cpu()).words, self.lexicon)

    def references(self, corpus: Corpus) -> list[str]:
        return [" ".join(utterance.text.split()) for utterance in corpus]

    def errors(self, references: list[str], texts: list[str]) -> tuple[float, float]:
        import jiwer

        word_error = float(jiwer.wer(references, texts))
        return word_error, word_error

    def hybrid(self, network: nn.Module, front_end: FrontEnd) -> AcousticModel:
        """A network trained on this task, with the priors that it learned."""
        return AcousticModel(front_end, ScaledNetwork(network, self.log_prior, self.prior_scale), self.stay)

    def realigned(self, network: nn.Module, front_end: FrontEnd, train: Corpus) -> "FramesTask":
        """The same task with targets that a network trained on this one gives."""
        return FramesTask(
            self.lexicon, self.pairs, self.hybrid(network, front_end), train, prior_scale=self.prior_scale
        )


def stretched(
    states: Int[Tensor, "batch states"],
    lengths: Int[Tensor, "batch"],
    frames: Int[Tensor, "batch"],
    size: int,
) -> Int[Tensor, "batch size"]:
    """States brought to other lengths, the nearest to where ``stretch_time`` takes each frame from.

    e′[i] = e[round(i (L − 1)/(L′ − 1))];  beyond L′ frames, what a loss leaves out.

    Args:
        states: of each utterance, padded.
        lengths: L, states of each, > 0.
        frames: L′, frames wanted of each, > 0.
        size: longest of those, or more.

    >>> stretched(torch.tensor([[3, 5]]), torch.tensor([2]), torch.tensor([4]), 5)
    tensor([[   3,    3,    5,    5, -100]])
    """
    position = torch.arange(size, device=states.device)
    pace = (lengths - 1).double() / (frames - 1).clamp(min=1)
    source = (position * pace[:, None]).round().long()
    found = states.gather(1, torch.minimum(source, lengths[:, None] - 1))
    return found.masked_fill(position >= frames[:, None], IGNORED)
