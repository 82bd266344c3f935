"""A recurrent network's outputs over time, or one vector for each sequence."""

from collections.abc import Sequence

from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.models.recurrent.lengths import prepare_lengths

POOLINGS = (None, "mean", "last")


def check_pooling(pooling: str | None) -> None:
    """Refuse a pooling that there is not.

    Raises:
        ValueError: lists those there are.
    """
    if pooling not in POOLINGS:
        raise ValueError(f"pooling must be None, 'mean' or 'last', got {pooling!r}")


def pool_frames(
    outputs: Float[Tensor, "batch frames features"],
    pooling: str | None,
    lengths: Tensor | Sequence[int] | None,
) -> Tensor:
    """Mean over the valid frames, or the last valid frame, of outputs that are zero beyond each length.

    mean: Σ_t y_t / n;  last: y_n

    Args:
        outputs: y, shape (N, T, F).
        pooling: None for the outputs as they are, ``"mean"`` or ``"last"``.
        lengths: n, shape (N,), 1 … T; T when None.

    Returns:
        Shape (N, T, F), or pooled (N, F).

    Raises:
        ValueError: no such pooling, or lengths that do not fit.

    >>> import torch
    >>> pool_frames(torch.tensor([[[2.0], [4.0], [0.0]]]), "mean", [2])
    tensor([[3.]])
    """
    check_pooling(pooling)
    if pooling is None:
        return outputs
    batch, frames = outputs.shape[:2]
    checked = prepare_lengths(lengths, frames, batch, outputs.device)
    if pooling == "last":
        return outputs[:, -1] if checked is None else checked.final(outputs.transpose(0, 1))
    if checked is None:
        return outputs.mean(1)
    return outputs.sum(1) / (checked.last + 1)[:, None].to(outputs.dtype)
