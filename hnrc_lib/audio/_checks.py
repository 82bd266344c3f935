"""Checks that the features share; each names the argument, what was expected and what came."""

from numbers import Integral

import torch
from torch import Tensor


def check_positive_integer(name: str, value: object) -> None:
    """Raise ValueError unless ``value`` is an integer of at least 1.

    >>> check_positive_integer("hop_length", 0)
    Traceback (most recent call last):
        ...
    ValueError: hop_length must be a positive integer, got 0
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive integer, got {value!r}")


def check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Raise ValueError unless ``value`` is one of ``choices``.

    >>> check_choice("mode", "mirror", ("interp", "nearest"))
    Traceback (most recent call last):
        ...
    ValueError: mode must be one of 'interp', 'nearest', got 'mirror'
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def check_array(name: str, array: Tensor, *, axes: int) -> None:
    """Raise unless ``array`` is float32 or float64 with at least ``axes`` axes, none of its last ones empty.

    >>> check_array("samples", torch.zeros(3, dtype=torch.int16), axes=1)
    Traceback (most recent call last):
        ...
    TypeError: samples must be float32 or float64, got int16; divide integers by their full scale first
    """
    if array.dtype not in (torch.float32, torch.float64):
        advice = "" if array.is_floating_point() else "; divide integers by their full scale first"
        got = str(array.dtype).removeprefix("torch.")
        raise TypeError(f"{name} must be float32 or float64, got {got}{advice}")
    if array.dim() < axes or 0 in array.shape[array.dim() - axes :]:
        layout = {1: "(..., samples)", 2: "(..., frames, features)"}[axes]
        raise ValueError(f"{name} must have shape {layout} and not be empty, got {tuple(array.shape)}")


def check_lengths(lengths: Tensor, *, batch: torch.Size, longest: int, shortest: int = 1) -> None:
    """Raise ValueError unless ``lengths`` holds one length from ``shortest`` to ``longest`` per utterance.

    >>> check_lengths(torch.tensor([5, 9]), batch=torch.Size([2]), longest=8)
    Traceback (most recent call last):
        ...
    ValueError: lengths must lie from 1 to 8, got 5 to 9
    """
    if lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise ValueError(f"lengths must be integers, got {str(lengths.dtype).removeprefix('torch.')}")
    if lengths.shape != batch:
        raise ValueError(f"lengths must have the batch's shape {tuple(batch)}, got {tuple(lengths.shape)}")
    if lengths.numel() == 0:
        return
    least, most = int(lengths.min()), int(lengths.max())
    if least < shortest or most > longest:
        raise ValueError(f"lengths must lie from {shortest} to {longest}, got {least} to {most}")
