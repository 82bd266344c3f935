"""What a state emits: a mixture of Gaussians with diagonal covariance, one mixture per state."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.sequence.hmm.arcs import log_probs

_CHUNK = 1 << 22  # numbers held at once by an E-step


class MixtureStatistics(NamedTuple):
    """Sums over frames, weighted with the components' posteriors; statistics of two sets of frames add.

    counts: Σ γ, shape (S, M). sums: Σ γ x, (S, M, F). squares: Σ γ x², (S, M, F).
    """

    counts: Float[Tensor, "states components"]
    sums: Float[Tensor, "states components features"]
    squares: Float[Tensor, "states components features"]

    def plus(self, other: "MixtureStatistics") -> "MixtureStatistics":
        """The statistics of both sets of frames together."""
        return MixtureStatistics(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """b_s(x) = Σ_m w_sm N(x; μ_sm, diag v_sm).

    Attributes:
        weights: w, shape (S, M), each row sums to 1; a component of weight 0 is absent.
        means: μ, shape (S, M, F).
        variances: v, shape (S, M, F), > 0.

    Raises:
        ValueError: shapes that do not fit, or a variance that is not positive.

    >>> one = GaussianMixture(torch.ones(1, 1), torch.zeros(1, 1, 2), torch.ones(1, 1, 2))
    >>> one.log_prob(torch.zeros(3, 2))  # −log 2π
    tensor([[-1.8379],
            [-1.8379],
            [-1.8379]])

    Source: Juang (1985), mixtures as emissions; the split is that of HTK (Young and others, 1994).
    """

    weights: Float[Tensor, "states components"]
    means: Float[Tensor, "states components features"]
    variances: Float[Tensor, "states components features"]

    def __post_init__(self) -> None:
        if self.means.dim() != 3 or self.weights.shape != self.means.shape[:2]:
            got = f"{tuple(self.weights.shape)} and {tuple(self.means.shape)}"
            raise ValueError(f"weights and means must have shapes (S, M) and (S, M, F), got {got}")
        if self.variances.shape != self.means.shape:
            got = tuple(self.variances.shape)
            raise ValueError(f"variances must have the shape of means, {tuple(self.means.shape)}, got {got}")
        if not bool((self.variances > 0).all()):
            raise ValueError(f"variances must be positive, got {float(self.variances.min()):.3g}")

    def log_prob(self, features: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch states"]:
        """log b_s(x) for every state, from features x of shape (..., F)."""
        rows = features.reshape(-1, features.shape[-1])
        found = torch.cat([self._joint(part).logsumexp(-1) for part in rows.split(self._rows())])
        return found.view(*features.shape[:-1], len(self.weights))

    def statistics(
        self,
        features: Float[Tensor, "frames features"],
        posteriors: Float[Tensor, "frames states"] | None = None,
    ) -> MixtureStatistics:
        """The E-step: each frame shared out among the components of each state.

            γ_t(s, m) = γ_t(s) · w_sm N(x_t; μ_sm, v_sm) / b_s(x_t)

        Args:
            features: x, shape (B, F).
            posteriors: γ_t(s), shape (B, S); 1 when left out.
        """
        size = self.means.shape
        total = MixtureStatistics(
            self.weights.new_zeros(size[:2]), self.means.new_zeros(size), self.means.new_zeros(size)
        )
        for rows in torch.arange(len(features), device=features.device).split(self._rows()):
            part = features[rows]
            shares = self._joint(part).softmax(-1)
            if posteriors is not None:
                shares = shares * posteriors[rows].unsqueeze(-1)
            flat = shares.flatten(1)
            sums = [(flat.mT @ values).view(size) for values in (part, part.square())]
            total = total.plus(MixtureStatistics(shares.sum(0), *sums))
        return total

    def reestimated(
        self, statistics: MixtureStatistics, *, variance_floor: float | Float[Tensor, " features"] = 1e-3
    ) -> "GaussianMixture":
        """The M-step: weights, means and variances of the greatest expected log-likelihood.

            w = N_m / Σ N,  μ = Σγx / N,  v = max(Σγx² / N − μ², floor)

        A component without frames keeps its place, and a state without frames its weights.

        Args:
            statistics: of all frames.
            variance_floor: least variance, one number or one per feature, > 0.
        """
        counts = statistics.counts.unsqueeze(-1)
        seen = counts > 1e-8
        safe = torch.where(seen, counts, 1)
        means = torch.where(seen, statistics.sums / safe, self.means)
        floor = torch.as_tensor(variance_floor, dtype=means.dtype, device=means.device)
        spread = torch.maximum(statistics.squares / safe - means.square(), floor)
        visits = statistics.counts.sum(1, keepdim=True)
        visited = visits > 1e-8
        weights = torch.where(visited, statistics.counts / torch.where(visited, visits, 1), self.weights)
        return GaussianMixture(weights, means, torch.where(seen, spread, self.variances))

    def split(self, *, offset: float = 0.2) -> "GaussianMixture":
        """Twice as many components: each becomes two, ``offset`` standard deviations to either side.

        >>> one = GaussianMixture(torch.ones(1, 1), torch.zeros(1, 1, 1), torch.ones(1, 1, 1))
        >>> one.split().means.flatten()
        tensor([-0.2000,  0.2000])
        """
        shift = offset * self.variances.sqrt()
        return GaussianMixture(
            self.weights.repeat(1, 2) / 2,
            torch.cat([self.means - shift, self.means + shift], 1),
            self.variances.repeat(1, 2, 1),
        )

    def state(self, index: int) -> "GaussianMixture":
        """The mixture of one state."""
        one = slice(index, index + 1)
        return GaussianMixture(self.weights[one], self.means[one], self.variances[one])

    def _rows(self) -> int:
        """Frames of which one E-step or density is computed at once."""
        return max(1, _CHUNK // self.weights.numel())

    def _joint(self, features: Float[Tensor, "frames features"]) -> Float[Tensor, "frames states components"]:
        """log w N(x; μ, v); the square is multiplied out, so that it is two matrix products."""
        precision = (1 / self.variances).flatten(0, 1)
        means = self.means.flatten(0, 1)
        constant = (means.square() * precision - precision.log() + math.log(2 * math.pi)).sum(1)
        square = features.square() @ precision.mT - 2 * (features @ (means * precision).mT) + constant
        return log_probs(self.weights) - square.view(-1, *self.weights.shape) / 2


def gaussian_from_alignment(
    features: Float[Tensor, "frames features"],
    posteriors: Float[Tensor, "frames states"],
    *,
    variance_floor: float | Float[Tensor, " features"] = 1e-3,
) -> GaussianMixture:
    """One Gaussian per state, from frames and their states: where training begins.

    Args:
        features: x, shape (B, F).
        posteriors: γ_t(s), shape (B, S), for example an alignment one-hot.
        variance_floor: least variance, > 0.

    Raises:
        ValueError: a state without frames.

    >>> frames = torch.tensor([[0.0], [2.0], [5.0]])
    >>> gaussian_from_alignment(frames, torch.tensor([[1.0, 0], [1, 0], [0, 1]])).means.flatten()
    tensor([1., 5.])
    """
    counts = posteriors.sum(0)
    if not bool((counts > 0).all()):
        empty = (counts == 0).nonzero().flatten().tolist()
        raise ValueError(f"posteriors must give every state a frame, states {empty} have none")
    size = (posteriors.shape[1], 1, features.shape[1])
    start = GaussianMixture(features.new_ones(size[:2]), features.new_zeros(size), features.new_ones(size))
    return start.reestimated(start.statistics(features, posteriors), variance_floor=variance_floor)
