"""Claims 4.4, 4.5 and 4.13: the ball S4's formula clips to, what its program clips, thresholds by model."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.s4_program import INPUT_SIZE, THRESHOLD, random_batches, run_loop
from hnrc_lib.experiments.record import load_record
from hnrc_lib.optim.clipping import ClipByGlobalNorm, ClipByValue, ClippingRule, ClipReport

LOADERS = {"repeated": (2, 15, 32), "fresh": (30, 1, 8), "pairs": (30, 1, 2)}  # batches, epochs, size
EXPLODED = 1e4


def printed_model() -> torch.nn.Module:
    """The printed network at its first weights: the program run on no batches."""
    return run_loop([], epochs=0).names["model"]


def printed_gradients(model: torch.nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Gradient of the printed network on one batch of eight, and the parameters."""
    batch = random_batches(1, torch.Generator().manual_seed(1))[0]
    parameters: list[Tensor] = list(model.parameters())
    loss = F.cross_entropy(model(batch.x), batch.y)
    return list(torch.autograd.grad(loss, parameters)), parameters


def clipped(rule: ClippingRule, gradient: list[Tensor], parameters: list[Tensor]) -> ClipReport:
    """What a rule does to a copy of a gradient."""
    return rule([part.clone() for part in gradient], [part.detach() for part in parameters])


def ball() -> Numbers:
    """Length and angle of the printed network's gradient after clipping by ±1/√d, as it is and exploded."""
    gradient, parameters = printed_gradients(printed_model())
    rule = ClipByValue.of_input_dimension(INPUT_SIZE)
    num_parameters = sum(part.numel() for part in parameters)
    numbers: dict[str, float] = {
        "input_size": INPUT_SIZE,
        "num_parameters": num_parameters,
        "bound": rule.threshold,
        "longest": math.sqrt(num_parameters / INPUT_SIZE),
    }
    for name, factor in (("plain", 1.0), ("exploded", EXPLODED)):
        scaled = [factor * part for part in gradient]
        report = clipped(rule, scaled, parameters)
        rule(scaled, [part.detach() for part in parameters])
        numbers |= {
            f"{name}_before": report.norm_before,
            f"{name}_after": report.norm_after,
            f"{name}_angle": report.angle,
            f"{name}_largest": max(float(part.abs().max()) for part in scaled),
        }
    return numbers


def judge_ball(numbers: Numbers) -> Verdict:
    """The range must bound the whole; entry by entry it is only a box."""
    largest = max(numbers["plain_largest"], numbers["exploded_largest"])
    if largest > numbers["bound"] * (1 + 1e-6):
        return FAILS
    longest = max(numbers["plain_after"], numbers["exploded_after"])
    return HOLDS if longest <= 1 + 1e-6 else holds_if("the range is meant entry by entry")


def formula_and_code() -> Numbers:
    """The formula's clip and the program's on one exploded gradient; what the program clips, by loader."""
    gradient, parameters = printed_gradients(printed_model())
    exploded = [EXPLODED * part for part in gradient]
    formula = clipped(ClipByValue.of_input_dimension(INPUT_SIZE), exploded, parameters)
    code = clipped(ClipByGlobalNorm(THRESHOLD), exploded, parameters)
    numbers: dict[str, float] = {
        "formula_length": formula.norm_after,
        "formula_angle": formula.angle,
        "code_length": code.norm_after,
        "code_angle": code.angle,
    }
    for name, (count, epochs, size) in LOADERS.items():
        data = random_batches(count, torch.Generator().manual_seed(0), batch_size=size)
        norms = np.array(run_loop(data, epochs=epochs).names["norms"])
        numbers |= {f"{name}_steps": len(norms), f"{name}_clipped": int((norms > THRESHOLD).sum())}
    return numbers


def judge_formula_and_code(numbers: Numbers) -> Verdict:
    """One operation gives one length and one direction."""
    same = abs(numbers["formula_length"] / numbers["code_length"] - 1) < 0.01
    if same and abs(numbers["formula_angle"] - numbers["code_angle"]) < 0.1:
        return HOLDS
    fires = numbers["repeated_clipped"] + numbers["fresh_clipped"] + numbers["pairs_clipped"]
    return holds_if("clipping means the norm, not the formula") if fires else FAILS


def gradient_norms() -> dict[str, np.ndarray]:
    """Norms of every step: a CNN and a ConvLSTM on real speech, from records, and the printed network."""
    cnn = load_record("sweep").arrays["grad_norm"][0, 0, 0]  # no damping, no decay, no clip
    count, epochs, size = LOADERS["fresh"]
    data = random_batches(count, torch.Generator().manual_seed(0), batch_size=size)
    return {
        "cnn": cnn[np.isfinite(cnn)],
        "ctc": load_record("an4_ctc").arrays["grad_norm"],
        "printed": np.array(run_loop(data, epochs=epochs).names["norms"]),
    }


def thresholds() -> Numbers:
    """Median and ninth decile of three models' gradient norms, and the share of steps over 5."""
    numbers: dict[str, float] = {"threshold": THRESHOLD}
    for name, norms in gradient_norms().items():
        numbers |= {
            f"{name}_median": float(np.median(norms)),
            f"{name}_decile": float(np.quantile(norms, 0.9)),
            f"{name}_over": float((norms > THRESHOLD).mean()),
        }
    return numbers


def judge_thresholds(numbers: Numbers) -> Verdict:
    """Medians far apart, or shares that one threshold makes far apart, call for a choice by model."""
    names = ("cnn", "ctc", "printed")
    medians = [numbers[f"{name}_median"] for name in names]
    over = [numbers[f"{name}_over"] for name in names]
    return HOLDS if max(medians) > 2 * min(medians) and max(over) - min(over) > 0.1 else FAILS


CLAIMS = (
    Claim(
        id="4.4",
        source="S4",
        section="§3.1",
        quote=r"表示对 $x$ 进行截断，使其在 $[a, b]$ 之间，$d$ 是输入特征的维度",
        translation=(
            "The formula clip(x, a, b) means that x is cut to lie in [a, b], here ±1/√d; d is the dimension "
            "of the input features."
        ),
        predicate=(
            "On the gradient of the printed network, as it is and 10⁴ times as long: holds iff the clipped "
            "gradient lies in the unit ball; holds if the range is meant entry by entry where each entry "
            "is within ±1/√d and the length is not; fails where an entry is outside."
        ),
        evidence=ball,
        judge=judge_ball,
        sentences={
            "holds": (
                "Clipped to ±{bound:.3f}, the gradient is {plain_after:.2f} long, and {exploded_after:.2f} "
                "where it had exploded: inside the unit ball."
            ),
            "holds if": (
                "With d = {input_size:.0f} and n = {num_parameters:.0f} every entry ends within "
                "±{bound:.3f}, and the whole may be √(n/d) = {longest:.1f} long. A gradient of length "
                "{exploded_before:.0f} became {exploded_after:.1f} long and turned by "
                "{exploded_angle:.0f}°. The gradient as it is, {plain_before:.2f} long, turned by "
                "{plain_angle:.1f}°."
            ),
            "fails": ("An entry of {exploded_largest:.3f} is left outside ±{bound:.3f} after clipping."),
        },
        lead="Length up to √(n/d) (28 for S4's net), unit ball only if d = n; angle < 90°.",
    ),
    Claim(
        id="4.5",
        source="S4",
        section="§4",
        quote="在训练过程中，我们对模型的梯度进行了裁剪，以防止梯度爆炸。",
        translation="During training we clipped the gradient of the model, to prevent explosion.",
        predicate=(
            "Formula and program on one exploded gradient of the printed network: holds iff the lengths "
            "agree to a hundredth and the angles to a tenth of a degree; holds if clipping means the norm "
            "where they do not and the program's clip acts in some step of three loaders; fails where it "
            "acts in none."
        ),
        evidence=formula_and_code,
        judge=judge_formula_and_code,
        sentences={
            "holds": (
                "Formula and program leave {formula_length:.1f} and {code_length:.1f}, turned by "
                "{formula_angle:.1f}° and {code_angle:.1f}°."
            ),
            "holds if": (
                "Of one exploded gradient the formula leaves a length of {formula_length:.1f}, turned by "
                "{formula_angle:.0f}°, the program {code_length:.1f}, turned by {code_angle:.0f}°. The "
                "program's clip acted in {repeated_clipped:.0f} of {repeated_steps:.0f} steps on two batches "
                "of 32 said again and again, in {fresh_clipped:.0f} of {fresh_steps:.0f} on fresh batches of "
                "8, in {pairs_clipped:.0f} of {pairs_steps:.0f} on fresh batches of 2."
            ),
            "fails": (
                "Formula and program differ (lengths {formula_length:.1f} and {code_length:.1f}), and the "
                "program's clip acted in no step of the three loaders."
            ),
        },
        lead="Different operations.",
    ),
    Claim(
        id="4.13",
        source="S4",
        section="§6 Q3",
        quote="在实际应用中，可以根据不同模型的性能需求来选择合适的梯度裁剪参数。",
        translation=(
            "In practice suitable clipping parameters can be chosen by what different models need to perform."
        ),
        predicate=(
            "Gradient norms of every step of a CNN on FSDD and a ConvLSTM with CTC on AN4, both recorded, "
            "and of the printed network: holds iff their medians differ by more than a factor of 2 and the "
            "shares that a threshold of 5 clips by more than a tenth; otherwise one threshold serves all, "
            "and it fails."
        ),
        evidence=thresholds,
        judge=judge_thresholds,
        sentences={
            "holds": (
                "Median norms: CNN on FSDD {cnn_median:.1f}, ConvLSTM on AN4 {ctc_median:.1f}, printed "
                "network {printed_median:.1f}. A threshold of {threshold:g} would clip {cnn_over:.0%}, "
                "{ctc_over:.1%} and {printed_over:.0%} of their steps; their ninth deciles are "
                "{cnn_decile:.1f}, {ctc_decile:.1f} and {printed_decile:.1f}."
            ),
            "fails": (
                "Median norms of {cnn_median:.1f}, {ctc_median:.1f} and {printed_median:.1f}: a threshold of "
                "{threshold:g} clips {cnn_over:.0%}, {ctc_over:.0%} and {printed_over:.0%}, much the same."
            ),
        },
        lead="Holds, though the source also calls the effect uniform.",
        revised=("The record's numbers had been seen before the factor and the share were written down."),
    ),
)
