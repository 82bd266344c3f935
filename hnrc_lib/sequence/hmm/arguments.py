"""Arguments of the recursions, checked and brought to one layout."""

from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Bool, Float, Int
from hnrc_lib.sequence.hmm.arcs import FORBIDDEN, log_probs


class Arguments(NamedTuple):
    """What a recursion reads.

    initial, final: log-probabilities, shape (1 or N, S).
    transitions: A, probabilities, shape (1 or N, S, S).
    log_likelihoods: shape (N, T, S), nowhere below FORBIDDEN.
    inside: which frames are no padding, shape (N, T).
    """

    initial: Float[Tensor, "batch states"]
    transitions: Float[Tensor, "batch states states"]
    log_likelihoods: Float[Tensor, "batch frames states"]
    inside: Bool[Tensor, "batch frames"]
    final: Float[Tensor, "batch states"]


def arrange(
    initial_probs: Float[Tensor, "... states"],
    transition_matrix: Float[Tensor, "... states states"],
    log_likelihoods: Float[Tensor, "batch frames states"],
    lengths: Int[Tensor, " batch"] | None,
    final_probs: Float[Tensor, "... states"] | None,
) -> Arguments:
    """Check and complete the arguments; computing is done in the dtype of ``log_likelihoods``.

    Raises:
        TypeError, ValueError: names the argument, what was expected and what came.
    """
    shape = tuple(log_likelihoods.shape)
    if log_likelihoods.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"log_likelihoods must be float32 or float64, got {log_likelihoods.dtype}")
    if len(shape) != 3 or 0 in shape:
        raise ValueError(f"log_likelihoods must have shape (N, T, S) and not be empty, got {shape}")
    batch, frames, size = shape
    initial = _probabilities("initial_probs", initial_probs, (size,), batch, log_likelihoods)
    transitions = _probabilities("transition_matrix", transition_matrix, (size, size), batch, log_likelihoods)
    if final_probs is None:
        final = log_likelihoods.new_ones(1, size)
    else:
        final = _probabilities("final_probs", final_probs, (size,), batch, log_likelihoods)
    if torch.isnan(log_likelihoods).any() or (log_likelihoods == torch.inf).any():
        raise ValueError("log_likelihoods must hold neither NaN nor +inf, got some")
    sizes = check_lengths(lengths, batch, frames).to(log_likelihoods.device)
    inside = torch.arange(frames, device=sizes.device) < sizes.unsqueeze(1)
    scores = log_likelihoods.clamp(min=FORBIDDEN)
    return Arguments(log_probs(initial), transitions, scores, inside, log_probs(final))


def check_lengths(lengths: Int[Tensor, " batch"] | None, batch: int, frames: int) -> Int[Tensor, " batch"]:
    """Lengths as int64, ``frames`` for everyone when None.

    >>> check_lengths(torch.tensor([2, 5]), 2, 4)
    Traceback (most recent call last):
        ...
    ValueError: lengths must lie from 1 to 4, got 2 to 5
    """
    if lengths is None:
        return torch.full((batch,), frames)
    if lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise TypeError(f"lengths must be integers, got {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must have shape ({batch},), got {tuple(lengths.shape)}")
    least, most = int(lengths.min()), int(lengths.max())
    if least < 1 or most > frames:
        raise ValueError(f"lengths must lie from 1 to {frames}, got {least} to {most}")
    return lengths.long()


def _probabilities(name: str, probs: Tensor, shape: tuple[int, ...], batch: int, like: Tensor) -> Tensor:
    """Probabilities with a batch axis, in the dtype and on the device of ``like``."""
    if tuple(probs.shape) not in (shape, (batch, *shape)):
        raise ValueError(f"{name} must have shape {shape} or {(batch, *shape)}, got {tuple(probs.shape)}")
    if not bool(((probs >= 0) & (probs <= 1 + 1e-6)).all()):
        worst = f"{float(probs.min()):.3g} to {float(probs.max()):.3g}"
        raise ValueError(f"{name} must hold probabilities, 0 to 1, got {worst}")
    probs = probs.to(like)
    return probs if probs.dim() > len(shape) else probs.unsqueeze(0)
