"""Long short-term memory network: LSTM layers and a linear map."""

import torch

from hnrc_lib.models.recurrent import LSTMLayer
from hnrc_lib.models.recurrent.readout import RecurrentReadout


class LSTM(RecurrentReadout):
    """LSTM layers, then a linear map at each frame or of their outputs pooled over time.

    (N, T, F) → (h_t, c_t) of each layer → (pool →) V h + c → (N, [T,] output)

    Args:
        input_size: F, features per frame, ≥ 1.
        hidden_size: H, units of each layer and direction, ≥ 1.
        output_size: number of outputs, ≥ 1.
        num_layers: recurrent layers, ≥ 1.
        pooling: None for outputs at every frame; ``"mean"`` over the valid frames or the ``"last"`` of them
            for one output per sequence.
        bidirectional: each layer also runs backwards in time.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer, or no such pooling.

    >>> model = LSTM(20, 16, 10, pooling="mean", generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(3, 50, 20), [50, 20, 1]).shape
    torch.Size([3, 10])

    Source: Hochreiter and Schmidhuber (1997).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        num_layers: int = 1,
        pooling: str | None = None,
        bidirectional: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        recurrent = LSTMLayer(
            input_size,
            hidden_size,
            num_layers,
            batch_first=True,
            bidirectional=bidirectional,
            generator=generator,
        )
        super().__init__(recurrent, output_size, pooling, generator)
