"""Recordings without the silence around them."""

from dataclasses import replace

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.datasets.corpus import Corpus

_BLOCK_SECONDS = 0.010
_MARGIN_BLOCKS = 2


def trim_silence(corpus: Corpus, *, below_db: float = 25.0) -> Corpus:
    """Every recording from its first loud moment to its last, and 20 ms more on either side.

    A moment of 10 ms is loud where its energy, averaged with its neighbours', lies less than ``below_db``
    under the greatest of the recording. Speakers differ in how much silence they leave around a word, and
    that would move what is measured over whole recordings, such as a mean.

    Args:
        corpus: recordings of any lengths; silence within one stays.
        below_db: in decibels, > 0.

    Raises:
        ValueError: a range that is not positive.

    >>> from hnrc_lib.datasets.corpus import Utterance
    >>> samples = torch.zeros(8000)
    >>> samples[3200:4000] = 0.5
    >>> said = Utterance(samples, 8000, "ann", "en", "seven", 7, "7_ann_0")
    >>> trim_silence(Corpus("one word", [said]))[0].seconds
    0.16
    """
    if not below_db > 0:
        raise ValueError(f"below_db must be positive, got {below_db}")
    trimmed = []
    for one in corpus:
        block = max(round(_BLOCK_SECONDS * one.sample_rate), 1)
        trimmed.append(replace(one, samples=_trimmed(one.samples, block, below_db), sha256=""))
    return replace(corpus, name=f"{corpus.name}, trimmed", utterances=trimmed)


def _trimmed(samples: Float[Tensor, "time"], block: int, below_db: float) -> Float[Tensor, "trimmed"]:
    whole = len(samples) // block * block
    if whole == 0:
        return samples
    energy = samples[:whole].view(-1, block).square().mean(1)
    energy = torch.nn.functional.avg_pool1d(energy[None], 3, stride=1, padding=1)[0]
    loud = (energy >= energy.max() * 10 ** (-below_db / 10)).nonzero()[:, 0]
    first, last = int(loud[0]) - _MARGIN_BLOCKS, int(loud[-1]) + 1 + _MARGIN_BLOCKS
    return samples[max(first, 0) * block : last * block].clone()
