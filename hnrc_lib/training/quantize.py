"""Weights in eight bits after training: a quarter of the bytes, decoded when the model is loaded."""

import copy
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int
from hnrc_lib.training.compress import Compression, measure_cost

_SCALE = ".scale"
_LARGEST = 127  # −128 stays unused, so that the range is symmetric


def quantize_channels(
    weight: Float[Tensor, "channels ..."],
) -> tuple[Int[Tensor, "channels ..."], Float[Tensor, "channels"]]:
    """A weight as integers of eight bits and one scale for each output channel.

    s_c = max |w_c| / 127,  q_c = round(w_c / s_c),  w_c ≈ s_c q_c with an error of at most s_c / 2

    Args:
        weight: W, output channels first, as in torch's dense, convolutional and recurrent layers.

    Returns:
        (q, s): int8 of W's shape, −127 … 127, and the scales, 1 for a channel of zeros.

    Raises:
        ValueError: an entry is not finite.

    >>> quantize_channels(torch.tensor([[1.0, -0.5], [0.0, 0.0]]))
    (tensor([[127, -64],
            [  0,   0]], dtype=torch.int8), tensor([0.0079, 1.0000]))

    Source: Jacob and others (2018); Krishnamoorthi (2018) for scales by channel.
    """
    if not bool(weight.isfinite().all()):
        raise ValueError("weight must be finite, got an infinity or NaN")
    largest = weight.flatten(1).abs().amax(dim=1)
    scale = torch.where(largest > 0, largest / _LARGEST, torch.ones_like(largest))
    steps = weight / scale.reshape(-1, *[1] * (weight.ndim - 1))
    return steps.round().clamp(-_LARGEST, _LARGEST).to(torch.int8), scale


def quantize_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a model with every matrix in eight bits; scales are named ``NAME.scale``.

    Tensors of two axes and more are the weights of layers; biases and gains, of one axis, stay as they are.

    Raises:
        ValueError: a name ends in ``.scale`` already, or a weight is not finite.

    >>> sorted(quantize_state(torch.nn.Linear(2, 3).state_dict()))
    ['bias', 'weight', 'weight.scale']
    """
    stored: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(_SCALE):
            raise ValueError(f"state must have no name that ends in {_SCALE!r}, got {name!r}")
        if value.ndim >= 2 and value.is_floating_point():
            stored[name], stored[name + _SCALE] = quantize_channels(value)
        else:
            stored[name] = value
    return stored


def dequantize_state(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state that ``quantize_state`` was given, to half a step: s_c q_c.

    >>> layer = torch.nn.Linear(2, 3)
    >>> near = dequantize_state(quantize_state(layer.state_dict()))["weight"]
    >>> torch.allclose(near, layer.weight, atol=0.005)
    True
    """
    state: dict[str, Tensor] = {}
    for name, value in stored.items():
        if name.endswith(_SCALE):
            continue
        scale = stored.get(name + _SCALE)
        state[name] = value if scale is None else value * scale.reshape(-1, *[1] * (value.ndim - 1))
    return state


def save_quantized(path: Path, model: nn.Module) -> None:
    """Write a model's weights in eight bits as safetensors: beside the final name, then renamed.

    Raises:
        ValueError: a weight is not finite.
        OSError: the file cannot be written.
    """
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    stored = quantize_state(model.state_dict())
    try:
        save_file({name: value.cpu().contiguous() for name, value in stored.items()}, half)
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def load_quantized(path: Path, model: nn.Module) -> None:
    """Put weights that ``save_quantized`` wrote into a model of the same architecture.

    Raises:
        RuntimeError: the weights are those of another architecture.
        FileNotFoundError: there is no such file.
    """
    model.load_state_dict(dequantize_state(load_file(path)))


def quantize(
    model: nn.Module,
    features: Float[Tensor, "utterances frames features"],
    labels: Int[Tensor, "utterances"],
    *,
    repeats: int = 20,
) -> tuple[nn.Module, Compression]:
    """A copy of a classifier with its weights rounded to eight bits, and what that cost and gave.

    The copy computes in floating point with the rounded weights, so it is smaller on disk, not faster.

    Args:
        model: a trained classifier, called on (N, T, F).
        features: to measure on, shape (N, T, F).
        labels: shape (N,).
        repeats: utterances timed.

    Raises:
        ValueError: a weight is not finite, or there is nothing to measure on.
    """
    stored = quantize_state(model.state_dict())
    rounded = copy.deepcopy(model)
    rounded.load_state_dict(dequantize_state(stored))
    before = measure_cost(model, features, labels, repeats=repeats)
    after = measure_cost(rounded, features, labels, stored=stored, repeats=repeats)
    return rounded, Compression(before, after)
