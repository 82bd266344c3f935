"""Claims 0.9 and 0.19: the three modules of a recogniser, and a loss on the numbers of its words."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.s0_numbering import numbering_defects
from hnrc_lib.claims.subjects import NUM_CLASSES, speech_features
from hnrc_lib.datasets import load_digits, spectrograms
from hnrc_lib.experiments.record import load_record
from hnrc_lib.models import MLP
from hnrc_lib.training import TrainingConfig, train

FRAMES, BANDS, HIDDEN = 16, 20, 32


def three_modules() -> Numbers:
    """Share of words read by features, a hidden layer and ten outputs, and without the hidden layer.

    Trained on twelve synthetic English voices, read for four others; and the record of the source's CNN on
    people, one speaker held out.
    """
    heard, unheard = load_digits("train", language="en"), load_digits("test", language="en")
    features = [spectrograms(part, num_frames=FRAMES, n_mels=BANDS) for part in (heard, unheard)]
    people = load_record("fsdd_cnn").scalars
    return {
        "words": len(unheard),
        "whole": _share_read(features, (HIDDEN,)),
        "without_hidden": _share_read(features, ()),
        "people": people["accuracy"],
        "people_low": people["accuracy_low"],
        "takes_of_people": people["num_held_out"],
    }


def judge_three_modules(numbers: Numbers) -> Verdict:
    """Nine words of ten by unheard voices, and more than half of those of a person."""
    return HOLDS if numbers["whole"] > 0.9 and numbers["people_low"] > 0.5 else FAILS


def numbered_words() -> Numbers:
    """The printed loss for twenty numberings of ten words, beside two losses on one-hot vectors."""
    measured = next(row.shown_by for row in numbering_defects() if row.name == "index regression")
    features, labels = speech_features()
    order = torch.randperm(NUM_CLASSES, generator=torch.Generator().manual_seed(0))
    plain, renumbered = (_best_one_hot(features, targets) for targets in (labels, order[labels]))
    return {name: value for name, value in measured.items() if not isinstance(value, str)} | {
        "one_hot_change": abs(plain - renumbered) / plain
    }


def judge_numbered_words(numbers: Numbers) -> Verdict:
    """Whether the best loss depends on the numbering: of an index, and of a one-hot vector."""
    if numbers["largest_best_loss"] <= 1.01 * numbers["smallest_best_loss"]:
        return HOLDS
    return holds_if("an index is coded as a one-hot vector") if numbers["one_hot_change"] < 1e-9 else FAILS


def _share_read(parts: list[tuple[Tensor, Tensor]], hidden: tuple[int, ...]) -> float:
    """Share of the second part read by a network trained on the first."""
    (x, y), (unheard, said) = ((sounds.flatten(1), labels) for sounds, labels in parts)
    model = MLP(x.shape[1], NUM_CLASSES, hidden, generator=torch.Generator().manual_seed(0))
    train(model, (x, y), (x, y), TrainingConfig(learning_rate=3e-3, max_epochs=12))
    with torch.no_grad():
        return float((model(unheard).argmax(dim=1) == said).double().mean())


def _best_one_hot(features: Tensor, labels: Tensor) -> float:
    """Least mean squared error of a linear model with intercept on one-hot vectors."""
    design = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
    target = F.one_hot(labels, NUM_CLASSES).to(design)
    return float((design @ torch.linalg.lstsq(design, target).solution - target).square().mean())


CLAIMS = (
    Claim(
        id="0.9",
        source="S0",
        section="§2",
        quote=(
            "在语音识别中，深度神经网络通常包括以下几个模块： … 输入层：将音频信号转换为特征向量。 … "
            "隐藏层：通过多个隐藏层，将输入特征向量映射到目标空间。 … "
            "输出层：将隐藏层的输出映射到词汇表中的索引。"
        ),
        translation=(
            "In speech recognition a deep network usually has these modules: an input layer that turns the "
            "audio signal into feature vectors; hidden layers that map the feature vectors to a target "
            "space; an output layer that maps the output of the hidden layers to indices of the vocabulary."
        ),
        predicate=(
            "Holds iff log-mel features, one hidden layer and ten outputs, trained on twelve synthetic "
            "voices, read more than nine words of ten by four others, and the recorded CNN reads more than "
            "half of a person's that it never heard (lower end of the 95 % interval); otherwise fails."
        ),
        evidence=three_modules,
        judge=judge_three_modules,
        sentences={
            "holds": (
                "Features, hidden layer and outputs read {whole:.1%} of {words:.0f} words by unheard "
                "synthetic voices; without the hidden layer {without_hidden:.1%}. The CNN recorded on FSDD "
                "read {people:.1%} of {takes_of_people:.0f} takes by a person whom it never heard."
            ),
            "fails": (
                "Features, hidden layer and outputs read {whole:.1%} of {words:.0f} words by unheard "
                "synthetic voices, and the CNN recorded on FSDD {people:.1%} of a person's."
            ),
        },
        lead="Build one: audio, features, hidden layer, index.",
    ),
    Claim(
        id="0.19",
        source="S0",
        section="§2 and §4",
        quote=(
            "输出层：将隐藏层的输出映射到词汇表中的索引。 … return tf.reduce_mean(tf.square(y_true - y_pred))"
        ),
        translation=(
            "Output layer: it maps the output of the hidden layers to indices of the vocabulary; the loss "
            "printed for it is the mean of (y_true − y_pred)²."
        ),
        predicate=(
            "With the best linear model of the index, for twenty numberings of the same ten words: holds if "
            "the largest printed loss is at most 1 % above the smallest; holds if an index is coded as a "
            "one-hot vector when the squared error on those vectors changes by less than 10⁻⁹ of itself "
            "under a renumbering and that on the index by more than 1 %; otherwise fails."
        ),
        evidence=numbered_words,
        judge=judge_numbered_words,
        sentences={
            "holds": (
                "Over {numberings:.0f} numberings the best loss lay between {smallest_best_loss:.4f} and "
                "{largest_best_loss:.4f}."
            ),
            "holds if": (
                "Over {numberings:.0f} numberings of the same words the best loss on the index lay between "
                "{smallest_best_loss:.2f} and {largest_best_loss:.2f}, and the error rate of the rounded "
                "index between {smallest_error_rate:.0%} and {largest_error_rate:.0%}. The squared error on "
                "one-hot vectors changed by {one_hot_change:.0e} of itself, cross-entropy by "
                "{cross_entropy_change:.0e}."
            ),
            "fails": (
                "Over {numberings:.0f} numberings the best loss on the index lay between "
                "{smallest_best_loss:.2f} and {largest_best_loss:.2f}; on one-hot vectors it changed by "
                "{one_hot_change:.0e} of itself."
            ),
        },
        lead="The model depends on the numbering.",
    ),
)
