"""Short-time power spectrum."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio._checks import check_positive_integer
from hnrc_lib.audio.framing import frame_signal
from hnrc_lib.audio.window import analysis_window


def power_spectrogram(
    samples: Float[Tensor, "*batch time"],
    *,
    n_fft: int,
    win_length: int | None = None,
    hop_length: int | None = None,
    power: float = 2.0,
    window: str = "hann",
    center: bool = True,
    lengths: Int[Tensor, "*batch"] | None = None,
) -> Float[Tensor, "*batch frames bins"]:
    """Magnitude of the short-time Fourier transform, raised to a power.

    S[t, f] = | Σ_k w[k]·x[t·hop_length + k − p]·exp(−2πi·f·k / n_fft) |^power

    Equal to ``|librosa.stft(x, pad_mode="constant")|**power``, transposed.

    Args:
        samples: x, shape (..., T).
        n_fft: length of the transform, in samples, > 0.
        win_length: samples under the window, 1 … n_fft; n_fft when left out.
        hop_length: step between frames, in samples, > 0; a quarter of win_length when left out.
        power: exponent, > 0: 1 for magnitude, 2 for power.
        window: ``"hann"``, ``"hamming"`` or ``"rectangular"``.
        center: whether frame t is centred on sample t·hop_length.
        lengths: L, shape (...), samples per utterance in a padded batch; T when left out.

    Returns:
        S, shape (..., num_frames(T), 1 + ⌊n_fft/2⌋), in the dtype and on the device of x; zero from
        frame ``num_frames(L)`` on.

    Raises:
        TypeError, ValueError: as ``frame_signal`` and ``analysis_window``, or ``power`` is not positive.

    >>> tone = torch.cos(2 * torch.pi * 4 / 64 * torch.arange(640.0))
    >>> power_spectrogram(tone, n_fft=64, center=False).argmax(dim=-1).unique()
    tensor([4])
    """
    check_positive_integer("n_fft", n_fft)
    win_length = n_fft if win_length is None else win_length
    check_positive_integer("win_length", win_length)
    hop_length = max(1, win_length // 4) if hop_length is None else hop_length
    if power <= 0:
        raise ValueError(f"power must be positive, got {power}")
    frames = frame_signal(samples, n_fft=n_fft, hop_length=hop_length, center=center, lengths=lengths)
    # In float32 the transform's rounding, 1e-7 of the loudest bin, is 1e-4 of one 60 dB below; Apple's
    # cards have no float64.
    precision = samples.dtype if samples.device.type == "mps" else torch.float64
    taper = analysis_window(
        window, win_length=win_length, n_fft=n_fft, dtype=precision, device=samples.device
    )
    spectrum = torch.fft.rfft(frames * taper)
    squared = spectrum.real.square() + spectrum.imag.square()
    if power == 2:
        return squared.to(samples.dtype)
    # A root has no derivative at 0: silent bins take 0 with gradient 0 instead of NaN.
    sounding = squared > 0
    return torch.where(sounding, torch.where(sounding, squared, 1).pow(power / 2), 0).to(samples.dtype)
