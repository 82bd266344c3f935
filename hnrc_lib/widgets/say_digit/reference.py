"""Say a digit's mathematics: what is heard, its features by ``hnrc_lib.audio``, the network in NumPy.

The page computes the same in its modules; tests hold the two together, and both with torch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hnrc_lib._shapes import Float

LEAST = 800
SETS = ("clipped", "damped", "unclipped")
SNR_BOUNDS = (0.0, 60.0)
_STEP = 0x6D2B79F5
_WORD = 0xFFFFFFFF


def white_noise(length: int) -> Float[np.ndarray, "time"]:
    """Uniform in ±1, the same for everybody: T. Ettinger's mulberry32, in 32-bit arithmetic."""
    a = np.arange(1, length + 1, dtype=np.uint64) * np.uint64(_STEP) & np.uint64(_WORD)
    t = (a ^ (a >> np.uint64(15))) * (a | np.uint64(1)) & np.uint64(_WORD)
    more = (t ^ (t >> np.uint64(7))) * (t | np.uint64(61)) & np.uint64(_WORD)
    t = t ^ (t + more & np.uint64(_WORD))
    return (t ^ (t >> np.uint64(14))).astype(np.float64) / 2**31 - 1


def bounds(length: int, part: tuple[float, float] | list[float]) -> tuple[int, int]:
    """First sample of the part and the one after its last; at least 800 where the sound has so many.

    >>> bounds(4000, (0.5, 0.5))
    (2000, 2800)
    """
    size = min(LEAST, length)
    first = min(int(part[0] * length), length - size)
    return first, max(int(part[1] * length), first + size)


def heard_part(samples: Float[np.ndarray, "time"], state: Mapping[str, Any]) -> Float[np.ndarray, "part"]:
    """The part that is heard, with white noise at the ratio ``snr``, in decibels of mean powers."""
    first, last = bounds(len(samples), state["part"])
    heard = samples[first:last]
    size = np.sqrt(3 * np.square(heard).mean() * 10 ** (-state["snr"] / 10))
    return heard + size * white_noise(len(heard))


def features(
    heard: Float[np.ndarray, "time"], settings: Mapping[str, Any]
) -> Float[np.ndarray, "frames features"]:
    """What the network sees: levels and slopes of the word's mel bands, shape (T, 2·M).

    Args:
        heard: x, shape (T,).
        settings: fields of ``hnrc_lib.audio.FrontEnd``.
    """
    import torch

    from hnrc_lib.audio import FrontEnd

    batch = torch.from_numpy(np.ascontiguousarray(heard, dtype=np.float64))[None]
    found, _ = FrontEnd(**settings)(batch, torch.tensor([len(heard)]))
    return found[0].numpy()


def logits(
    image: Float[np.ndarray, "frames features"], weights: Mapping[str, np.ndarray]
) -> Float[np.ndarray, "classes"]:
    """The network's outputs for one word, layer by layer.

    Args:
        image: levels and slopes, shape (T, 2·M).
        weights: by name, those of eight bits with their scales under ``NAME:scale``.
    """
    restored = {name: _restored(name, weights) for name in weights if not name.endswith(":scale")}
    frames = image.reshape(len(image), 2, -1).swapaxes(0, 1)
    layer = 0
    while f"convolutions.{layer}.weight" in restored:
        if layer:
            frames = _pooled(frames)
        windows = np.lib.stride_tricks.sliding_window_view(frames, (3, 3), axis=(1, 2))
        weight, bias = (restored[f"convolutions.{layer}.{kind}"] for kind in ("weight", "bias"))
        frames = np.maximum(np.einsum("ihwyx,oiyx->ohw", windows, weight) + bias[:, None, None], 0)
        layer += 1
    hidden = np.maximum(restored["dense.0.weight"] @ frames.ravel() + restored["dense.0.bias"], 0)
    return restored["dense.1.weight"] @ hidden + restored["dense.1.bias"]


def softmax(scores: Float[np.ndarray, "classes"]) -> Float[np.ndarray, "classes"]:
    """exp(z) / Σ exp(z)."""
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def _pooled(frames: np.ndarray) -> np.ndarray:
    channels, height, width = frames.shape
    even = frames[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))


def _restored(name: str, weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """Weights in single precision, as torch has them, kept in double."""
    scale = weights.get(f"{name}:scale")
    if scale is None:
        return weights[name].astype(np.float64)
    shape = (-1, *[1] * (weights[name].ndim - 1))
    return (weights[name].astype(np.float32) * scale.reshape(shape)).astype(np.float64)
