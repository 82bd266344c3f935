"""What a recogniser of aligned frames hears: cepstra for Gaussians, log-mel energies for networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import FrontEnd, cepstral_coefficients, compute_deltas, normalize_mean_variance
from hnrc_lib.datasets import Corpus
from hnrc_lib.training.hybrid.alignment import by_length

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
        self,
        spectra: Float[Tensor, "batch frames bins"],
        frames: Int[Tensor, "batch"],
        *,
        frequency_scale: Float[Tensor, "batch"] | None = None,
    ) -> tuple[Float[Tensor, "batch frames features"], Int[Tensor, "batch"]]:
        """Features (N, T, F) of power spectra, as another vocal tract would have given them."""
        bands, frames = self.front_end.features(spectra, frames, frequency_scale=frequency_scale)
        static = cepstral_coefficients(bands, n_mfcc=self.n_mfcc)
        slopes = compute_deltas(static, width=_DELTA_WIDTH, mode="nearest", lengths=frames)
        second = compute_deltas(slopes, width=_DELTA_WIDTH, mode="nearest", lengths=frames)
        return normalize_mean_variance(torch.cat([static, slopes, second], -1), lengths=frames), frames


def power_spectra(corpus: Corpus, front_end: FrontEnd) -> list[Float[Tensor, "_ bins"]]:
    """|STFT|² of every utterance, in the corpus's order: from these all features are made.

    >>> from hnrc_lib.datasets import Utterance
    >>> said = Utterance(torch.randn(4000), 8000, "ann", "en", "seven", 7, "7_ann_0")
    >>> [one.shape for one in power_spectra(Corpus("one word", [said]), FrontEnd(sample_rate=8000))]
    [torch.Size([51, 129])]
    """

    def spectra(samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        return front_end.spectra(samples, lengths)

    return _in_batches([utterance.samples for utterance in corpus], spectra)


def features_of(
    spectra: Sequence[Float[Tensor, "_ bins"]],
    extractor: FrontEnd | Cepstra,
    *,
    frequency_scale: float | None = None,
) -> list[Float[Tensor, "_ features"]]:
    """Features of every utterance, all with one change of the vocal tract.

    Args:
        spectra: |STFT|² of each utterance, as from ``power_spectra``.
        extractor: its ``features`` are taken.
        frequency_scale: by which resonances are moved, > 0; as they are when None.
    """

    def extracted(batch: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        scale = None if frequency_scale is None else batch.new_full((len(batch),), frequency_scale)
        return extractor.features(batch, frames, frequency_scale=scale)

    return _in_batches(spectra, extracted)


def _in_batches(
    rows: Sequence[Tensor], function: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> list[Tensor]:
    """A function of padded batches, applied to sequences of any lengths."""
    found: dict[int, Tensor] = {}
    for batch in by_length(rows, _BATCH):
        lengths = torch.tensor([len(rows[row]) for row in batch])
        values, sizes = function(pad_sequence([rows[row] for row in batch], batch_first=True), lengths)
        for row, value, size in zip(batch, values, sizes.tolist(), strict=True):
            found[row] = value[:size].clone()
    return [found[row] for row in range(len(rows))]
