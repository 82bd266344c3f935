"""Claim 3.5: binary cross-entropy as the loss of a speech recogniser."""

import torch
import torch.nn.functional as F

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.linear_reader import linear_reader


def binary_cross_entropy() -> Numbers:
    """The printed formula against softmax cross-entropy, for two words and for ten.

    For ten, y = 0 … 9 is what the formula's single ŷ would have to meet; its value is taken for the ŷ in
    (0, 1) of a grid. One formula for each of ten outputs is also compared, as a user might read it.
    """
    reader = linear_reader(400)
    two = reader.labels < 2
    scores = torch.randn(int(two.sum()), 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = reader.labels[two]
    softmax = F.cross_entropy(scores, y)
    printed = _printed(y.double(), torch.sigmoid(scores[:, 1] - scores[:, 0]))
    ten = reader.rows @ reader.minimiser_l2(0.01)
    one_each = F.binary_cross_entropy_with_logits(
        ten, F.one_hot(reader.labels, 10).double(), reduction="none"
    )
    grid = torch.logspace(-12, -1, 45, dtype=torch.float64)
    nine = torch.stack([_printed(torch.tensor([9.0]).double(), 1 - part[None]) for part in grid])
    return {
        "num_two": int(two.sum()),
        "two_difference": float((softmax - printed).abs()),
        "ten_softmax": float(F.cross_entropy(ten, reader.labels)),
        "ten_each": float(one_each.sum(dim=1).mean()),
        "ten_difference": float((F.cross_entropy(ten, reader.labels) - one_each.sum(dim=1).mean()).abs()),
        "least_for_nine": float(nine.min()),
        "first_for_nine": float(nine[-1]),
    }


def judge_binary_cross_entropy(numbers: Numbers) -> Verdict:
    """Equal to softmax for two words; for ten neither equal nor bounded below."""
    if numbers["two_difference"] > 1e-9:
        return FAILS
    usable = numbers["ten_difference"] < 1e-9 and numbers["least_for_nine"] >= 0
    return HOLDS if usable else holds_if("there are two words")


def _printed(y: torch.Tensor, guess: torch.Tensor) -> torch.Tensor:
    """−(1/N) Σ [y log ŷ + (1 − y) log(1 − ŷ)], as S3 prints it."""
    return -(y * guess.log() + (1 - y) * (1 - guess).log()).mean()


CLAIMS = (
    Claim(
        id="3.5",
        source="S3",
        section="§3",
        quote="在语音识别中，常用的损失函数有交叉熵损失函数、均方误差等。假设我们使用交叉熵损失函数，那么损失函数可以表示为：",
        translation=(
            "In speech recognition common losses are the cross-entropy, the mean squared error and others. "
            "If we use the cross-entropy, the loss can be written as:"
        ),
        predicate=(
            "The printed formula, the binary cross-entropy: fails unless it equals softmax cross-entropy to "
            "10⁻⁹ for two words; holds if there are two words where, for ten, ten such formulas do not equal "
            "softmax or one of them is not bounded below by 0; otherwise holds."
        ),
        evidence=binary_cross_entropy,
        judge=judge_binary_cross_entropy,
        sentences={
            "holds": (
                "For two words the formulas differ by {two_difference:.0e}, for ten by {ten_difference:.0e}; "
                "the least value found was {least_for_nine:.1f}."
            ),
            "holds if": (
                "For two words the printed formula equals softmax cross-entropy (difference "
                "{two_difference:.0e} on {num_two:.0f} utterances). For ten words ten such formulas give "
                "{ten_each:.2f} where softmax gives {ten_softmax:.2f}, and the formula with y = 9 falls to "
                "{least_for_nine:.0f} as ŷ nears 1: it has no minimum."
            ),
            "fails": "For two words the formula differs from softmax cross-entropy by {two_difference:.1e}.",
        },
        lead="Equals softmax only for two classes; S3's own code uses categorical cross-entropy.",
    ),
)
