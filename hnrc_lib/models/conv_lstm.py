"""Convolutions that shorten time, then bidirectional recurrent layers: an acoustic model for CTC."""

from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int
from hnrc_lib.models.activation import check_size, initialize
from hnrc_lib.models.both_ways import BothWays
from hnrc_lib.models.subsampling import check_frames, strided_length, strided_lengths, subsample

_KERNEL = 3


class ConvLSTM(nn.Module):
    """Two strided convolutions over time and bands, recurrent layers in both directions, a linear map.

    (N, T, F) → [conv 3×3 → ReLU]² → LayerNorm → [recurrent both ways → LayerNorm]… → (N, T′, output)

    The first convolution halves time and bands, the second the bands and, with ``subsampling=4``, time
    again. Dropout, in training mode, follows the projection and every recurrent layer.

    Args:
        num_features: F, features per frame, ≥ 4.
        output_size: symbols, the blank among them, ≥ 1.
        hidden_size: H, units of each recurrent layer and direction, ≥ 1.
        num_layers: recurrent layers, ≥ 1.
        channels: of the convolutions, ≥ 1.
        subsampling: frames of input for each of output, 2 or 4.
        cell: ``"lstm"``, ``"gru"`` or ``"rnn"``.
        dropout: probability of a zero, 0 … 1.

    Raises:
        ValueError: a size, the subsampling, the cell or the dropout is out of range.

    >>> import torch
    >>> model = ConvLSTM(40, 29, hidden_size=32, num_layers=1)
    >>> lengths = torch.tensor([100, 60])
    >>> model(torch.zeros(2, 100, 40), lengths).shape, model.output_lengths(lengths)
    (torch.Size([2, 25, 29]), tensor([25, 15]))

    Source: Amodei and others (2016) for convolutions before recurrent layers under CTC; Graves and others
    (2006) for bidirectional LSTM with CTC.
    """

    def __init__(
        self,
        num_features: int,
        output_size: int,
        hidden_size: int = 160,
        num_layers: int = 2,
        channels: int = 32,
        subsampling: int = 4,
        cell: str = "lstm",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        for name, size in (("output_size", output_size), ("num_layers", num_layers), ("channels", channels)):
            check_size(name, size)
        if subsampling not in (2, 4):
            raise ValueError(f"subsampling must be 2 or 4, got {subsampling}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in 0 … 1, 1 excluded, got {dropout}")
        self.strides = (2, subsampling // 2)
        bands = strided_length(strided_length(num_features, 2), 2)
        self.convolutions = nn.ModuleList()
        for inputs, stride in zip((1, channels), self.strides, strict=True):
            layer = nn.Conv2d(inputs, channels, _KERNEL, stride=(stride, 2), padding=1)
            initialize(layer, "relu", None)
            self.convolutions.append(layer)
        self.projection = nn.Linear(channels * bands, 2 * hidden_size)
        self.norms = nn.ModuleList(nn.LayerNorm(2 * hidden_size) for _ in range(num_layers + 1))
        self.layers = nn.ModuleList(BothWays(2 * hidden_size, hidden_size, cell) for _ in range(num_layers))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(2 * hidden_size, output_size)

    def output_lengths(self, lengths: Int[Tensor, "batch"]) -> Int[Tensor, "batch"]:
        """Frames of output for utterances of so many frames of input."""
        return strided_lengths(lengths, self.strides)

    def forward(
        self, features: Float[Tensor, "batch frames features"], lengths: Tensor | None = None
    ) -> Float[Tensor, "batch shorter symbols"]:
        """Logits, shape (N, T′, output_size); what lies beyond an utterance's frames has no influence.

        Args:
            features: shape (N, T, F).
            lengths: valid frames of each, shape (N,), 1 … T; all T when None.

        Raises:
            ValueError: a length out of range.
        """
        convolved, frames = subsample(
            self.convolutions, self.strides, features, check_frames(features, lengths)
        )
        hidden = self.norms[0](self.projection(convolved))
        hidden = self.dropout(hidden)
        for layer, norm in zip(self.layers, self.norms[1:], strict=True):  # pyright: ignore[reportArgumentType]
            hidden = self.dropout(norm(hidden + layer(hidden, frames.cpu())))
        return self.output(hidden)
