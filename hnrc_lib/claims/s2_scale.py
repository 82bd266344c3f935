"""Claim 2.13: whether HNRC is of the class of Adam, by what a rescaled loss does to a step."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import perceptron, speech_features
from hnrc_lib.optim import HNRC, LowRankCurvature

NUM_STEPS, DAMPING, FACTORS = 5, 0.3, (1e-2, 1e2)
SAME = 1e-2
Make = Callable[[nn.Module, float], torch.optim.Optimizer]

OPTIMIZERS: dict[str, Make] = {
    "adam": lambda model, c: torch.optim.Adam(model.parameters(), lr=0.03),
    "rmsprop": lambda model, c: torch.optim.RMSprop(model.parameters(), lr=0.01),
    "adagrad": lambda model, c: torch.optim.Adagrad(model.parameters(), lr=0.1),
    "gradient_descent": lambda model, c: torch.optim.SGD(model.parameters(), lr=0.3),
    "hnrc": lambda model, c: _hnrc(model, DAMPING),
    "hnrc_scaled_damping": lambda model, c: _hnrc(model, c * DAMPING),
    "hnrc_in_adams_metric": lambda model, c: HNRC(
        model.parameters(), lr=0.03, damping=1.0, rank=4, curvature=_settings(), scaling="adam"
    ),
}


def rescaled_loss() -> Numbers:
    """By how much the way that five steps go changes when the loss is multiplied by c = 0.01 and 100.

        change = ‖Δθ(cL) − Δθ(L)‖/‖Δθ(L)‖,   the larger of the two c

    A tanh perceptron, spoken digits, the whole batch; settings stay, but for λ → cλ where named.
    """
    features, labels = speech_features(num_frames=2)
    changes = {}
    for name, make in OPTIMIZERS.items():
        plain = _way(make, 1.0, features, labels)
        ways = [_way(make, c, features, labels) for c in FACTORS]
        changes[name] = max(float((way - plain).norm() / plain.norm()) for way in ways)
    return {"num_steps": NUM_STEPS, **changes}


def judge_rescaled_loss(numbers: Numbers) -> Verdict:
    """A step that does not change with the unit of the loss: as for all three, at fixed settings or not."""
    if not all(numbers[name] <= SAME for name in ("adam", "rmsprop", "adagrad")):
        return FAILS
    if numbers["hnrc"] <= SAME:
        return HOLDS
    ways = {
        "λ is multiplied with the loss": numbers["hnrc_scaled_damping"] <= SAME,
        "λ is measured in Adam's metric": numbers["hnrc_in_adams_metric"] <= SAME,
    }
    found = " or ".join(way for way, same in ways.items() if same)
    return holds_if(found) if found else FAILS


def _hnrc(model: nn.Module, damping: float) -> torch.optim.Optimizer:
    return HNRC(model.parameters(), lr=0.3, damping=damping, rank=4, curvature=_settings())


def _settings() -> LowRankCurvature:
    return LowRankCurvature(refresh=NUM_STEPS)


def _way(make: Make, factor: float, features: Tensor, labels: Tensor) -> Tensor:
    """θ after the steps less θ before, flat."""
    model = perceptron(features.shape[1], 4)
    before = torch.cat([p.detach().flatten() for p in model.parameters()])
    optimizer = make(model, factor)

    def closure() -> tuple[Tensor, Tensor]:
        scores = model(features)
        return factor * F.cross_entropy(scores, labels), scores

    for _ in range(NUM_STEPS):
        if isinstance(optimizer, HNRC):
            optimizer.step(closure)
            continue
        optimizer.zero_grad()
        closure()[0].backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()]) - before


CLAIMS = (
    Claim(
        id="2.13",
        source="S2",
        section="§1",
        quote=(
            "这些算法的共同点是通过修改梯度计算方式来减少梯度变化的敏感性，从而提高训练稳定性。"
            "Hessian逆秩1修正是这类方法的一种"
        ),
        translation=(
            "What these algorithms [Adam, RMSprop, Adagrad] have in common is that they modify how the "
            "gradient is computed so as to be less sensitive to changes of the gradient and thus to train "
            "more stably. The Hessian inverse rank-1 correction is one method of this class."
        ),
        predicate=(
            "Less sensitive to the gradient is read as: to L → cL, which multiplies it and moves no "
            "minimiser, with c = 0.01 and 100. Fails unless five steps of Adam, RMSprop and Adagrad change "
            "by at most 1 % of their length. Then holds iff those of HNRC with the same settings do; holds "
            "if λ is multiplied by c, or is measured in Adam's metric, where they do only then; otherwise "
            "fails."
        ),
        evidence=rescaled_loss,
        judge=judge_rescaled_loss,
        sentences={
            "holds": (
                "When the loss was multiplied by 0.01 and by 100, five steps changed by {adam:.1g} (Adam), "
                "{rmsprop:.1g} (RMSprop), {adagrad:.1g} (Adagrad) and {hnrc:.1g} (HNRC) of their length."
            ),
            "holds if": (
                "When the loss was multiplied by 0.01 and by 100 and every setting stayed, the way of "
                "{num_steps:.0f} steps changed by at most {adam:.1g} (Adam), {rmsprop:.1g} (RMSprop) and "
                "{adagrad:.1g} (Adagrad) of its length, by {hnrc:.2g} with HNRC and by "
                "{gradient_descent:.3g} with gradient descent. With λ → cλ HNRC's changed by "
                "{hnrc_scaled_damping:.1g}, in Adam's metric, at a fixed λ, by {hnrc_in_adams_metric:.1g}."
            ),
            "fails": (
                "When the loss was multiplied by 0.01 and by 100, five steps changed by {adam:.2g} (Adam), "
                "{rmsprop:.2g} (RMSprop), {adagrad:.2g} (Adagrad), {hnrc:.2g} (HNRC) and "
                "{hnrc_scaled_damping:.2g} (HNRC with λ → cλ) of their length."
            ),
        },
        lead="Adam is invariant; HNRC only if λ → cλ.",
        revised=(
            "The safeguard was changed after the first run, which made the effect of λ smaller; the "
            "verdict did not change."
        ),
    ),
)
