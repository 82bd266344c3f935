"""The mel scale and its triangular filters."""

import functools
import math
import warnings

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio._checks import check_choice, check_positive_integer

# Slaney, Auditory Toolbox (1998): linear to 1 kHz in steps of 200/3 Hz, then 27 steps per factor of 6.4.
_LINEAR_STEP_HZ = 200 / 3
_BREAK_HZ = 1000.0
_LOG_STEP = math.log(6.4) / 27


def hz_to_mel(frequencies: Float[Tensor, "*n"], mel_scale: str = "slaney") -> Float[Tensor, "*n"]:
    """Frequency in hertz to mel.

    HTK: m = 2595·log₁₀(1 + f/700).  Slaney: m = 3f/200 to 1 kHz, 15 + 27·ln(f/1000)/ln 6.4 above.

    Args:
        frequencies: f, any shape, in hertz, ≥ 0.
        mel_scale: ``"slaney"`` or ``"htk"``.

    Returns:
        m, of the same shape.

    Raises:
        ValueError: an unknown scale.

    >>> hz_to_mel(torch.tensor([500.0, 1000.0, 6400.0]))
    tensor([ 7.5000, 15.0000, 42.0000])

    Source: Slaney, Auditory Toolbox (1998); Young et al., The HTK Book (2002), section 5.4.
    """
    check_choice("mel_scale", mel_scale, ("slaney", "htk"))
    if mel_scale == "htk":
        return 2595 * torch.log10(1 + frequencies / 700)
    above = _BREAK_HZ / _LINEAR_STEP_HZ + (frequencies.clamp(min=_BREAK_HZ) / _BREAK_HZ).log() / _LOG_STEP
    return torch.where(frequencies < _BREAK_HZ, frequencies / _LINEAR_STEP_HZ, above)


def mel_to_hz(mels: Float[Tensor, "*n"], mel_scale: str = "slaney") -> Float[Tensor, "*n"]:
    """Mel to frequency in hertz: the inverse of ``hz_to_mel``.

    Args:
        mels: m, any shape, ≥ 0.
        mel_scale: ``"slaney"`` or ``"htk"``.

    Returns:
        f, of the same shape, in hertz.

    Raises:
        ValueError: an unknown scale.

    >>> mel_to_hz(torch.tensor([3.0, 15.0]))
    tensor([ 200., 1000.])
    """
    check_choice("mel_scale", mel_scale, ("slaney", "htk"))
    if mel_scale == "htk":
        return 700 * (10 ** (mels / 2595) - 1)
    break_mel = _BREAK_HZ / _LINEAR_STEP_HZ
    above = _BREAK_HZ * ((mels - break_mel).clamp(min=0) * _LOG_STEP).exp()
    return torch.where(mels < break_mel, mels * _LINEAR_STEP_HZ, above)


def mel_filter_bank(
    *,
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    f_min: float = 0.0,
    f_max: float | None = None,
    mel_scale: str = "slaney",
    norm: str | None = "slaney",
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Float[Tensor, "n_mels bins"]:
    """Triangles, evenly spaced in mel and linear in hertz, that overlap by half.

    B[m, f] = c_m · max(0, min((f − e_m)/(e_{m+1} − e_m), (e_{m+2} − f)/(e_{m+2} − e_{m+1})))

    where e are n_mels + 2 edges from f_min to f_max; c_m = 2/(e_{m+2} − e_m) makes every area 1 Hz
    (``norm="slaney"``), c_m = 1 every peak 1 (``norm=None``). Equal to ``librosa.filters.mel``.

    Args:
        sample_rate: in hertz, > 0.
        n_fft: length of the transform, > 0.
        n_mels: number of filters, > 0.
        f_min: lowest edge, in hertz, ≥ 0.
        f_max: highest edge, in hertz, at most sample_rate/2, which it is when left out.
        mel_scale: ``"slaney"`` or ``"htk"``.
        norm: ``"slaney"`` or None.
        dtype: of the result; the filters are computed in float64.
        device: of the result.

    Returns:
        B, shape (n_mels, 1 + ⌊n_fft/2⌋).

    Raises:
        ValueError: a size is not a positive integer, the band is not within 0 … sample_rate/2, or an
            unknown scale or norm.

    Warns:
        UserWarning: a filter lies between two bins and passes nothing; its feature is constant.

    >>> mel_filter_bank(sample_rate=8, n_fft=8, n_mels=1, norm=None)
    tensor([[0.0000, 0.5000, 1.0000, 0.5000, 0.0000]])

    Source: Davis and Mermelstein (1980); normalisation after Slaney, Auditory Toolbox (1998).
    """
    for name, value in (("sample_rate", sample_rate), ("n_fft", n_fft), ("n_mels", n_mels)):
        check_positive_integer(name, value)
    check_choice("norm", norm, ("slaney", None))
    f_max = sample_rate / 2 if f_max is None else f_max
    if not 0 <= f_min < f_max <= sample_rate / 2:
        limit = f"0 <= f_min < f_max <= sample_rate/2 = {sample_rate / 2:g}"
        raise ValueError(f"f_min and f_max must satisfy {limit}, got f_min={f_min:g}, f_max={f_max:g}")
    lowest, highest = hz_to_mel(torch.tensor([f_min, f_max], dtype=torch.float64), mel_scale).tolist()
    mels = torch.linspace(lowest, highest, n_mels + 2, dtype=torch.float64)
    edges = mel_to_hz(mels, mel_scale)[:, None]
    bins = torch.arange(1 + n_fft // 2, dtype=torch.float64) * (sample_rate / n_fft)
    bank = _triangles(bins, edges)
    _warn_if_empty(bank, n_fft=n_fft)
    if norm == "slaney":
        bank = bank * 2 / (edges[2:] - edges[:-2])
    return bank.to(device, dtype)


def warped_mel_filter_banks(
    scales: Float[Tensor, "batch"], *, sample_rate: int, n_fft: int, n_mels: int, turn: float = 0.8
) -> Float[Tensor, "batch n_mels bins"]:
    """Slaney's filters as they hear speech whose frequencies have been scaled, one bank for each scale.

    B_a[m, f] = B[m, w(f)],  w(f) = a f up to turn·F/max(a, 1), then straight to w(F) = F = sample_rate/2

    A vocal tract shorter by the factor a moves the resonances up by a; a bank of scale a applied to speech
    gives the features that the longer or shorter tract would have had. Scale 1 gives ``mel_filter_bank``.

    Args:
        scales: a, shape (N,), > 0; 0.8 to 1.2 is the range of human voices.
        sample_rate: in hertz, > 0.
        n_fft: length of the transform, > 0.
        n_mels: number of filters, > 0.
        turn: where the straight end begins, as a fraction of F, 0 < turn < 1.

    Returns:
        B, shape (N, n_mels, 1 + ⌊n_fft/2⌋), in the dtype and on the device of the scales.

    Raises:
        ValueError: a scale is not positive, or a turn out of range.

    >>> banks = warped_mel_filter_banks(torch.tensor([1.0, 1.2]), sample_rate=8000, n_fft=256, n_mels=20)
    >>> bool(torch.allclose(banks[0], mel_filter_bank(sample_rate=8000, n_fft=256, n_mels=20), atol=1e-7))
    True

    Source: Lee and Rose (1998) for the piecewise linear warp; Jaitly and Hinton (2013) for training with it.
    """
    if not 0 < turn < 1:
        raise ValueError(f"turn must lie in 0 … 1, both excluded, got {turn}")
    if not bool((scales > 0).all()):
        raise ValueError(f"scales must be positive, got {scales.tolist()}")
    nyquist = sample_rate / 2
    precision = scales.dtype if scales.device.type == "mps" else torch.float64
    factor = scales.to(precision)[:, None]
    bins, edges = _bins_and_edges(sample_rate, n_fft, n_mels, precision, scales.device)
    knee = turn * nyquist / factor.clamp(min=1)
    slope = (nyquist - factor * knee) / (nyquist - knee)
    heard = torch.where(bins <= knee, factor * bins, factor * knee + slope * (bins - knee))
    bank = _triangles(heard[:, None], edges) * 2 / (edges[2:] - edges[:-2])
    return bank.to(scales.dtype)


@functools.lru_cache(maxsize=16)
def _bins_and_edges(
    sample_rate: int, n_fft: int, n_mels: int, dtype: torch.dtype, device: torch.device
) -> tuple[Float[Tensor, "bins"], Float[Tensor, "edges 1"]]:
    """What all warped banks of one size share, in hertz; kept, as every batch asks for it, so read only."""
    nyquist = sample_rate / 2
    with torch.inference_mode(False):  # what is made under it, no later gradient may pass
        bins = torch.linspace(0, nyquist, 1 + n_fft // 2, dtype=dtype, device=device)
        top = hz_to_mel(torch.tensor([nyquist], dtype=torch.float64)).item()
        edges = mel_to_hz(torch.linspace(0, top, n_mels + 2, dtype=torch.float64))[:, None].to(bins)
    return bins, edges


def _triangles(frequencies: Tensor, edges: Tensor) -> Tensor:
    """Height of each triangle, rising from its first edge to its second and falling to its third."""
    lower, middle, upper = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (frequencies - lower) / (middle - lower), (upper - frequencies) / (upper - middle)
    return torch.minimum(rising, falling).clamp(min=0)


def _warn_if_empty(bank: Tensor, *, n_fft: int) -> None:
    empty = (bank.amax(dim=1) == 0).nonzero().flatten().tolist()
    if empty:
        warnings.warn(
            f"{len(empty)} of n_mels={len(bank)} filters lie between two of the {bank.shape[1]} bins of "
            f"n_fft={n_fft} and pass nothing (the first is filter {empty[0]}); use fewer filters, a longer "
            "transform or a wider band",
            stacklevel=3,
        )
