"""Mixtures of Gaussians trained from a flat start: evenly cut utterances, then Viterbi training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.hmm import GaussianMixture, MixtureStatistics, StateGraph, gaussian_from_alignment
from hnrc_lib.training.hybrid.alignment import Alignments, Utterances, align, stay_probs

Graphs = Callable[[Float[Tensor, " emissions"]], Sequence[StateGraph]]


@dataclass(frozen=True)
class GmmConfig:
    """How mixtures are grown.

    Attributes:
        num_components: Gaussians per emission at the end, a power of two.
        first_rounds: alignments with one Gaussian each, after the even cut.
        rounds: alignments after each split.
        em_steps: steps of EM within each alignment.
        variance_floor: least variance, as a share of the feature's variance over all frames, > 0.

    Raises:
        ValueError: a number out of range; names it.
    """

    num_components: int = 8
    first_rounds: int = 6
    rounds: int = 2
    em_steps: int = 3
    variance_floor: float = 0.02

    def __post_init__(self) -> None:
        for name in ("num_components", "first_rounds", "rounds", "em_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.num_components & (self.num_components - 1):
            raise ValueError(f"num_components must be a power of two, got {self.num_components}")
        if not self.variance_floor > 0:
            raise ValueError(f"variance_floor must be positive, got {self.variance_floor}")


@dataclass(frozen=True, eq=False)
class GmmHmm:
    """A trained model and what it says of its training data.

    Attributes:
        emissions: a mixture for each emission.
        stay: probability of another frame in the same emission, shape (E,).
        alignment: emission of every training frame.
        scores: mean log-probability of a frame along the best path, alignment by alignment.
    """

    emissions: GaussianMixture
    stay: Float[Tensor, " emissions"]
    alignment: Alignments
    scores: list[float] = field(default_factory=list)

    def __call__(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Log-likelihoods (N, T, E) of features (N, T, F); ``align`` takes the model itself."""
        return self.emissions.log_prob(features)


def train_gmm_hmm(
    utterances: Utterances,
    graphs: Graphs,
    start: Alignments,
    num_emissions: int,
    config: GmmConfig | None = None,
) -> GmmHmm:
    """Align, estimate, split, and again.

    Args:
        utterances: features of the training data, shape (T, F) each.
        graphs: probabilities of staying → a graph for each utterance.
        start: alignment to begin with, for example evenly cut.
        num_emissions: E; the start gives each of them a frame.
        config: how mixtures are grown; the defaults when None.

    Raises:
        ValueError: an emission without frames at the start; utterances too short.

    Source: Young and others, The HTK book (1994) for the flat start and growing mixtures; Juang and Rabiner,
    The segmental K-means algorithm (1990) for Viterbi training.
    """
    config = config or GmmConfig()
    frames = torch.cat(list(utterances))
    floor = config.variance_floor * frames.var(0)
    alignment, scores = start, []
    hot = torch.nn.functional.one_hot(torch.cat(start), num_emissions).to(frames)
    emissions = gaussian_from_alignment(frames, hot, variance_floor=floor)
    rounds = config.first_rounds
    while True:
        ways = graphs(stay_probs(alignment, num_emissions))
        for _ in range(rounds):
            alignment, score = align(
                lambda features, _, model=emissions: model.log_prob(features), utterances, ways
            )
            scores.append(score)
            emissions = estimate(emissions, frames, torch.cat(alignment), config.em_steps, floor)
        if emissions.weights.shape[1] >= config.num_components:
            return GmmHmm(emissions, stay_probs(alignment, num_emissions), alignment, scores)
        emissions = estimate(emissions.split(), frames, torch.cat(alignment), config.em_steps, floor)
        rounds = config.rounds


def estimate(
    emissions: GaussianMixture,
    frames: Float[Tensor, "frames features"],
    states: Int[Tensor, " frames"],
    num_steps: int,
    variance_floor: Float[Tensor, " features"],
) -> GaussianMixture:
    """Steps of EM on aligned frames, emission by emission: each sees its own frames alone."""
    order = states.argsort(stable=True)
    counts = states.bincount(minlength=len(emissions.weights)).tolist()
    own = frames[order].split(counts)
    for _ in range(num_steps):
        found = [emissions.state(index).statistics(part) for index, part in enumerate(own)]
        statistics = MixtureStatistics(*(torch.cat(column) for column in zip(*found, strict=True)))
        emissions = emissions.reestimated(statistics, variance_floor=variance_floor)
    return emissions
