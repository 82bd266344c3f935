"""Claims 3.6 and 3.12: what a penalised loss minimises, and for whom that is best."""

import torch

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.linear_reader import LinearReader, Weights, linear_reader, share_of_zeros

NUM_UTTERANCES, STRENGTH = 400, 0.01


def penalised_objective() -> Numbers:
    """Optimality of the minimiser of L + λΣ|w|, and its neighbours' values."""
    reader = linear_reader(NUM_UTTERANCES)
    weights = reader.minimiser_l1(STRENGTH)
    slope, inner = reader.gradient(weights)[:-1], weights[:-1]
    # 0 ∈ ∇L + λ∂|w|: the sign where w ≠ 0, anything within ±λ where w = 0
    beyond = torch.where(
        inner == 0, (slope.abs() - STRENGTH).clamp(min=0), (slope + STRENGTH * inner.sign()).abs()
    )
    generator = torch.Generator().manual_seed(0)
    least = _objective(reader, weights)
    gains = [
        least - _objective(reader, weights + size * torch.randn(weights.shape, generator=generator).double())
        for size in (1e-4, 1e-2, 1.0)
        for _ in range(20)
    ]
    return {
        "strength": STRENGTH,
        "violation": float(beyond.max()),
        "largest_slope_at_zero": float(slope[inner == 0].abs().max()),
        "zeros": share_of_zeros(weights),
        "best_gain": max(gains),
        "num_neighbours": len(gains),
    }


def judge_penalised_objective(numbers: Numbers) -> Verdict:
    """The subgradient condition to 10⁻⁴, and no better neighbour."""
    return HOLDS if numbers["violation"] < 1e-4 and numbers["best_gain"] <= 0 else FAILS


def three_minimisers() -> Numbers:
    """Loss on training digits and unseen voices at the minimisers of L, of L′, and of L′ with the best λ."""
    reader, unseen = linear_reader(NUM_UTTERANCES), linear_reader(200, split="test")
    strengths = [10.0**power for power in (-5, -4, -3, -2, -1)]
    found = {strength: reader.minimiser_l2(strength) for strength in strengths}
    best = min(strengths, key=lambda strength: float(unseen.loss(found[strength])))
    plain, chosen = reader.minimiser_l2(0.0), reader.minimiser_l2(STRENGTH)
    slope = float(reader.gradient(_only_biases(reader))[:-1].abs().max())
    return {
        "strength": STRENGTH,
        "plain_train": float(reader.loss(plain)),
        "plain_test": float(unseen.loss(plain)),
        "plain_norm": float(plain[:-1].norm()),
        "chosen_train": float(reader.loss(chosen)),
        "chosen_test": float(unseen.loss(chosen)),
        "best_strength": best,
        "best_test": float(unseen.loss(found[best])),
        "best_train": float(reader.loss(found[best])),
        "all_zero_from": slope,
        "zeros_above": share_of_zeros(reader.minimiser_l1(1.02 * slope)),
        "zeros_below": share_of_zeros(reader.minimiser_l1(0.98 * slope)),
    }


def judge_three_minimisers(numbers: Numbers) -> Verdict:
    """Best for L′ must be best for the training loss and for unseen voices too, to a hundredth."""
    train = numbers["chosen_train"] - numbers["plain_train"] < 0.01
    test = numbers["chosen_test"] - numbers["best_test"] < 0.01
    if train and test:
        return HOLDS
    return holds_if("λ is chosen on unseen data") if test else FAILS


def _only_biases(reader: LinearReader) -> Weights:
    """The minimiser of L with all inner weights 0: the biases are the logarithms of the digits' shares."""
    shares = torch.bincount(reader.labels, minlength=10).double() / len(reader.labels)
    return torch.cat([reader.start()[:-1], shares.log()[None]])


def _objective(reader: LinearReader, weights: Weights) -> float:
    return float(reader.loss(weights) + STRENGTH * weights[:-1].abs().sum())


CLAIMS = (
    Claim(
        id="3.6",
        source="S3",
        section="§3",
        quote=(
            "优化后的损失函数可以表示为：$L'(y, \\hat{y}, \\lambda) = L(y, \\hat{y}) + "
            "\\lambda \\sum_{i=1}^{n} |w_i|$"
        ),
        translation=(
            "The loss to optimise is L′ = L + λ Σ |w_i|, where λ is the regularisation parameter, which "
            "controls the size of the penalty."
        ),
        predicate=(
            "Holds iff proximal steps on a linear reader find weights at which the subgradient condition "
            "0 ∈ ∇L + λ∂|w| is met to 10⁻⁴ and no random neighbour has a lower L′."
        ),
        evidence=penalised_objective,
        judge=judge_penalised_objective,
        sentences={
            "holds": (
                "At λ = {strength:g} the condition was met to {violation:.0e}: where w ≠ 0 the slope of L "
                "was −λ sign w, and where w = 0 ({zeros:.0%} of the weights) it was at most "
                "{largest_slope_at_zero:.4f}. None of {num_neighbours:.0f} neighbours had a lower L′."
            ),
            "fails": (
                "At λ = {strength:g} the condition was missed by {violation:.1e}, and the best of "
                "{num_neighbours:.0f} neighbours gained {best_gain:.1e}."
            ),
        },
        lead="Holds.",
    ),
    Claim(
        id="3.12",
        source="S3",
        section="§3",
        quote="通过优化损失函数，可以得到最佳的模型参数。",
        translation="By optimising the loss function the best model parameters are obtained.",
        predicate=(
            "At the minimiser of L′ with the source's λ = 0.01: holds iff both the training loss and the "
            "loss on unseen voices are within 0.01 of the least found (at λ = 0 and among five λ); holds "
            "if λ is chosen on unseen data where only the second is; otherwise fails."
        ),
        evidence=three_minimisers,
        judge=judge_three_minimisers,
        sentences={
            "holds": (
                "At λ = {strength:g} the training loss was {chosen_train:.3f} and the loss on unseen voices "
                "{chosen_test:.3f}; the least were {plain_train:.3f} and {best_test:.3f}."
            ),
            "holds if": (
                "At λ = {strength:g} the loss on unseen voices was {chosen_test:.3f}, the least "
                "{best_test:.3f}; the training loss was {chosen_train:.3f}, without "
                "penalty {plain_train:.3f}."
            ),
            "fails": (
                "Three optima, three points. L alone has none: its descent ended at a training loss of "
                "{plain_train:.0e} with weights of norm {plain_norm:.0f} and a loss of {plain_test:.1f} on "
                "unseen voices. L′ with λ = {strength:g} gave {chosen_train:.2f} and {chosen_test:.2f}, with "
                "λ = {best_strength:g}, the best of five for the unseen, {best_train:.2f} and "
                "{best_test:.2f}. With L1 all weights are 0 from λ = {all_zero_from:.3f} on."
            ),
        },
        lead="Minimisers of L, of L′ and of the test loss are three points; λ ≥ ‖∇L(0)‖_∞: all zero.",
    ),
)
