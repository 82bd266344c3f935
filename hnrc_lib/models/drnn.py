"""Deep recurrent network of the fourth source document: Elman layers and a linear map."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.models.activation import check_size, initialize
from hnrc_lib.models.recurrent import RNNLayer
from hnrc_lib.models.recurrent.layers import SecondOrder
from hnrc_lib.models.recurrent.pooling import check_pooling, pool_frames


class DRNN(nn.Module):
    """Elman layers, then a linear map at each frame or of their outputs pooled over time.

    (N, T, F) → h_t = φ(W x_t + U h_{t−1} + b), layer by layer → (pool →) V h + c → (N, [T,] output)

    Args:
        input_size: F, features per frame, ≥ 1.
        hidden_size: H, units of each layer and direction, ≥ 1.
        output_size: number of outputs, ≥ 1.
        num_layers: recurrent layers, ≥ 1.
        nonlinearity: φ, ``"tanh"`` or ``"relu"``.
        pooling: None for outputs at every frame; ``"mean"`` over the valid frames or the ``"last"`` of them
            for one output per sequence.
        bidirectional: each layer also runs backwards in time.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer, or no such nonlinearity or pooling.

    >>> model = DRNN(20, 16, 10, pooling="mean", generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(3, 50, 20), [50, 20, 1]).shape
    torch.Size([3, 10])

    Source: Elman (1990).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        pooling: str | None = None,
        bidirectional: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_size("output_size", output_size)
        check_pooling(pooling)
        self.pooling = pooling
        self.recurrent = RNNLayer(
            input_size,
            hidden_size,
            num_layers,
            nonlinearity,
            batch_first=True,
            bidirectional=bidirectional,
            generator=generator,
        )
        width = hidden_size * (2 if bidirectional else 1)
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
            second_order: as for ``RNNLayer``.

        Raises:
            ValueError: a shape or a length does not fit.
        """
        hidden, _ = self.recurrent(features, lengths=lengths, second_order=second_order)
        return self.output(pool_frames(hidden, self.pooling, lengths))
