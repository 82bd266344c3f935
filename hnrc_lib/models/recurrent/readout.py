"""Recurrent layers with a linear map behind them: what the recurrent networks share."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.models.activation import check_size, initialize
from hnrc_lib.models.recurrent.layers import GRULayer, LSTMLayer, RNNLayer, SecondOrder
from hnrc_lib.models.recurrent.pooling import check_pooling, pool_frames


class RecurrentReadout(nn.Module):
    """A linear map at each frame of recurrent layers, or of their outputs pooled over time.

    (N, T, F) → layers → (pool →) V h + c → (N, [T,] output)

    Args:
        recurrent: the layers, ``batch_first``.
        output_size: number of outputs, ≥ 1.
        pooling: None for outputs at every frame, ``"mean"`` or ``"last"``.
        generator: draws the initial weights of the linear map.

    Raises:
        ValueError: ``output_size`` is no positive integer, or no such pooling.
    """

    def __init__(
        self,
        recurrent: RNNLayer | LSTMLayer | GRULayer,
        output_size: int,
        pooling: str | None,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        check_size("output_size", output_size)
        check_pooling(pooling)
        self.pooling = pooling
        self.recurrent = recurrent
        width = recurrent.hidden_size * (2 if recurrent.bidirectional else 1)
        self.output = nn.utils.skip_init(nn.Linear, width, output_size)
        initialize(self.output, None, generator)

    def forward(
        self,
        features: Float[Tensor, "batch frames features"],
        lengths: Tensor | Sequence[int] | None = None,
        *,
        second_order: SecondOrder = "auto",
    ) -> Tensor:
        """Outputs at every frame (N, T, output), or pooled (N, output).

        Args:
            features: shape (N, T, F).
            lengths: frames of each sequence, 1 … T; all T when None. What lies beyond has no influence.
            second_order: as for the layers.

        Raises:
            ValueError: a shape or a length does not fit.
        """
        hidden, _ = self.recurrent(features, lengths=lengths, second_order=second_order)
        return self.output(pool_frames(hidden, self.pooling, lengths))
