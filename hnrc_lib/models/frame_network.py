"""A network that says of every frame which emission of a hidden Markov model it is."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib._shapes import Float, Int
from hnrc_lib.models.activation import check_size, initialize

_WINDOW = 5  # frames and bands under the first convolution
_TAPS = 3  # of each later one


class FrameNetwork(nn.Module):
    """A convolution over bands and a short stretch of time, then dilated ones over time alone.

    (N, T, F) → conv 5×5, every second band → φ → dense → [x + conv(φ(norm(x)))] with growing dilation
    → norm → φ → dense → (N, T, emissions)

    The first layer forgives a shifted vocal tract, the later ones see a word around each frame: with
    dilations 1, 2, 4, 8 it is 2 + 1 + 2 + 4 + 8 = 17 frames to either side. What lies beyond an utterance's
    frames has no influence.

    Args:
        num_features: F, mel bands, ≥ 1.
        output_size: E, outputs at each frame, one for each emission of a hidden Markov model.
        channels: of the first convolution.
        hidden: channels of the later ones.
        dilations: one residual convolution for each.
        dropout: probability of a zero before each of those and before the output, 0 … 1.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer, or the dropout is out of range.

    >>> model = FrameNetwork(24, 81, generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(2, 50, 24), torch.tensor([50, 20])).shape
    torch.Size([2, 50, 81])

    Source: Waibel and others, Phoneme recognition using time-delay neural networks (1989); Abdel-Hamid and
    others, Convolutional neural networks for speech recognition (2014).
    """

    def __init__(
        self,
        num_features: int,
        output_size: int,
        channels: int = 12,
        hidden: int = 64,
        dilations: Sequence[int] = (1, 2, 4, 8),
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        sizes = {"num_features": num_features, "output_size": output_size, "hidden": hidden}
        for name, size in (sizes | {"channels": channels}).items():
            check_size(name, size)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in 0 … 1, 1 excluded, got {dropout}")
        self.local = nn.Conv2d(1, channels, _WINDOW, stride=(1, 2), padding=_WINDOW // 2)
        self.dense = nn.Linear(channels * ((num_features + 1) // 2), hidden)
        self.temporal = nn.ModuleList(
            nn.Conv1d(hidden, hidden, _TAPS, padding=step, dilation=step) for step in dilations
        )
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(len(dilations) + 1))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, output_size)
        for layer in (self.local, *self.temporal):
            initialize(layer, "relu", generator)
        for layer in (self.dense, self.output):
            initialize(layer, None, generator)

    def forward(
        self, features: Float[Tensor, "batch frames features"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames emissions"]:
        """Logits of every emission at every frame, from features (N, T, F) of so many frames each (N,)."""
        inside = torch.arange(features.shape[1], device=features.device) < lengths.unsqueeze(1)
        images = (features * inside.unsqueeze(2)).unsqueeze(1)
        hidden = self.dense(functional.relu(self.local(images)).movedim(1, 2).flatten(2))
        for norm, layer in zip(self.norms, self.temporal, strict=False):
            inner = self.dropout(functional.relu(norm(hidden))) * inside.unsqueeze(2)
            hidden = hidden + layer(inner.mT).mT
        return self.output(self.dropout(functional.relu(self.norms[-1](hidden))))
