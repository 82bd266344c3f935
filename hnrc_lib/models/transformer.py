"""A small Transformer encoder: an acoustic model for CTC, or, pooled over time, a classifier of words."""

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int
from hnrc_lib.models.activation import check_size, initialize
from hnrc_lib.models.subsampling import check_frames, strided_length, strided_lengths, subsample

_KERNEL = 3
_WIDENING = 2  # units of the feed-forward layers in multiples of the width; 4 for Vaswani and others


def sinusoidal_positions(num_frames: int, width: int) -> Float[Tensor, "frames width"]:
    """Positions as sines and cosines of geometrically spaced frequencies.

    P[t, 2i] = sin(t / 10000^(2i/d)),  P[t, 2i + 1] = cos(t / 10000^(2i/d))

    Args:
        num_frames: T, ≥ 1.
        width: d, even.

    >>> sinusoidal_positions(2, 2)
    tensor([[0.0000, 1.0000],
            [0.8415, 0.5403]])

    Source: Vaswani and others (2017).
    """
    # In float64 until the end: float32 loses a thousandth of the phase after a few minutes of frames.
    steps = torch.arange(num_frames, dtype=torch.float64)[:, None]
    rates = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.stack([torch.sin(steps * rates), torch.cos(steps * rates)], dim=2).flatten(1).float()


class Transformer(nn.Module):
    """Two strided convolutions over time and bands, then self-attention.

    (N, T, F) → [conv 3×3 → ReLU]² → linear + positions → [attention, feed-forward]… → LayerNorm → linear

    Normalisation comes before each part of a layer ("pre-norm"), which trains without a warm-up. The layers
    are ``nn.TransformerEncoderLayer``s; dropout inside them, in training mode, alone is random. Attention
    weighs every pair of frames: memory grows as (T/subsampling)².

    Args:
        num_features: F, features per frame, ≥ 1.
        output_size: symbols, the blank among them, or classes, ≥ 1.
        width: d, of every layer, an even multiple of ``num_heads``.
        num_layers: attention layers, ≥ 1.
        num_heads: of every attention layer, ≥ 1.
        subsampling: frames of input for each of output, 2 or 4.
        pooling: ``"none"`` for logits of each frame, ``"mean"`` for those of the utterance.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size, the subsampling or the pooling is out of range.

    >>> model = Transformer(40, 29, width=32, num_layers=1, generator=torch.Generator().manual_seed(0))
    >>> lengths = torch.tensor([100, 60])
    >>> model(torch.zeros(2, 100, 40), lengths).shape, model.output_lengths(lengths)
    (torch.Size([2, 25, 29]), tensor([25, 15]))

    Source: Vaswani and others (2017); Dong, Xu and Xu (2018) for convolutions before it in speech
    recognition; Xiong and others (2020) for normalisation before each part.
    """

    def __init__(
        self,
        num_features: int,
        output_size: int,
        width: int = 96,
        num_layers: int = 2,
        num_heads: int = 4,
        subsampling: int = 4,
        pooling: str = "none",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, size in (
            ("num_features", num_features),
            ("output_size", output_size),
            ("width", width),
            ("num_layers", num_layers),
            ("num_heads", num_heads),
        ):
            check_size(name, size)
        if width % 2 or width % num_heads:
            raise ValueError(f"width must be even and a multiple of num_heads ({num_heads}), got {width}")
        if subsampling not in (2, 4):
            raise ValueError(f"subsampling must be 2 or 4, got {subsampling}")
        if pooling not in ("none", "mean"):
            raise ValueError(f"pooling must be 'none' or 'mean', got {pooling!r}")
        self.strides, self.pooling, self.width = (2, subsampling // 2), pooling, width
        channels = max(1, width // 4)
        self.convolutions = nn.ModuleList(
            nn.utils.skip_init(nn.Conv2d, inputs, channels, _KERNEL, stride=(stride, 2), padding=1)
            for inputs, stride in zip((1, channels), self.strides, strict=True)
        )
        bands = strided_length(strided_length(num_features, 2), 2)
        self.projection = nn.utils.skip_init(nn.Linear, channels * bands, width)
        self.layers = nn.ModuleList(_encoder_layer(width, num_heads) for _ in range(num_layers))
        self.norm = nn.LayerNorm(width)
        self.output = nn.utils.skip_init(nn.Linear, width, output_size)
        self._draw(generator)

    def _draw(self, generator: torch.Generator | None) -> None:
        """Initial weights; each layer's own start is thrown away, as it came from the global generator."""
        for layer in self.convolutions:
            initialize(layer, "relu", generator)
        initialize(self.projection, None, generator)
        initialize(self.output, None, generator)
        for layer in self.layers:
            for name, value in layer.named_parameters():
                if value.ndim == 2:
                    gain = 2.0**0.5 if name.startswith("linear1") else 1.0
                    bound = gain * (3.0 / value.shape[1]) ** 0.5
                    with torch.no_grad():
                        value.uniform_(-bound, bound, generator=generator)
                elif name.endswith("bias"):
                    nn.init.zeros_(value)

    def output_lengths(self, lengths: Int[Tensor, "batch"]) -> Int[Tensor, "batch"]:
        """Frames of the last layer for utterances of so many frames of input."""
        return strided_lengths(lengths, self.strides)

    def forward(
        self, features: Float[Tensor, "batch frames features"], lengths: Tensor | None = None
    ) -> Float[Tensor, "..."]:
        """Logits, (N, T′, output_size), or (N, output_size) pooled; padding has no influence.

        Args:
            features: shape (N, T, F).
            lengths: valid frames of each, shape (N,), 1 … T; all T when None.

        Raises:
            ValueError: a length out of range.
        """
        convolved, frames = subsample(
            self.convolutions, self.strides, features, check_frames(features, lengths)
        )
        hidden = self.projection(convolved)
        hidden = hidden + sinusoidal_positions(hidden.shape[1], self.width).to(hidden)
        outside = torch.arange(hidden.shape[1], device=hidden.device) >= frames[:, None]
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=outside)
        hidden = self.norm(hidden)
        if self.pooling == "mean":
            total = hidden.masked_fill(outside[:, :, None], 0.0).sum(dim=1)
            hidden = total / frames[:, None].to(hidden.dtype)
        return self.output(hidden)


def _encoder_layer(width: int, num_heads: int) -> nn.TransformerEncoderLayer:
    # The layer draws its own start from the global generator, whose state is put back.
    with torch.random.fork_rng(devices=[]):
        return nn.TransformerEncoderLayer(
            width, num_heads, _WIDENING * width, dropout=0.1, batch_first=True, norm_first=True
        )
