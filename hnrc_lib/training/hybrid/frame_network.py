"""A network that says of every frame which emission of the hidden Markov model it is."""

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
        num_emissions: E, outputs at each frame.
        channels: of the first convolution.
        hidden: channels of the later ones.
        dilations: one residual convolution for each.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer.

    >>> model = FrameNetwork(24, 81, generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(2, 50, 24), torch.tensor([50, 20])).shape
    torch.Size([2, 50, 81])

    Source: Waibel and others, Phoneme recognition using time-delay neural networks (1989); Abdel-Hamid and
    others, Convolutional neural networks for speech recognition (2014).
    """

    def __init__(
        self,
        num_features: int,
        num_emissions: int,
        channels: int = 12,
        hidden: int = 64,
        dilations: tuple[int, ...] = (1, 2, 4, 8),
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        sizes = {"num_features": num_features, "num_emissions": num_emissions, "hidden": hidden}
        for name, size in (sizes | {"channels": channels}).items():
            check_size(name, size)
        self.local = nn.Conv2d(1, channels, _WINDOW, stride=(1, 2), padding=_WINDOW // 2)
        self.dense = nn.Linear(channels * ((num_features + 1) // 2), hidden)
        self.temporal = nn.ModuleList(
            nn.Conv1d(hidden, hidden, _TAPS, padding=step, dilation=step) for step in dilations
        )
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(len(dilations) + 1))
        self.output = nn.Linear(hidden, num_emissions)
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
            inner = functional.relu(norm(hidden)) * inside.unsqueeze(2)
            hidden = hidden + layer(inner.mT).mT
        return self.output(functional.relu(self.norms[-1](hidden)))
