"""Claim 2.2: how the steps of Adam, RMSprop and Adagrad answer to the scale of the gradient."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import perceptron, speech_features

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
}
ADAPTIVE = ("adam", "rmsprop", "adagrad")
RATE, NUM_STEPS, SPIKE = 1e-3, 10, 1000.0
SMALL, LARGE, TINY = 1e-3, 1e3, 1e-9


def scale_and_step() -> Numbers:
    """Length of ten updates when the loss is scaled, and of one when a single gradient is a thousandfold.

    A tanh perceptron on spoken digits, full batch, η = 10⁻³, torch's own settings. For each optimiser: the
    way that ten updates go on 10³ times the loss over that on 10⁻³ times it, the same for 10⁻⁹ times the
    loss over the loss itself, and the longest of five updates that begin with a gradient a thousandfold,
    after the ten, over the longest of the last five before.
    """
    features, labels = speech_features(num_frames=2, num_utterances=100)
    numbers: dict[str, float] = {"num_steps": NUM_STEPS, "spike": SPIKE}
    for name, kind in OPTIMIZERS.items():
        ways = {}
        for scale in (TINY, SMALL, 1.0, LARGE):
            ways[scale] = _updates(kind, features, labels, [scale] * NUM_STEPS).sum()
        numbers[f"{name}_spread"] = float(ways[LARGE] / ways[SMALL])
        numbers[f"{name}_tiny"] = float(ways[TINY] / ways[1.0])
        lengths = _updates(kind, features, labels, [1.0] * NUM_STEPS + [SPIKE] + [1.0] * 4)
        numbers[f"{name}_spike"] = float(lengths[NUM_STEPS:].max() / lengths[NUM_STEPS - 5 : NUM_STEPS].max())
    return numbers


def judge_scale_and_step(numbers: Numbers) -> Verdict:
    """Scale matters by a tenth at most, a spike twentyfold; does a tiny gradient give a full step?"""
    steady = all(
        1 / 1.1 <= numbers[f"{name}_spread"] <= 1.1 and numbers[f"{name}_spike"] <= 20 for name in ADAPTIVE
    )
    if not (steady and numbers["sgd_spread"] >= 1e5):
        return FAILS
    tiny = min(numbers[f"{name}_tiny"] for name in ADAPTIVE)
    return HOLDS if tiny >= 1 / 1.1 else holds_if("gradients are large against ε")


def _updates(
    kind: type[torch.optim.Optimizer], features: Tensor, labels: Tensor, scales: list[float]
) -> Tensor:
    """Length of each update when step k follows the gradient of scale_k times the loss."""
    model = perceptron(features.shape[1], 8)
    parameters = list(model.parameters())
    optimizer = kind(parameters, lr=RATE)  # pyright: ignore[reportCallIssue]
    lengths = []
    for scale in scales:
        before = [parameter.detach().clone() for parameter in parameters]
        optimizer.zero_grad()
        (scale * F.cross_entropy(model(features), labels)).backward()
        optimizer.step()
        moved = [(now.detach() - then).flatten() for now, then in zip(parameters, before, strict=True)]
        lengths.append(torch.cat(moved).norm())
    return torch.stack(lengths)


CLAIMS = (
    Claim(
        id="2.2",
        source="S2",
        section="§1",
        quote="这些算法的共同点是通过修改梯度计算方式来减少梯度变化的敏感性，从而提高训练稳定性。",
        translation=(
            "What these algorithms (Adam, RMSprop, Adagrad) have in common is that they reduce the "
            "sensitivity to changes of the gradient by modifying the way it is computed, and so make "
            "training more stable."
        ),
        predicate=(
            "For each of the three, ten updates on 10³ times the loss go as far as on 10⁻³ times it within "
            "a tenth (SGD: 10⁵ times as far or more), and a gradient a thousandfold lengthens no update "
            "more than twentyfold; otherwise fails. Holds iff ten updates on 10⁻⁹ times the loss also go "
            "as far, within a tenth; otherwise holds with a condition."
        ),
        evidence=scale_and_step,
        judge=judge_scale_and_step,
        sentences={
            "holds": (
                "From 10⁻³ to 10³ times the loss the way of {num_steps:.0f} updates grew by a factor "
                "{sgd_spread:.0e} for SGD, {adam_spread:.3f} for Adam, {rmsprop_spread:.3f} for RMSprop "
                "and {adagrad_spread:.3f} for Adagrad."
            ),
            "holds if": (
                "From 10⁻³ to 10³ times the loss the way of {num_steps:.0f} updates grew by a factor "
                "{sgd_spread:.0e} for SGD, {adam_spread:.3f} for Adam, {rmsprop_spread:.3f} for RMSprop "
                "and {adagrad_spread:.3f} for Adagrad; a single gradient a thousandfold lengthened an "
                "update by {sgd_spike:.0f}, {adam_spike:.1f}, {rmsprop_spike:.1f} and {adagrad_spike:.1f}. "
                "On 10⁻⁹ times the loss they went {adam_tiny:.1e}, {rmsprop_tiny:.1e} and "
                "{adagrad_tiny:.1e} of their way: there ε rules. The gradient is computed as ever; the "
                "step made of it is not."
            ),
            "fails": (
                "From 10⁻³ to 10³ times the loss the way of {num_steps:.0f} updates grew by a factor "
                "{sgd_spread:.0e} for SGD, {adam_spread:.3g} for Adam, {rmsprop_spread:.3g} for RMSprop "
                "and {adagrad_spread:.3g} for Adagrad; a gradient a thousandfold lengthened an update by "
                "{adam_spike:.1f}, {rmsprop_spike:.1f} and {adagrad_spike:.1f}."
            ),
        },
        lead="Holds.",
    ),
)
