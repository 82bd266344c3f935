"""Line 6 of S0's program: a squared error on vocabulary indices, and how shapes broadcast in it."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib.claims import s0_printed
from hnrc_lib.claims.s0_defects import Defect
from hnrc_lib.claims.subjects import NUM_CLASSES, speech_features

NUM_NUMBERINGS = 20


def numbering_defects() -> list[Defect]:
    """The loss depends on the order of the vocabulary, and on the axes of the two tensors."""
    features, labels = speech_features()
    return [_renumbered(features, labels), _broadcast(labels)]


def _renumbered(features: Tensor, labels: Tensor) -> Defect:
    """Best linear predictor of the index, for twenty orders of the same ten words."""
    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(NUM_CLASSES, generator=generator) for _ in range(NUM_NUMBERINGS - 1)]
    fits = [_fit(features, order[labels]) for order in [torch.arange(NUM_CLASSES), *orders]]
    losses, errors = zip(*fits, strict=True)
    scores = features @ torch.randn(features.shape[1], NUM_CLASSES, generator=generator, dtype=features.dtype)
    plain = F.cross_entropy(scores, labels)
    moved = [F.cross_entropy(scores[:, order.argsort()], order[labels]) for order in orders]
    return Defect(
        name="index regression",
        line=6,
        says="measures how wrong the recognised words are",
        does="measures a distance between the numbers of words, which depends on how they are numbered",
        mended="cross-entropy: renumbering the words renumbers the outputs and changes nothing",
        how="run",
        shown_by={
            "numberings": len(losses),
            "smallest_best_loss": min(losses),
            "largest_best_loss": max(losses),
            "smallest_error_rate": min(errors),
            "largest_error_rate": max(errors),
            "cross_entropy_change": max(float((loss - plain).abs()) for loss in moved),
        },
    )


def _fit(features: Tensor, indices: Tensor) -> tuple[float, float]:
    """Smallest printed loss of a linear model with intercept, and its error rate with rounded outputs."""
    design = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
    target = indices.to(features.dtype).unsqueeze(1)
    predicted = design @ torch.linalg.lstsq(design, target).solution
    wrong = predicted.round().clamp(0, NUM_CLASSES - 1) != target
    return float(s0_printed.loss_function(target, predicted)), float(wrong.double().mean())


def _broadcast(labels: Tensor) -> Defect:
    """The loss of a perfect prediction whose shape is (N, 1), as a network's output is, against (N,)."""
    perfect = labels.double()
    loss = s0_printed.loss_function(perfect, perfect.unsqueeze(1))
    return Defect(
        name="silent broadcast",
        line=6,
        says="compares every prediction with its label",
        does="indices (N,) against an output (N, 1) broadcast to all N² pairs, without an error",
        mended="check that both have shape (N,)",
        how="run",
        shown_by={
            "utterances": len(labels),
            "differences_taken": torch.broadcast_shapes(perfect.shape, perfect.unsqueeze(1).shape).numel(),
            "loss_of_perfect_prediction": float(loss),
        },
    )
