"""A corpus that lies on the device as a whole: batches are gathered there, never loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import FrontEnd, length_mask
from hnrc_lib.datasets import Corpus

_BATCH = 32


@dataclass(frozen=True)
class Rows:
    """Sequences of different lengths, one after another in one tensor.

    Attributes:
        values: all rows, shape (Σ lengths, …).
        starts: row where each sequence begins, shape (N,).
        lengths: rows of each sequence, shape (N,).
    """

    values: Tensor
    starts: Int[Tensor, "sequences"]
    lengths: Int[Tensor, "sequences"]

    @classmethod
    def of(cls, sequences: Sequence[Tensor], device: torch.device | str) -> "Rows":
        """Put sequences, at least one, behind one another on a device."""
        lengths = torch.tensor([len(sequence) for sequence in sequences], device=device)
        return cls(torch.cat(list(sequences)).to(device), lengths.cumsum(0) - lengths, lengths)

    def gather(self, chosen: Int[Tensor, "batch"]) -> tuple[Tensor, Tensor]:
        """The chosen sequences side by side, shape (B, longest, …), zero beyond each, and their lengths.

        >>> rows = Rows.of([torch.tensor([1.0]), torch.tensor([2.0, 3.0])], "cpu")
        >>> rows.gather(torch.tensor([1, 0]))
        (tensor([[2., 3.],
                [1., 0.]]), tensor([2, 1]))
        """
        lengths = self.lengths[chosen]
        inside = length_mask(lengths, int(lengths.max()))
        places = self.starts[chosen].unsqueeze(1) + torch.arange(inside.shape[1], device=inside.device)
        gathered = self.values[torch.where(inside, places, 0)]
        return gathered.masked_fill_(~inside.reshape(inside.shape + (1,) * (gathered.ndim - 2)), 0), lengths


class ResidentCorpus:
    """Waveforms of a corpus on the device, and their power spectra where these fit.

    The spectra of a batch are the same to rounding whether they were kept or are computed anew; keeping
    them saves the transform at every epoch.

    Args:
        corpus: utterances of the front end's sample rate, at least one.
        front_end: cuts frames and transforms them.
        device: where everything lies.
        spectra_budget: bytes that the spectra may take, ≥ 0; more, and they are computed batch by batch.

    Raises:
        ValueError: an empty corpus, or utterances of another sample rate.
    """

    def __init__(
        self,
        corpus: Corpus,
        front_end: FrontEnd,
        device: torch.device | str = "cpu",
        spectra_budget: int = 1 << 30,
    ) -> None:
        rates = sorted({utterance.sample_rate for utterance in corpus})
        if rates != [front_end.sample_rate]:
            expected = f"hold utterances at {front_end.sample_rate} Hz"
            raise ValueError(f"corpus {corpus.name!r} must {expected}, got rates {rates}")
        self.front_end, self.device = front_end, torch.device(device)
        self._samples = Rows.of([utterance.samples for utterance in corpus], device)
        self.frames = front_end.count_frames(self._samples.lengths)
        size = 4 * int(self.frames.sum()) * (1 + front_end.n_fft // 2)
        self._spectra = self._all_spectra() if size <= spectra_budget else None

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def keeps_spectra(self) -> bool:
        """Whether the spectra fitted into the budget."""
        return self._spectra is not None

    def spectra(
        self, chosen: Int[Tensor, "batch"]
    ) -> tuple[Float[Tensor, "batch frames bins"], Int[Tensor, "batch"]]:
        """Power spectra of the chosen utterances, shape (B, T, bins), and the frames of each, (B,)."""
        chosen = chosen.to(self.device)
        if self._spectra is not None:
            return self._spectra.gather(chosen)
        return self.front_end.spectra(*self._samples.gather(chosen))

    def _all_spectra(self) -> Rows:
        # Utterances of like length share a batch, so that little is computed on padding.
        order = self.frames.argsort(stable=True)
        pieces: list[Tensor] = [torch.empty(0)] * len(order)
        for chosen in order.split(_BATCH):
            spectra, frames = self.front_end.spectra(*self._samples.gather(chosen))
            for index, piece, size in zip(chosen.tolist(), spectra, frames.tolist(), strict=True):
                pieces[index] = piece[:size]
        return Rows.of(pieces, self.device)
