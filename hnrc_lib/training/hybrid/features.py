"""What a recogniser of aligned frames hears: cepstra for Gaussians, log-mel energies for networks."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import FrontEnd, cepstral_coefficients, compute_deltas, normalize_mean_variance
from hnrc_lib.datasets import Corpus
from hnrc_lib.training.resident import ResidentCorpus

_BATCH = 64
_DELTA_WIDTH = 5


@dataclass(frozen=True)
class Cepstra:
    """Mel cepstra with slopes and slopes of slopes, mean and variance normalised over each utterance.

    Gaussians with diagonal covariance want features that are uncorrelated; networks do not.

    Attributes:
        front_end: gives static log-mel energies, ``delta_order=0``.
        n_mfcc: coefficients, 1 … n_mels; F = 3·n_mfcc.

    Source: Furui (1986); Viikki and Laurila (1998).
    """

    front_end: FrontEnd
    n_mfcc: int = 13

    def features(
        self, spectra: Float[Tensor, "batch frames bins"], frames: Int[Tensor, "batch"]
    ) -> tuple[Float[Tensor, "batch kept features"], Int[Tensor, "batch"]]:
        """Features (N, T, F) of power spectra, and the frames of each, (N,)."""
        bands, frames = self.front_end.features(spectra, frames)
        static = cepstral_coefficients(bands, n_mfcc=self.n_mfcc)
        slopes = compute_deltas(static, width=_DELTA_WIDTH, mode="nearest", lengths=frames)
        second = compute_deltas(slopes, width=_DELTA_WIDTH, mode="nearest", lengths=frames)
        return normalize_mean_variance(torch.cat([static, slopes, second], -1), lengths=frames), frames


def features_of(
    corpus: Corpus | ResidentCorpus, extractor: FrontEnd | Cepstra
) -> list[Float[Tensor, "_ features"]]:
    """Features of every utterance, in the corpus's order.

    Args:
        corpus: utterances, or these with their spectra.
        extractor: its ``features`` are taken.

    >>> from hnrc_lib.datasets import Utterance
    >>> said = Utterance(torch.randn(4000), 8000, "ann", "en", "seven", 7, "7_ann_0")
    >>> [one.shape for one in features_of(Corpus("one word", [said]), Cepstra(FrontEnd(8000)))]
    [torch.Size([51, 39])]
    """
    if isinstance(corpus, Corpus):
        front_end = extractor.front_end if isinstance(extractor, Cepstra) else extractor
        corpus = ResidentCorpus(corpus, front_end)
    found: list[Tensor] = [torch.empty(0)] * len(corpus)
    for chosen in corpus.frames.argsort(stable=True).split(_BATCH):
        features, frames = extractor.features(*corpus.spectra(chosen))
        for index, one, size in zip(chosen.tolist(), features, frames.tolist(), strict=True):
            found[index] = one[:size].clone()
    return found
