"""Training a network on aligned frames, and its posteriors as likelihoods."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import FrontEnd
from hnrc_lib.training.hybrid.alignment import Alignments, by_length, padded

_IGNORED = -100  # torch's mark of what a loss leaves out
_MAX_NORM = 5.0  # of the gradient; the first steps are the longest
_MASK_WIDTH = 0.15  # of the bands, the widest mask


@dataclass(frozen=True)
class NetworkConfig:
    """How the network is trained.

    Attributes:
        num_epochs: passes through the training data, > 0.
        batch_size: utterances per step, > 0.
        learning_rate: greatest step of AdamW, reached after the first tenth and lowered to 0, > 0.
        weight_decay: decoupled, ≥ 0.
        frequency_scale: resonances are moved by 1 ± this, drawn for every utterance and epoch, 0 … 1.
        time_scale: the tempo likewise.
        frequency_masks: stretches of up to 15 % of the bands that are blanked, drawn likewise, ≥ 0.
        seed: of the order, the warps and the masks.

    Raises:
        ValueError: a number out of range; names it.

    Source: Jaitly and Hinton (2013) for moved resonances; Park and others (2019) for masks (SpecAugment).
    """

    num_epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    frequency_scale: float = 0.15
    time_scale: float = 0.15
    frequency_masks: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("num_epochs", "batch_size", "learning_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("frequency_scale", "time_scale"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in 0 … 1, 1 excluded, got {getattr(self, name)}")
        if self.frequency_masks < 0:
            raise ValueError(f"frequency_masks must not be negative, got {self.frequency_masks}")


@dataclass(frozen=True, eq=False)
class ScaledNetwork:
    """A network's posteriors turned into likelihoods, up to a factor that all emissions of a frame share.

        log p(x | e) = log P(e | x) − prior_scale · log P(e) + const

    Attributes:
        network: (features, lengths) → logits.
        log_prior: log P(e) over the training frames, shape (E,).
        prior_scale: 1 is Bayes' rule; less trusts the training's frequencies more.

    Source: Bourlard and Morgan, Connectionist speech recognition (1994).
    """

    network: nn.Module
    log_prior: Float[Tensor, " emissions"]
    prior_scale: float = 1.0

    def __call__(
        self, features: Float[Tensor, "batch frames features"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames emissions"]:
        """Scaled log-likelihoods of every emission at every frame; ``align`` takes the model itself."""
        self.network.eval()
        with torch.no_grad():
            posteriors = self.network(features, lengths).log_softmax(-1)
        return posteriors - self.prior_scale * self.log_prior


def log_priors(alignments: Alignments, num_emissions: int) -> Float[Tensor, " emissions"]:
    """Logarithms of how often each emission occurs, one frame added to each.

    >>> log_priors([torch.tensor([0, 0, 1])], 2).exp()
    tensor([0.6000, 0.4000])
    """
    counts = torch.cat(alignments).bincount(minlength=num_emissions).float() + 1
    return (counts / counts.sum()).log()


def train_network(
    network: nn.Module,
    spectra: Sequence[Float[Tensor, "_ bins"]],
    alignments: Alignments,
    front_end: FrontEnd,
    config: NetworkConfig,
) -> list[float]:
    """Cross-entropy of aligned frames, each epoch with other vocal tracts and tempos; in place.

        L = −mean_t log softmax(network(x))_t[e_t]

    Args:
        network: (features, lengths) → logits.
        spectra: |STFT|² of each utterance.
        alignments: emission of each of its frames.
        front_end: from spectra to the network's features.
        config: how.

    Returns:
        Mean loss of each epoch.
    """
    generator = torch.Generator().manual_seed(config.seed)
    batches = by_length(spectra, config.batch_size)
    steps = config.num_epochs * len(batches)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    warm_up = max(steps // 10, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, max(steps - step, 1) / (steps - warm_up + 1))
    )
    history = []
    for _ in range(config.num_epochs):
        network.train()
        total = 0.0
        for index in torch.randperm(len(batches), generator=generator).tolist():
            rows = batches[index]
            features, lengths = warped([spectra[row] for row in rows], front_end, config, generator)
            features = masked(features, front_end.n_mels, config.frequency_masks, generator)
            targets = stretched([alignments[row] for row in rows], lengths)
            loss = functional.cross_entropy(
                network(features, lengths).flatten(0, 1), targets.flatten(), ignore_index=_IGNORED
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), _MAX_NORM)
            optimizer.step()
            schedule.step()
            total += loss.item()
        history.append(total / len(batches))
    return history


def warped(
    spectra: Sequence[Float[Tensor, "_ bins"]],
    front_end: FrontEnd,
    config: NetworkConfig,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "batch frames features"], Int[Tensor, " batch"]]:
    """Features of a batch, each utterance with a vocal tract and a tempo of its own, and their lengths."""

    def drawn(limit: float) -> Tensor:
        return 1 + limit * (2 * torch.rand(len(spectra), generator=generator) - 1)

    batch, frames = padded(spectra)
    return front_end.features(
        batch,
        frames,
        frequency_scale=drawn(config.frequency_scale),
        time_scale=drawn(config.time_scale),
    )


def masked(
    features: Float[Tensor, "batch frames features"],
    num_bands: int,
    num_masks: int,
    generator: torch.Generator,
) -> Float[Tensor, "batch frames features"]:
    """Features with stretches of bands at their mean, 0, in all frames of an utterance; slopes likewise."""
    band, widest = torch.arange(num_bands), int(_MASK_WIDTH * num_bands)
    for _ in range(num_masks):
        width = (torch.rand(len(features), 1, generator=generator) * (widest + 1)).floor()
        start = (torch.rand(len(features), 1, generator=generator) * (num_bands - width + 1)).floor()
        hidden = (band >= start) & (band < start + width)
        hidden = hidden.repeat(1, features.shape[2] // num_bands)
        features = features.masked_fill(hidden.unsqueeze(1), 0)
    return features


def stretched(alignments: Alignments, lengths: Int[Tensor, " batch"]) -> Int[Tensor, "batch frames"]:
    """Alignments brought to other lengths, nearest frame by nearest frame; padding is ignored by the loss.

    >>> stretched([torch.tensor([3, 5])], torch.tensor([4]))
    tensor([[3, 3, 5, 5]])
    """
    found = []
    for states, length in zip(alignments, lengths.tolist(), strict=True):
        place = torch.arange(length) * (len(states) - 1) / max(length - 1, 1)
        found.append(states[place.round().long()])
    return pad_sequence(found, batch_first=True, padding_value=_IGNORED)
