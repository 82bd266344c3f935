"""What aligns and recognises: scores of emissions, and the features that they are scores of."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus
from hnrc_lib.models import apply_model
from hnrc_lib.sequence.hmm import PairScores, StateGraph
from hnrc_lib.training.hybrid.alignment import Alignments, best_paths, word_frames
from hnrc_lib.training.hybrid.decoding import Scores, decode
from hnrc_lib.training.hybrid.features import Cepstra, features_of
from hnrc_lib.training.hybrid.lexicon import Lexicon


@dataclass(frozen=True, eq=False)
class ScaledNetwork:
    """A network's posteriors turned into likelihoods, up to a factor that all emissions of a frame share.

        log p(x | e) = log P(e | x) − prior_scale · log P(e) + const

    Attributes:
        network: (features, lengths) → logits; put into evaluation mode.
        log_prior: log P(e) over the training frames, shape (E,).
        prior_scale: 1 is Bayes' rule; less trusts the training's frequencies more.

    Source: Bourlard and Morgan, Connectionist speech recognition (1994).
    """

    network: nn.Module
    log_prior: Float[Tensor, " emissions"]
    prior_scale: float = 1.0

    @torch.no_grad()
    def __call__(
        self, features: Float[Tensor, "batch frames features"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames emissions"]:
        """Scaled log-likelihoods of every emission at every frame, on the CPU; ``align`` takes the model."""
        self.network.eval()
        device = next(self.network.parameters()).device
        logits = apply_model(self.network, features.to(device), lengths.to(device))
        return scaled(logits, self.log_prior, self.prior_scale)


def scaled(
    logits: Float[Tensor, "batch frames emissions"],
    log_prior: Float[Tensor, " emissions"],
    prior_scale: float = 1.0,
) -> Float[Tensor, "batch frames emissions"]:
    """log softmax(logits) − prior_scale · log P, on the CPU.

    >>> scaled(torch.zeros(1, 1, 2), torch.tensor([0.25, 0.75]).log()).exp()
    tensor([[[2.0000, 0.6667]]])
    """
    return logits.float().log_softmax(-1).cpu() - prior_scale * log_prior


def log_priors(alignments: Alignments, num_emissions: int) -> Float[Tensor, " emissions"]:
    """Logarithms of how often each emission occurs, one frame added to each.

    >>> log_priors([torch.tensor([0, 0, 1])], 2).exp()
    tensor([0.6000, 0.4000])
    """
    counts = torch.cat(alignments).bincount(minlength=num_emissions).float() + 1
    return (counts / counts.sum()).log()


@dataclass(frozen=True, eq=False)
class AcousticModel:
    """Scores of emissions and what they need besides.

    Attributes:
        extractor: makes the features that are scored.
        scores: log-likelihood of each emission, for example a ``GmmHmm`` or a ``ScaledNetwork``.
        stay: probability of another frame in the same emission, shape (E,).
    """

    extractor: FrontEnd | Cepstra
    scores: Scores
    stay: Float[Tensor, " emissions"]

    def hear(self, corpus: Corpus) -> list[Float[Tensor, "_ features"]]:
        """Features of every utterance."""
        return features_of(corpus, self.extractor)

    def align(self, corpus: Corpus, lexicon: Lexicon) -> list[Int[Tensor, " _"] | None]:
        """Emission of every frame of every utterance; None for one too short for its text.

        Raises:
            ValueError: a word that the lexicon lacks.
        """
        paths = self._paths(corpus, lexicon)
        return [None if found is None else found[0].emissions[found[1]] for found in paths]

    def word_frames(self, corpus: Corpus, lexicon: Lexicon) -> list[list[tuple[int, int]] | None]:
        """First frame of every word of every utterance and the frame after its last; None for one too short.

        Raises:
            ValueError: a word that the lexicon lacks.
        """
        return [None if found is None else word_frames(*found) for found in self._paths(corpus, lexicon)]

    def _paths(self, corpus: Corpus, lexicon: Lexicon) -> list[tuple[StateGraph, Int[Tensor, " _"]] | None]:
        """The graph of every transcript and its best path; None for an utterance too short for its text."""
        heard, texts = self.hear(corpus), [utterance.text.split() for utterance in corpus]
        fits = [
            index
            for index, (frames, text) in enumerate(zip(heard, texts, strict=True))
            if len(frames) >= lexicon.least_frames(text)
        ]
        if not fits:
            return [None] * len(corpus)
        graphs = {tuple(texts[index]): lexicon.graph(texts[index], self.stay) for index in fits}
        said = [graphs[tuple(texts[index])] for index in fits]
        paths, _ = best_paths(self.scores, [heard[index] for index in fits], said)
        found: list[tuple[StateGraph, Tensor] | None] = [None] * len(corpus)
        for index, graph, path in zip(fits, said, paths, strict=True):
            found[index] = graph, path
        return found

    def recognise(self, corpus: Corpus, lexicon: Lexicon, pairs: PairScores) -> list[str]:
        """What every utterance says; nothing where no path exists."""
        said = decode(lexicon.loop(pairs, self.stay), self.scores, self.hear(corpus))
        return spoken(said, lexicon)


def spoken(words: Sequence[Sequence[int]], lexicon: Lexicon) -> list[str]:
    """Words by index as texts."""
    return [" ".join(lexicon.words[index] for index in one) for one in words]
