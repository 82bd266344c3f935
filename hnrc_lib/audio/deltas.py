"""Deltas: how features change from frame to frame."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio._checks import check_array, check_choice, check_lengths, check_positive_integer
from hnrc_lib.audio.masking import length_mask


def compute_deltas(
    features: Float[Tensor, "*batch frames features"],
    *,
    width: int = 9,
    order: int = 1,
    mode: str = "interp",
    lengths: Int[Tensor, "*batch"] | None = None,
) -> Float[Tensor, "*batch frames features"]:
    """Derivative in time of a polynomial fitted to the frames around each one (Savitzky–Golay).

    d[t] = (d/dτ)^order P_t(τ) at τ = t,  P_t of degree ``order``, least squares over ``width`` frames

    For order 1 this is the regression formula of HTK. Equal to ``librosa.feature.delta`` along frames.

    Args:
        features: c, shape (..., N, F).
        width: frames in a fit, odd, ≥ 3, > order.
        order: 1 for deltas, 2 for delta-deltas.
        mode: at the ends, ``"interp"`` evaluates the fit to the first or last ``width`` frames,
            ``"nearest"`` repeats the first or last frame.
        lengths: N of each utterance, shape (...), in frames; at least ``width`` with ``"interp"``.

    Returns:
        d, shape (..., N, F), in feature units per frame^order; zero past each length.

    Raises:
        TypeError, ValueError: ``features`` is not floating or is empty, ``width`` is even or too small,
            an utterance has fewer than ``width`` frames with ``"interp"``, or ``lengths`` do not fit.

    >>> compute_deltas(torch.arange(5.0)[:, None] * 2, width=3).flatten()
    tensor([2., 2., 2., 2., 2.])

    Source: Furui (1986) for deltas; Savitzky and Golay (1964) for the fit.
    """
    check_array("features", features, axes=2)
    check_positive_integer("order", order)
    check_choice("mode", mode, ("interp", "nearest"))
    if width < 3 or width % 2 == 0 or width <= order:
        raise ValueError(f"width must be odd, at least 3 and more than order={order}, got {width}")
    size, shortest = features.shape[-2], width if mode == "interp" else 1
    if size < shortest:
        raise ValueError(f"features must have at least width={width} frames with mode='interp', got {size}")
    if lengths is None:
        lengths = torch.full(features.shape[:-2], size)
    else:
        check_lengths(lengths, batch=features.shape[:-2], longest=size, shortest=shortest)
    lengths = lengths.to(features.device)
    deltas = _correlate(features, _derivative_taps(width, order), lengths, inside=mode == "interp")
    return torch.where(length_mask(lengths, size).unsqueeze(-1), deltas, 0)


def _derivative_taps(width: int, order: int) -> list[float]:
    """Weights on ``width`` frames that give the derivative of their least-squares polynomial."""
    # Centred positions keep the Vandermonde matrix well conditioned.
    positions = torch.arange(width, dtype=torch.float64) - width // 2
    powers = torch.stack([positions**degree for degree in range(order + 1)], dim=1)
    return (math.factorial(order) * torch.linalg.pinv(powers)[order]).tolist()


def _correlate(features: Tensor, taps: list[float], lengths: Tensor, *, inside: bool) -> Tensor:
    last = lengths.unsqueeze(-1) - 1
    start = torch.arange(features.shape[-2], device=features.device) - len(taps) // 2
    if inside:
        # The order-th derivative of a fit of that degree is constant: the end frames take their fit's.
        start = torch.minimum(start.clamp(min=0), last + 1 - len(taps))
    total = torch.zeros_like(features)
    for offset, tap in enumerate(taps):
        frame = torch.minimum((start + offset).clamp(min=0), last).unsqueeze(-1).expand_as(features)
        total = total + tap * features.gather(-2, frame)
    return total
