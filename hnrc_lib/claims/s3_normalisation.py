"""Claim 3.10: decay of weights that feed a normalisation layer is a schedule of the learning rate."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import NUM_CLASSES, speech_features

NUM_UNITS, NUM_STEPS, RATE, DECAY = 12, 60, 0.5, 0.05


def decay_as_schedule() -> Numbers:
    """A run with decay against one without it whose rate grows, with and without a normalisation layer.

    In both networks only the first layer's weights V are trained. Where the layer after them normalises,
    the loss does not change with their length, ∇L(cV) = ∇L(V)/c, and the run with decay,
    V ← (1 − ηd)V − η∇L(V), is at every step the run without decay at rates η_k = η(1 − ηd)^(−2k−1), up to
    the length of V (Li and Arora, 2019).
    """
    features, labels = speech_features(num_frames=2, num_utterances=200)
    numbers: dict[str, float] = {"num_steps": NUM_STEPS, "decay": DECAY, "rate": RATE}
    for name, normalise in (("normalised", True), ("plain", False)):
        network = _Network(features, labels, normalise=normalise)
        start = network.start()
        decayed = _descend(network, start, decay=DECAY)
        scheduled = _descend(network, start, growth=(1 - RATE * DECAY) ** -2)
        plain = _descend(network, start)
        numbers |= {
            f"{name}_scale_effect": float((network.scores(2 * start) - network.scores(start)).abs().max()),
            f"{name}_schedule_error": float(
                (network.scores(decayed) - network.scores(scheduled)).abs().max()
            ),
            f"{name}_decay_effect": float((network.scores(decayed) - network.scores(plain)).abs().max()),
            f"{name}_loss": float(network.loss(decayed)),
        }
    return numbers | {"last_rate": RATE * (1 - RATE * DECAY) ** (-2 * NUM_STEPS + 1)}


def judge_schedule(numbers: Numbers) -> Verdict:
    """Decay must act in both networks, and must not be a mere schedule."""
    acts = min(numbers["normalised_decay_effect"], numbers["plain_decay_effect"]) > 1e-3
    if not acts:
        return FAILS
    is_schedule = numbers["normalised_schedule_error"] < 1e-6 < numbers["plain_schedule_error"]
    return holds_if("no normalisation layer follows the weights") if is_schedule else HOLDS


class _Network:
    """Scores R tanh(N(Vᵀx)) with fixed R; N normalises over the units or does nothing."""

    def __init__(self, features: Tensor, labels: Tensor, *, normalise: bool) -> None:
        self.features, self.labels, self.normalise = features, labels, normalise
        generator = torch.Generator().manual_seed(0)
        self.readout = torch.randn(NUM_UNITS, NUM_CLASSES, generator=generator, dtype=torch.float64)
        self.first = torch.randn(features.shape[1], NUM_UNITS, generator=generator, dtype=torch.float64)

    def start(self) -> Tensor:
        return self.first / self.features.shape[1] ** 0.5

    def scores(self, weights: Tensor) -> Tensor:
        inner = self.features @ weights
        if self.normalise:  # without the small ε of torch's layer norm, which would see the length
            inner = inner - inner.mean(dim=1, keepdim=True)
            inner = inner / inner.square().mean(dim=1, keepdim=True).sqrt()
        return inner.tanh() @ self.readout

    def loss(self, weights: Tensor) -> Tensor:
        return F.cross_entropy(self.scores(weights), self.labels)


def _descend(network: _Network, start: Tensor, *, decay: float = 0.0, growth: float = 1.0) -> Tensor:
    """Weights after gradient descent with decoupled decay, or at a rate that grows from step to step."""
    weights, rate = start, RATE * (growth**0.5 if growth > 1 else 1.0)
    for _ in range(NUM_STEPS):
        leaf = weights.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(network.loss(leaf), leaf)
        weights = (1 - rate * decay) * weights - rate * gradient
        rate *= growth
    return weights


CLAIMS = (
    Claim(
        id="3.10",
        source="S3",
        section="§6 Q3",
        quote="权重衰减技术可以适用于所有的深度学习模型，但是在不同的模型中，权重衰减技术的效果可能会有所不同。",
        translation=(
            "Weight decay can be applied to all deep learning models, but its effect may differ from model "
            "to model."
        ),
        predicate=(
            "Sixty steps with decay against sixty without: fails unless decay changes the scores of a "
            "network with and of one without a normalisation layer; holds if no normalisation layer "
            "follows the weights where, behind that layer alone, a growing learning rate gives the same "
            "scores to 10⁻⁶; otherwise holds."
        ),
        evidence=decay_as_schedule,
        judge=judge_schedule,
        sentences={
            "holds": (
                "Decay changed the scores by {normalised_decay_effect:.2f} with a normalisation layer and by "
                "{plain_decay_effect:.2f} without one, and no schedule of the rate did the same "
                "({normalised_schedule_error:.1e}, {plain_schedule_error:.1e})."
            ),
            "holds if": (
                "Behind a normalisation layer, {num_steps:.0f} steps with decay {decay:g} gave the scores of "
                "{num_steps:.0f} steps without decay whose rate grew from {rate:g} to {last_rate:.1f}: they "
                "differed by {normalised_schedule_error:.0e}. Without the layer the same two runs differed "
                "by {plain_schedule_error:.1f}."
            ),
            "fails": (
                "Decay changed the scores by {normalised_decay_effect:.1e} with a normalisation layer and by "
                "{plain_decay_effect:.1e} without one."
            ),
        },
        lead="A learning-rate effect for weights that feed a normalisation layer.",
    ),
)
