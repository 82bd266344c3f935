"""The hybrid's rounds: train a network on an alignment, align again with the network."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.audio import FrontEnd
from hnrc_lib.training.hybrid.alignment import Alignments, align, stay_probs
from hnrc_lib.training.hybrid.features import features_of
from hnrc_lib.training.hybrid.gmm_hmm import Graphs
from hnrc_lib.training.hybrid.network_training import (
    NetworkConfig,
    ScaledNetwork,
    log_priors,
    train_network,
)


class HybridRound(NamedTuple):
    """model: the network so far, valid until the next round trains it on. stay: of the alignment it learned.

    losses: mean cross-entropy of a frame, epoch by epoch. moved: share of training frames that the alignment
    it learned puts elsewhere than the one before; 0 in the first round.
    """

    model: ScaledNetwork
    stay: Float[Tensor, " emissions"]
    losses: list[float]
    moved: float


def hybrid_rounds(
    network: nn.Module,
    spectra: Sequence[Float[Tensor, "_ bins"]],
    alignment: Alignments,
    graphs: Graphs,
    front_end: FrontEnd,
    num_emissions: int,
    configs: Sequence[NetworkConfig],
    *,
    prior_scale: float = 1.0,
) -> Iterator[HybridRound]:
    """Train on the alignment, hand the model out, realign with it, and train on.

    Args:
        network: (features, lengths) → logits of the emissions; trained in place, each round going on where
            the last one ended.
        spectra: |STFT|² of the training data.
        alignment: emission of every frame, of a GMM–HMM at first.
        graphs: probabilities of staying → a graph for each utterance.
        front_end: from spectra to the network's features, ``delta_order=0`` or more.
        num_emissions: E.
        configs: how each round is trained.
        prior_scale: power of the priors that are divided out.

    Yields:
        A round after each training.

    Source: Bourlard and Morgan, Connectionist speech recognition (1994), realignment included.
    """
    features = features_of(spectra, front_end)
    moved = 0.0
    for index, config in enumerate(configs):
        losses = train_network(network, spectra, alignment, front_end, config)
        stay = stay_probs(alignment, num_emissions)
        model = ScaledNetwork(network, log_priors(alignment, num_emissions), prior_scale)
        yield HybridRound(model, stay, losses, moved)
        if index + 1 < len(configs):
            before = alignment
            alignment, _ = align(model, features, graphs(stay))
            frames = sum(map(len, before))
            moved = sum(int((a != b).sum()) for a, b in zip(before, alignment, strict=True)) / frames
