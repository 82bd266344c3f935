"""Analysis windows."""

import math

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio._checks import check_choice, check_positive_integer

# a₀ of w[k] = a₀ − (1 − a₀)·cos(2πk / win_length); Harris (1978).
_COSINE_OFFSET = {"hann": 0.5, "hamming": 0.54, "rectangular": 1.0}


def analysis_window(
    name: str = "hann",
    *,
    win_length: int,
    n_fft: int | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Float[Tensor, "n_fft"]:
    """Periodic window, centred in a frame.

    w[k] = a₀ − (1 − a₀)·cos(2πk / win_length),  a₀ = 0.5 (hann), 0.54 (hamming), 1 (rectangular)

    Args:
        name: ``"hann"``, ``"hamming"`` or ``"rectangular"``.
        win_length: number of samples under the window, > 0.
        n_fft: frame length, ≥ win_length; zeros fill it on both sides. win_length when left out.
        dtype: of the result; the window is computed in float64.
        device: of the result.

    Returns:
        w, shape (n_fft,).

    Raises:
        ValueError: an unknown name, a size that is not a positive integer, or win_length > n_fft.

    >>> analysis_window("hann", win_length=4, n_fft=6)
    tensor([0.0000, 0.0000, 0.5000, 1.0000, 0.5000, 0.0000])

    Source: Harris, On the use of windows for harmonic analysis (1978).
    """
    check_choice("window", name, tuple(_COSINE_OFFSET))
    check_positive_integer("win_length", win_length)
    n_fft = win_length if n_fft is None else n_fft
    check_positive_integer("n_fft", n_fft)
    if win_length > n_fft:
        raise ValueError(f"win_length must be at most n_fft={n_fft}, got {win_length}")
    offset = _COSINE_OFFSET[name]
    angle = torch.arange(win_length, dtype=torch.float64) * (2 * math.pi / win_length)
    # A window of one sample passes it; the formula would erase it under Hann.
    window = offset - (1 - offset) * angle.cos() if win_length > 1 else torch.ones(1, dtype=torch.float64)
    left = (n_fft - win_length) // 2
    return torch.nn.functional.pad(window, (left, n_fft - win_length - left)).to(device, dtype)
