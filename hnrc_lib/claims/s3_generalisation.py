"""Claims 3.2, 3.9 and 3.11: what decay does on training digits and on unseen voices."""

from functools import lru_cache

import torch
import torch.nn.functional as F

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.linear_reader import LinearReader, linear_reader
from hnrc_lib.datasets import load_digits

NUM_UTTERANCES = 400
STRENGTHS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
RAW_SAMPLES, RAW_STRENGTHS = 240, (1e-4, 1e-2, 1.0)


def strengths_swept() -> Numbers:
    """Norm, effective dimension, losses and errors at the minimisers of L + (λ/2)Σw², five λ from 0 to 0.1.

    The effective dimension Σᵢ hᵢ/(hᵢ + λ) takes the eigenvalues of L's own Hessian at the minimiser; at
    λ = 0 it is the rank.
    """
    reader, unseen = linear_reader(NUM_UTTERANCES), linear_reader(200, split="test")
    numbers: dict[str, float] = {"num_strengths": len(STRENGTHS)}
    for index, strength in enumerate(STRENGTHS):
        weights = reader.minimiser_l2(strength)
        numbers |= {
            f"strength_{index}": strength,
            f"norm_{index}": float(weights[:-1].norm()),
            f"train_loss_{index}": float(reader.loss(weights)),
            f"train_error_{index}": reader.error_rate(weights),
            f"test_loss_{index}": float(unseen.loss(weights)),
            f"test_error_{index}": unseen.error_rate(weights),
        }
        if strength:
            numbers[f"dimension_{index}"] = reader.effective_dimension(weights, strength)
    best = min(range(len(STRENGTHS)), key=lambda index: numbers[f"test_loss_{index}"])
    chosen = {
        name: numbers[f"{name}_{best}"] for name in ("strength", "train_error", "test_error", "test_loss")
    }
    return numbers | {f"best_{name}": value for name, value in chosen.items()}


def judge_complexity(numbers: Numbers) -> Verdict:
    """Norm and effective dimension fall with λ, and some λ > 0 is better on unseen voices than none."""
    last = len(STRENGTHS) - 1
    falls = all(numbers[f"norm_{i}"] > numbers[f"norm_{i + 1}"] for i in range(last))
    smaller = all(numbers[f"dimension_{i}"] > numbers[f"dimension_{i + 1}"] for i in range(1, last))
    return HOLDS if falls and smaller and numbers["best_test_loss"] < numbers["test_loss_0"] else FAILS


def judge_accuracy(numbers: Numbers) -> Verdict:
    """Lower accuracy on the training digits, and a higher one on unseen voices, at the best λ."""
    lower = numbers["best_train_error"] > numbers["train_error_0"]
    better = numbers["best_test_error"] < numbers["test_error_0"]
    if not (lower and better):
        return FAILS
    return holds_if("accuracy means that on the training data")


@lru_cache(maxsize=2)
def raw_reader(split: str, num_utterances: int) -> LinearReader:
    """A reader of the waveform itself: the utterance resampled to 240 samples, at unit mean square."""
    digits = load_digits(split)
    spread = torch.linspace(0, len(digits) - 1, num_utterances).round().long().tolist()
    utterances = [digits[index] for index in spread]
    rows = []
    for utterance in utterances:
        samples = torch.as_tensor(utterance.samples, dtype=torch.float64)[None, None]
        rows.append(F.interpolate(samples, RAW_SAMPLES, mode="linear")[0, 0])
    waves = torch.stack(rows)
    labels = torch.tensor([utterance.label for utterance in utterances])
    return LinearReader(waves / waves.square().mean(dim=1, keepdim=True).sqrt(), labels)


def waveform_and_features() -> Numbers:
    """Error on unseen voices with the best of several λ, from the waveform and from log-mel energies."""
    numbers: dict[str, float] = {"num_strengths": len(RAW_STRENGTHS), "chance": 0.9}
    readers = {
        "waveform": (raw_reader("train", NUM_UTTERANCES), raw_reader("test", 200)),
        "features": (linear_reader(NUM_UTTERANCES), linear_reader(200, split="test")),
    }
    for name, (reader, unseen) in readers.items():
        errors = [unseen.error_rate(reader.minimiser_l2(strength)) for strength in RAW_STRENGTHS]
        numbers |= {f"{name}_error": min(errors), f"{name}_size": reader.features.shape[1]}
    return numbers


def judge_structure(numbers: Numbers) -> Verdict:
    """Features must halve the error of the waveform; then they decide, not the decay."""
    if numbers["features_error"] > 0.5:
        return FAILS
    needed = numbers["waveform_error"] > 2 * numbers["features_error"]
    return holds_if("features are computed first") if needed else HOLDS


CLAIMS = (
    Claim(
        id="3.2",
        source="S3",
        section="§2",
        quote="权重衰减技术可以用来约束模型的复杂度，防止模型过于复杂，导致泛化能力下降。",
        translation=(
            "Weight decay can be used to constrain the complexity of the model and keep it from becoming so "
            "complex that it generalises worse."
        ),
        predicate=(
            "On a linear reader with five strengths from 0 to 0.1: holds iff the norm of the weights and the "
            "effective dimension Σ h/(h + λ) fall from each to the next, and the loss on unseen voices is "
            "lower at some λ > 0 than at 0; otherwise fails."
        ),
        evidence=strengths_swept,
        judge=judge_complexity,
        sentences={
            "holds": (
                "From λ = {strength_1:g} to {strength_4:g} the norm fell from {norm_1:.1f} to {norm_4:.1f} "
                "and the effective dimension from {dimension_1:.0f} to {dimension_4:.0f}. On unseen voices "
                "of the shipped digits λ = {best_strength:g} gave a loss of {best_test_loss:.2f}, no penalty "
                "{test_loss_0:.1f}."
            ),
            "fails": (
                "The norm went from {norm_0:.1f} to {norm_4:.1f}, the effective dimension from "
                "{dimension_1:.0f} to {dimension_4:.0f}; the best loss on unseen voices was "
                "{best_test_loss:.2f}, without penalty {test_loss_0:.2f}."
            ),
        },
        lead="Holds.",
    ),
    Claim(
        id="3.9",
        source="S3",
        section="§6 Q4",
        quote="权重衰减技术通常会降低模型的准确性，但是它可以防止模型过于复杂，从而提高模型的泛化能力。",
        translation=(
            "Weight decay usually lowers the accuracy of the model, but it can keep the model from becoming "
            "too complex, and so improve its generalisation."
        ),
        predicate=(
            "At the strength with the lowest loss on unseen voices: holds if accuracy means that on the "
            "training data where the training error is higher and the error on unseen voices lower than "
            "without decay; otherwise fails."
        ),
        evidence=strengths_swept,
        judge=judge_accuracy,
        sentences={
            "holds if": (
                "With λ = {best_strength:g} the error on the training digits rose from {train_error_0:.1%} "
                "to {best_train_error:.1%}, and on unseen voices it fell from {test_error_0:.1%} to "
                "{best_test_error:.1%}."
            ),
            "fails": (
                "With λ = {best_strength:g} the error on the training digits went from {train_error_0:.1%} "
                "to {best_train_error:.1%}, on unseen voices from {test_error_0:.1%} to "
                "{best_test_error:.1%}."
            ),
        },
        lead="No contradiction if training accuracy is meant.",
    ),
    Claim(
        id="3.11",
        source="S3",
        section="§6 Q5",
        quote=(
            "权重衰减技术主要用于处理结构化数据，但是它也可以用于处理非结构化数据，只要将非结构化数据转换为结构化数据即可。"
        ),
        translation=(
            "Weight decay is mainly used on structured data, but it can also be used on unstructured data, "
            "as long as these are turned into structured data."
        ),
        predicate=(
            "Error on unseen voices of a linear reader with the best of three strengths: holds if features "
            "are computed first where log-mel energies give at most half the error of the waveform; holds "
            "where the waveform does as well; fails where the features' error is above one half."
        ),
        evidence=waveform_and_features,
        judge=judge_structure,
        sentences={
            "holds": (
                "The error on unseen voices was {waveform_error:.0%} from {waveform_size:.0f} samples and "
                "{features_error:.0%} from {features_size:.0f} log-mel energies."
            ),
            "holds if": (
                "With the best of {num_strengths:.0f} strengths the error on unseen voices was "
                "{waveform_error:.0%} from {waveform_size:.0f} samples of the waveform (chance {chance:.0%}) "
                "and {features_error:.0%} from {features_size:.0f} log-mel energies. The features decide; "
                "the decay was the same."
            ),
            "fails": (
                "The error on unseen voices was {features_error:.0%} from features, {waveform_error:.0%} "
                "from the waveform."
            ),
        },
        lead="Features decide.",
    ),
)
