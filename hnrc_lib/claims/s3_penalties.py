"""Claims 3.1 and 3.3: L1, L2 and decoupled decay on one convex problem of speech."""

import torch

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.linear_reader import LinearReader, Weights, linear_reader, share_of_zeros
from hnrc_lib.optim.regularization import (
    L2,
    DecoupledDecay,
    L1Proximal,
    L1Subgradient,
    Regularization,
    regularize,
)

NUM_UTTERANCES, STRENGTH, NUM_STEPS = 400, 0.01, 300
RATES = {torch.optim.SGD: 0.2, torch.optim.Adam: 0.02}


def trained(
    reader: LinearReader, make: type[torch.optim.SGD] | type[torch.optim.Adam], rule: Regularization
) -> Weights:
    """Weights after 300 steps from zero of a torch optimiser with a rule, which leaves the biases alone."""
    inner, bias = (torch.nn.Parameter(part.clone()) for part in (reader.start()[:-1], reader.start()[-1]))
    optimizer = make([inner, bias], lr=RATES[make])
    regularize(optimizer, rule)
    for _ in range(NUM_STEPS):
        gradient = reader.gradient(torch.cat([inner.detach(), bias.detach()[None]]))
        inner.grad, bias.grad = gradient[:-1], gradient[-1]
        optimizer.step()
    return torch.cat([inner.detach(), bias.detach()[None]])


def three_decays() -> Numbers:
    """L1, L2 and decoupled decay of one strength: distances, and exact zeros of the inner weights.

    Distances are relative to the weights under L2, after 300 steps of gradient descent or of Adam from zero.
    """
    reader = linear_reader(NUM_UTTERANCES)
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    decayed = {
        f"{name}_{method}": trained(reader, make, rule)
        for method, make in (("sgd", sgd), ("adam", adam))
        for name, rule in (("l2", L2(STRENGTH)), ("decoupled", DecoupledDecay(STRENGTH)))
    }
    l1 = reader.minimiser_l1(STRENGTH)
    l2 = reader.minimiser_l2(STRENGTH)
    return {
        "strength": STRENGTH,
        "l1_to_l2": _apart(l1, l2),
        "l2_to_decoupled_sgd": _apart(decayed["decoupled_sgd"], decayed["l2_sgd"]),
        "l2_to_decoupled_adam": _apart(decayed["decoupled_adam"], decayed["l2_adam"]),
        "zeros_l1": share_of_zeros(l1),
        "zeros_l2": share_of_zeros(l2),
        "zeros_decoupled": share_of_zeros(decayed["decoupled_sgd"]),
    }


def judge_three_decays(numbers: Numbers) -> Verdict:
    """Decay is L1 only if both lead to the same weights."""
    return HOLDS if numbers["l1_to_l2"] < 1e-3 else FAILS


def exact_zeros() -> Numbers:
    """Inner weights that are 0, exactly and to a thousandth of the largest, after 300 steps of each kind."""
    reader = linear_reader(NUM_UTTERANCES)
    steps = {
        "subgradient": L1Subgradient(STRENGTH),
        "proximal": L1Proximal(STRENGTH),
        "decay": DecoupledDecay(STRENGTH),
    }
    numbers: dict[str, float] = {"strength": STRENGTH, "num_steps": NUM_STEPS}
    for name, rule in steps.items():
        weights = trained(reader, torch.optim.SGD, rule)
        inner = weights[:-1]
        numbers |= {
            f"{name}_zeros": share_of_zeros(weights),
            f"{name}_small": float((inner.abs() < 1e-3 * inner.abs().max()).double().mean()),
        }
    return numbers


def judge_exact_zeros(numbers: Numbers) -> Verdict:
    """Zeros by the proximal step alone make it a matter of the step."""
    if numbers["proximal_zeros"] < 0.05:
        return FAILS
    others = max(numbers["subgradient_zeros"], numbers["decay_zeros"])
    return HOLDS if others >= 0.05 else holds_if("the penalty is L1 and its step proximal")


def _apart(one: Weights, other: Weights) -> float:
    """Distance of the weights, relative to the other's."""
    return float((one - other)[:-1].norm() / other[:-1].norm())


CLAIMS = (
    Claim(
        id="3.1",
        source="S3",
        section="§2",
        quote="权重衰减技术，也被称为L1正则化或Lasso正则化，是一种常用的正则化方法",
        translation=(
            "The technique of weight decay, also called L1 regularisation or Lasso regularisation, is a "
            "common method of regularisation."
        ),
        predicate=(
            "On a linear reader of digits, whose loss is convex: holds iff the minimisers under L1 and under "
            "the squared penalty that decays weights, at one strength, differ by less than 10⁻³ of their "
            "norm; otherwise fails."
        ),
        evidence=three_decays,
        judge=judge_three_decays,
        sentences={
            "holds": (
                "At strength {strength:g} the minimisers differed by {l1_to_l2:.1e} of their norm, and the "
                "shares of exact zeros were {zeros_l1:.0%} and {zeros_l2:.0%}."
            ),
            "fails": (
                "At strength {strength:g} the minimiser under L1 had {zeros_l1:.0%} of its weights exactly "
                "zero, that under L2 {zeros_l2:.0%}; they differed by {l1_to_l2:.0%} of their norm. Decay "
                "itself, w ← (1 − ηλ)w, equalled L2 under gradient descent (difference "
                "{l2_to_decoupled_sgd:.0e}) and not under Adam ({l2_to_decoupled_adam:.0%})."
            ),
        },
        lead="L1 differs from both; L2 and decoupled decay are equal under SGD, not under Adam.",
    ),
    Claim(
        id="3.3",
        source="S3",
        section="§6 Q2",
        quote="权重衰减技术可能会导致模型的权重变为0，这是因为L1正则化会鼓励模型的权重变得更加稀疏。",
        translation=(
            "Weight decay may make weights of the model become 0, because L1 regularisation encourages the "
            "model's weights to become sparser."
        ),
        predicate=(
            "Exact zeros after 300 steps of gradient descent: holds iff a twentieth of the weights is zero "
            "by proximal steps and by one of subgradient steps and decay; holds if the penalty is L1 and its "
            "step proximal where only those make zeros; fails where none does."
        ),
        evidence=exact_zeros,
        judge=judge_exact_zeros,
        sentences={
            "holds": (
                "After {num_steps:.0f} steps at strength {strength:g} the shares of exact zeros were "
                "{proximal_zeros:.0%} by proximal L1 steps, {subgradient_zeros:.0%} by subgradient steps and "
                "{decay_zeros:.0%} by decay."
            ),
            "holds if": (
                "After {num_steps:.0f} steps at strength {strength:g} proximal L1 steps had set "
                "{proximal_zeros:.0%} of the weights to exactly 0. Subgradient steps on the same penalty had "
                "set {subgradient_zeros:.0%} to 0, with {subgradient_small:.0%} below a thousandth of the "
                "largest, and decay {decay_zeros:.0%}."
            ),
            "fails": (
                "After {num_steps:.0f} steps at strength {strength:g} only {proximal_zeros:.0%} of the "
                "weights were exactly 0, even by proximal L1 steps."
            ),
        },
        lead="Subgradient steps do not reach exact zeros, proximal or coordinate steps do.",
    ),
)
