"""Linear prediction: each sample as a weighted sum of those before it, a regression of speech on itself."""

import numpy as np
import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio._checks import check_array, check_positive_integer
from hnrc_lib.audio.window import analysis_window


def prediction_problem(
    samples: Float[Tensor, " time"], order: int
) -> tuple[Float[Tensor, "rows order"], Float[Tensor, " rows"]]:
    """The least squares problem of the autocorrelation method.

        min ‖y − X a‖²,   X[t, k] = s[t − k],   y[t] = s[t],   t = 0 … T + p − 1,   s = 0 outside

    XᵀX is the Toeplitz matrix of autocorrelations R[|i − k|], and Xᵀy holds R[1] … R[p].

    Args:
        samples: s, shape (T,).
        order: p, how many samples before.

    Returns:
        X, shape (T + p, p), and y, shape (T + p,).

    Raises:
        TypeError, ValueError: ``samples`` is not one floating channel, or ``order`` is not positive.

    >>> X, y = prediction_problem(torch.tensor([1.0, 2.0]), 1)
    >>> X.flatten(), y
    (tensor([0., 1., 2.]), tensor([1., 2., 0.]))

    John Makhoul, Linear prediction: a tutorial review (1975).
    """
    check_array("samples", samples, axes=1)
    check_positive_integer("order", order)
    silence = samples.new_zeros(order)
    windows = torch.cat([silence, samples, silence]).unfold(0, order + 1, 1)
    return windows[:, :order].flip(1), windows[:, order]


def frame_predictors(
    samples: Float[Tensor, " time"],
    order: int,
    *,
    frame_length: int,
    hop_length: int,
    damping: float | int = 1e-4,
) -> Float[Tensor, "frames order"]:
    """A predictor for every hop, from a Hann window around its middle.

        a = (XᵀX + λ R[0] I)⁻¹ Xᵀy

    λ is the white-noise correction of speech coders: R[0] times 1 + λ. A silent frame gets zeros.

    Args:
        samples: s, shape (T,).
        order: p ≥ 1.
        frame_length: length of the window, in samples.
        hop_length: samples that share a predictor.
        damping: λ > 0, in units of the frame's energy R[0].

    Returns:
        a, shape (⌈T / hop⌉, p).

    Raises:
        TypeError, ValueError: ``samples`` is not one floating channel, a length is not positive, or the
            damping is not.
    """
    check_array("samples", samples, axes=1)
    for name, value in (("order", order), ("frame_length", frame_length), ("hop_length", hop_length)):
        check_positive_integer(name, value)
    if not damping > 0:
        raise ValueError(f"damping must be positive, got {damping}")
    frames = -(-len(samples) // hop_length)
    before = max(0, (frame_length - hop_length) // 2)
    padded = torch.nn.functional.pad(samples, (before, frame_length + hop_length))
    window = analysis_window("hann", win_length=frame_length, dtype=samples.dtype, device=samples.device)
    pieces = padded.unfold(0, frame_length, hop_length)[:frames] * window
    identity = torch.eye(order, dtype=samples.dtype, device=samples.device)
    predictors = []
    for piece in pieces:
        X, y = prediction_problem(piece, order)
        energy = float(piece @ piece)
        scale = damping * energy if energy > 0 else 1.0
        predictors.append(torch.linalg.solve(X.T @ X + scale * identity, X.T @ y))
    return torch.stack(predictors)


def prediction_residual(
    samples: Float[Tensor, " time"], predictors: Float[Tensor, "frames order"], hop_length: int
) -> Float[Tensor, " time"]:
    """What the predictors leave: e[t] = s[t] − Σₖ a[k] s[t − k].

    Args:
        samples: s, shape (T,).
        predictors: a, shape (⌈T / hop⌉, p).
        hop_length: samples that share a predictor.

    Raises:
        ValueError: there are not as many predictors as hops.
    """
    X, _ = prediction_problem(samples, predictors.shape[1])
    return samples - (X[: len(samples)] * _per_sample(samples, predictors, hop_length)).sum(1)


def resynthesize(
    excitation: Float[Tensor, " time"], predictors: Float[Tensor, "frames order"], hop_length: int
) -> Float[Tensor, " time"]:
    """Run the filter of the predictors, s[t] = e[t] + Σₖ a[k] s[t − k]: the inverse of the residual.

    Args:
        excitation: e, shape (T,): the residual, or something else to sound through the filter.
        predictors: a, shape (⌈T / hop⌉, p).
        hop_length: samples that share a predictor.

    Raises:
        ValueError: there are not as many predictors as hops.

    >>> one_pole = torch.tensor([[0.5]])
    >>> resynthesize(torch.tensor([1.0, 0.0, 0.0]), one_pole, 3)
    tensor([1.0000, 0.5000, 0.2500])
    """
    order = predictors.shape[1]
    weights = _per_sample(excitation, predictors, hop_length).flip(1).cpu().double().numpy()
    sound = np.zeros(order + len(excitation))
    for time, value in enumerate(excitation.tolist()):
        sound[order + time] = value + weights[time] @ sound[time : time + order]
    return torch.from_numpy(sound[order:]).to(excitation)


def _per_sample(samples: Tensor, predictors: Tensor, hop_length: int) -> Tensor:
    """The predictor of every sample, shape (T, p)."""
    check_positive_integer("hop_length", hop_length)
    expected = -(-len(samples) // hop_length)
    if len(predictors) != expected:
        raise ValueError(f"predictors must be {expected}, one a hop, got {len(predictors)}")
    return predictors.repeat_interleave(hop_length, dim=0)[: len(samples)]
