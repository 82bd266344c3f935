"""Baum–Welch: expectation–maximisation for a hidden Markov model with Gaussian mixtures."""

from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.hmm.arguments import check_lengths
from hnrc_lib.sequence.hmm.emissions import GaussianMixture
from hnrc_lib.sequence.hmm.hmm import HMM


class BaumWelch(NamedTuple):
    """hmm, emissions: after the last step. log_likelihood: of all sequences, before each step."""

    hmm: HMM
    emissions: GaussianMixture
    log_likelihood: list[float]


def baum_welch(
    hmm: HMM,
    emissions: GaussianMixture,
    features: Float[Tensor, "batch frames features"],
    lengths: Int[Tensor, " batch"] | None = None,
    *,
    num_steps: int = 1,
    variance_floor: float | Float[Tensor, " features"] = 1e-3,
) -> BaumWelch:
    """Raise the likelihood of sequences, step by step; no step lowers it while no floor is met.

        E: γ, ξ from the recursions under the model,  M: the parameters they make most likely

    Args:
        hmm: S states; zeros of its matrix stay zero.
        emissions: of the same S states.
        features: x, shape (N, T, F), float64 advised.
        lengths: frames of each sequence, 1 … T; T when left out.
        num_steps: E- and M-steps, ≥ 1.
        variance_floor: least variance, > 0.

    Returns:
        The model, and the log-likelihood that each step started from.

    Raises:
        ValueError: sequences through which no path leads; arguments that do not fit.

    >>> generator = torch.Generator().manual_seed(0)
    >>> start = HMM(torch.tensor([1.0, 0.0]), torch.tensor([[0.5, 0.5], [0.0, 1.0]]))
    >>> apart = torch.tensor([[[0.0]], [[1.0]]])
    >>> emissions = GaussianMixture(torch.ones(2, 1), apart, torch.ones_like(apart))
    >>> x = torch.randn(1, 40, 1, generator=generator) + 5 * (torch.arange(40) > 19).view(1, 40, 1)
    >>> trained = baum_welch(start, emissions, x, num_steps=5)
    >>> trained.hmm.transition_matrix[0]
    tensor([0.9500, 0.0500])

    Source: Baum, Petrie, Soules and Weiss (1970); Juang (1985) for mixtures.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps must be positive, got {num_steps}")
    batch, frames = features.shape[:2]
    sizes = check_lengths(lengths, batch, frames).to(features.device)
    inside = torch.arange(frames, device=features.device) < sizes.unsqueeze(1)
    rows, history = features[inside], []
    for _ in range(num_steps):
        found = hmm.posteriors(emissions.log_prob(features), sizes)
        impossible = found.log_likelihood.isinf().nonzero().flatten().tolist()
        if impossible:
            raise ValueError(
                f"features must have a path through the model, sequences {impossible[:5]} have none"
            )
        history.append(float(found.log_likelihood.sum()))
        statistics = emissions.statistics(rows, found.states[inside])
        hmm = hmm.reestimated(found)
        emissions = emissions.reestimated(statistics, variance_floor=variance_floor)
    return BaumWelch(hmm, emissions, history)
